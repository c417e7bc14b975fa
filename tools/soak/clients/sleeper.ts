/**
 * A client whose thread sleeps for longer than its heartbeats allow, as a laptop does.
 *
 * @module
 */

import { pause, within } from "../../lib/deadline.ts";
import { TIMEOUT } from "../commands.ts";
import { isGone } from "./presence.ts";
import {
  type Awakening,
  HEARTBEAT,
  type SleepCommand,
} from "./sleep_commands.ts";
import { idle, type Visit } from "./visit.ts";

/** Longer than the client waits for the server while it is awake, in milliseconds. */
const NAP = HEARTBEAT.interval + HEARTBEAT.timeout + 500;

/** The longest wait for the thread, which makes requests of its own. */
const LIMIT = 2 * TIMEOUT;

/**
 * Sleeps for a short time, which is no reason to give up the connection. Then sleeps until
 * the server has disconnected the client, which reconnects.
 */
export async function sleep(visit: Visit): Promise<void> {
  const { name, tally, report } = visit;
  using thread = new Thread(visit);
  const { losses } = await thread.sleep(() => pause(NAP));
  if (losses > 0) report(`${name}: lost its connection in its sleep`);
  tally.note("short sleep");
  const { losses: later } = await thread.sleep(async () => {
    if (!await isGone(visit)) report(`${name}: was not disconnected`);
    await idle(visit, 500);
  });
  if (later === 0) report(`${name}: did not notice that it was disconnected`);
  tally.note("long sleep");
  const { code } = await thread.close();
  tally.end(`code ${code}`);
}

/** The thread of a client. */
class Thread implements Disposable {
  /** The thread sleeps until the number changes. */
  readonly #alarm = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker: Worker;
  readonly #failed = Promise.withResolvers<never>();

  constructor({ port, name, tally }: Visit) {
    const script = import.meta.resolve("./sleeping_client.ts");
    this.#worker = new Worker(script, { type: "module" });
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#failed.reject(new Error(`the thread failed: ${event.message}`));
    };
    this.#failed.promise.catch(() => {});
    this.#send({ kind: "start", alarm: this.#alarm, port, name });
    tally.connections++;
  }

  /** Lets the thread sleep during an action, and resolves when it is awake. */
  async sleep(action: () => Promise<void>): Promise<Awakening> {
    Atomics.store(this.#alarm, 0, 0);
    this.#send({ kind: "sleep" });
    // The thread is about to sleep.
    await this.#next();
    try {
      await action();
    } finally {
      Atomics.store(this.#alarm, 0, 1);
      Atomics.notify(this.#alarm, 0);
    }
    return await this.#next();
  }

  /** Closes the connection. */
  async close(): Promise<Awakening> {
    this.#send({ kind: "close" });
    return await this.#next();
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }

  #send(command: SleepCommand): void {
    this.#worker.postMessage(command);
  }

  #next(): Promise<Awakening> {
    const message = new Promise<Awakening>((resolve) => {
      this.#worker.onmessage = ({ data }) => resolve(data);
    });
    const first = Promise.race([message, this.#failed.promise]);
    return within(first, LIMIT, () => "the thread did not answer");
  }
}
