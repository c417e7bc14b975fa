/**
 * A server of NATS for the chaos test. It keeps the history on the disk.
 *
 * @module
 */

import { installNats, NatsEngine } from "../engines/nats.ts";
import { LOGIN } from "./commands.ts";
import type { ChaosEngine } from "./engine.ts";

/** Starts a server, which is downloaded first if necessary. */
export async function startNats(): Promise<ChaosEngine> {
  await installNats();
  return new NatsChaos(
    await NatsEngine.start({ config: login(LOGIN.password) }),
  );
}

class NatsChaos implements ChaosEngine {
  readonly #server: NatsEngine;

  constructor(server: NatsEngine) {
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

  wipe(): Promise<void> {
    return this.#server.wipe();
  }

  save(): Promise<void> {
    return this.#server.save();
  }

  restore(): Promise<void> {
    return this.#server.restore();
  }

  /** A server that reads its configuration again ends connections with the old password. */
  setPassword(password: string): Promise<void> {
    return this.#server.reload(login(password));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }
}

function login(password: string): string {
  return `authorization { user: ${LOGIN.user}, password: "${password}" }`;
}
