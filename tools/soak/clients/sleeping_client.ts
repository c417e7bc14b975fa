/**
 * The thread of a client that sleeps on command.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import assert from "node:assert/strict";
import { connect, type Connection } from "@hoist/cli";
import { RECONNECT, TIMEOUT, TOKEN } from "../commands.ts";
import { introduce } from "./presence.ts";
import {
  type Awakening,
  HEARTBEAT,
  type SleepCommand,
} from "./sleep_commands.ts";
import { answerQuestions } from "./streams.ts";

/** A client that can sleep. */
class Sleeper {
  readonly #connection: Connection;
  readonly #alarm: Int32Array<SharedArrayBuffer>;
  readonly #name: string;
  #losses = 0;

  private constructor(
    connection: Connection,
    { alarm, name }: SleepCommand & { kind: "start" },
  ) {
    this.#connection = connection;
    this.#alarm = alarm;
    this.#name = name;
    connection.onState(({ state }) => {
      if (state === "waiting") this.#losses++;
    });
  }

  /** Connects. */
  static async start(
    command: SleepCommand & { kind: "start" },
  ): Promise<Sleeper> {
    const connection = await connect(TOKEN, {
      url: `http://127.0.0.1:${command.port}`,
      timeout: TIMEOUT,
      reconnect: RECONNECT,
      heartbeat: HEARTBEAT,
    });
    answerQuestions(connection);
    await introduce(connection, command.name);
    return new Sleeper(connection, command);
  }

  /** Stops this thread until the alarm, and then makes a request. */
  async sleep(): Promise<Awakening> {
    Atomics.wait(this.#alarm, 0, 0);
    // Timers that are overdue run before the request.
    await new Promise((resolve) => setTimeout(resolve, 0));
    const nonce = this.#name;
    const options = { idempotent: true, timeout: TIMEOUT };
    const data = { nonce, delay: HEARTBEAT.interval };
    const result = await this.#connection.operation("later", data, options);
    assert.deepEqual(result, data);
    return { losses: this.#losses };
  }

  /** Closes the connection. */
  async close(): Promise<Awakening> {
    await this.#connection.close();
    const { code } = await this.#connection.closed;
    return { losses: this.#losses, code };
  }
}

let sleeper: Promise<Sleeper> | undefined;

async function carryOut(command: SleepCommand): Promise<void> {
  if (command.kind === "start") sleeper = Sleeper.start(command);
  const client = await sleeper;
  if (client === undefined || command.kind === "start") return;
  if (command.kind === "close") return self.postMessage(await client.close());
  self.postMessage({ losses: 0 });
  self.postMessage(await client.sleep());
}

// An error here ends the thread, and the main thread gets it.
self.onmessage = ({ data }: MessageEvent<SleepCommand>) => void carryOut(data);
