/**
 * A client that starts before its server, which is then killed and started again.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Connection, createConnection } from "@hoist/cli";
import { Process } from "../../lib/process.ts";
import { RECONNECT, TIMEOUT, TOKEN } from "../commands.ts";
import type { LateReport } from "../server/late_server.ts";
import { dialPort, Relay } from "../../lib/relay.ts";
import { closeAndCount, idle, type Visit } from "./visit.ts";

/** How often a server starts. */
const LIVES = 2;

/** Makes requests before there is a server, and when there is none any more. */
export async function comeEarly(visit: Visit): Promise<void> {
  const { name, tally } = visit;
  let port: number | undefined;
  await using relay = new Relay(dialPort(() => port));
  await using connection = createConnection(TOKEN, {
    url: relay.url,
    timeout: TIMEOUT,
    reconnect: RECONNECT,
  });
  const gaps: string[] = [];
  const room = connection.room("late");
  room.onGap(({ reason }) => void gaps.push(reason));
  for (let life = 1; life <= LIVES; life++) {
    const waiting = echo(connection, `${name}.${life}`);
    await idle(visit, 300);
    await using server = new LateServer();
    port = await server.listen();
    await waiting;
    if (life === 1) await room.join();
    await room.publish("say", { life }, { timeout: TIMEOUT });
    tally.connections++;
    tally.note("late server");
    if (life < LIVES) tally.note("killed server");
    else assertSound(await server.close());
    port = undefined;
  }
  // Each new server has lost the history of the room.
  assert.deepEqual(gaps, Array(LIVES - 1).fill("epoch"));
  tally.note("epoch gap");
  await closeAndCount(connection, visit);
}

/** Makes a request that waits for a server. */
async function echo(connection: Connection, nonce: string): Promise<void> {
  const options = { idempotent: true, timeout: 2 * TIMEOUT };
  const result = await connection.operation("echo", { nonce }, options);
  assert.deepEqual(result, { nonce });
}

/** A server that closes has called both hooks for each client. */
function assertSound({ connected, disconnected }: LateReport): void {
  assert(connected > 0, "no client has connected");
  assert.equal(disconnected, connected, "onDisconnect was not called");
}

/** A server in a process of its own, which is killed at the end of its scope. */
class LateServer implements AsyncDisposable {
  readonly #process: Process;

  constructor() {
    const script = new URL("../server/late_server.ts", import.meta.url).href;
    const args = ["run", "--allow-all", script];
    this.#process = new Process({ command: Deno.execPath(), args });
  }

  /** Resolves to the port of the server. */
  async listen(): Promise<number> {
    return Number(await this.#process.next(TIMEOUT));
  }

  /** Closes the server. */
  close(): Promise<LateReport> {
    return this.#process.request("close", TIMEOUT);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}
