/**
 * A client of a node, which measures how long messages take to arrive. It speaks the protocol
 * of each kind of node over a plain WebSocket, so that no client library costs anything.
 *
 * @module
 */

import { answerLines } from "../../lib/lines.ts";
import { joinText, loginText } from "../load/hoist_frames.ts";
import type {
  NodeKind,
  ReadAnswer,
  ReadCommand,
  ReaderSettings,
} from "./commands.ts";
import { now } from "./publishing.mjs";

/** A protocol above WebSocket. */
interface Dialect {
  /** The path and the query of the upgrade */
  readonly target: string;
  /** What to send after each answer; the first entry is sent when the socket is open */
  readonly frames: readonly (string | undefined)[];
}

const RAW: Dialect = { target: "/", frames: [] };

const DIALECTS: Readonly<Record<NodeKind, Dialect>> = {
  hoist: {
    target: "/hoist",
    frames: [loginText(["batch", "rooms"]), joinText(1, "live")],
  },
  engine: RAW,
  unacknowledged: RAW,
  "socket.io": {
    target: "/socket.io/?EIO=4&transport=websocket",
    frames: [undefined, "40", '420["join","live"]'],
  },
};

/** The time of a message, in each of its frames. */
const AT = /"at":(\d+(?:\.\d+)?)/g;

/** Receives the messages of a node. */
class Reader {
  #times: number[] = [];
  #onChange = () => {};
  /** Why no more messages arrive */
  #end: string | undefined;

  /** Connects to a node, and joins the room. */
  async open({ kind, port }: ReaderSettings): Promise<void> {
    const { target, frames } = DIALECTS[kind];
    const socket = new WebSocket(`ws://127.0.0.1:${port}${target}`);
    const answers = messagesOf(socket);
    await new Promise((resolve) => socket.onopen = resolve);
    for (const frame of frames) {
      if (frame !== undefined) socket.send(frame);
      await answers.next();
    }
    socket.onclose = ({ code, reason }) => this.#onEnd(code, reason);
    // Answers the pings of socket.io.
    socket.onmessage = ({ data }) =>
      data === "2" ? socket.send("3") : this.#take(data);
  }

  /**
   * Waits until a number of messages have arrived; returns their times.
   *
   * @throws {Error} If the server has closed the connection
   */
  async read({ count }: ReadCommand): Promise<ReadAnswer> {
    while (this.#times.length < count) {
      if (this.#end !== undefined) throw new Error(this.#end);
      await new Promise<void>((resolve) => this.#onChange = resolve);
    }
    return { times: this.#times.splice(0) };
  }

  #take(frame: string): void {
    const arrived = now();
    for (const [, at] of frame.matchAll(AT)) {
      this.#times.push(arrived - Number(at));
    }
    this.#onChange();
  }

  #onEnd(code: number, reason: string): void {
    this.#end = `the server closed the connection: ${code} ${reason}`;
    this.#onChange();
  }
}

/** Returns the frames of a socket, as long as they are needed for the login. */
async function* messagesOf(socket: WebSocket): AsyncGenerator<string> {
  for (;;) {
    yield await new Promise((resolve) => {
      socket.onmessage = ({ data }) => resolve(data);
    });
  }
}

const reader = new Reader();
await reader.open(JSON.parse(Deno.args[0] ?? "{}"));
console.log("joined");
await answerLines((command: ReadCommand) => reader.read(command));
