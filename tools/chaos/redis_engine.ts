/**
 * A server of Redis for the chaos test. It writes each message to the disk before it answers.
 *
 * @module
 */

import { join } from "node:path";
import { copyDirectory, removeDirectory } from "../lib/directories.ts";
import { installRedis, RedisEngine } from "../engines/redis.ts";
import { LOGIN } from "./commands.ts";
import type { ChaosEngine } from "./engine.ts";

const { user, password } = LOGIN;

/** The arguments of the server; it starts with a user for the nodes. */
const ARGS = [
  ...["--appendonly", "yes", "--appendfsync", "always"],
  ...["--user", user, "on", `>${password}`, "~*", "&*", "+@all"],
];

/** Starts a server, which is installed first if necessary. */
export async function startRedis(): Promise<ChaosEngine> {
  await installRedis();
  return new RedisChaos(await RedisEngine.start({ args: ARGS }));
}

class RedisChaos implements ChaosEngine {
  readonly #server: RedisEngine;

  constructor(server: RedisEngine) {
    this.#server = server;
  }

  get port(): number {
    return this.#server.port;
  }

  kill(): Promise<void> {
    return this.#server.kill();
  }

  restart(): Promise<void> {
    return this.#server.restart();
  }

  freeze(): void {
    this.#server.freeze();
  }

  thaw(): void {
    this.#server.thaw();
  }

  async wipe(): Promise<void> {
    await this.kill();
    await removeDirectory(this.#data);
    await this.restart();
  }

  /** Copies the file while nothing is written to it, as a snapshot of a disk does. */
  async save(): Promise<void> {
    await removeDirectory(this.#copy);
    this.freeze();
    try {
      await copyDirectory(this.#data, this.#copy);
    } finally {
      this.thaw();
    }
  }

  async restore(): Promise<void> {
    await this.kill();
    await removeDirectory(this.#data);
    await copyDirectory(this.#copy, this.#data);
    await this.restart();
  }

  async setPassword(password: string): Promise<void> {
    const { user } = LOGIN;
    await this.#server.run("ACL", "SETUSER", user, "resetpass", `>${password}`);
    await this.#server.run("CLIENT", "KILL", "USER", user);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }

  get #data(): string {
    return join(this.#server.directory, "appendonlydir");
  }

  get #copy(): string {
    return join(this.#server.directory, "copy");
  }
}
