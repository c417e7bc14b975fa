/** A server with rooms whose every frame a test controls, and clients that use it. */

import assert from "node:assert/strict";
import type { Connection } from "../../client/connection.ts";
import type { ConnectOptions } from "../../client/options.ts";
import { fakeServer, successFrame } from "./fake_server.ts";
import { LogRecorder } from "./log_recorder.ts";
import { FAST_RECONNECT } from "./reconnecting.ts";
import { connectTo } from "./server.ts";

/** A frame that a client sent */
export interface SentFrame {
  readonly id: number;
  readonly action?: string;
  readonly data: Record<string, unknown>;
  readonly [key: string]: unknown;
}

/** How long a test waits for a frame, in milliseconds. */
const FRAME_TIMEOUT = 30_000;

/** One connection of a client. */
export class ServedClient {
  /** The login of the client */
  readonly login: Record<string, unknown>;
  /** All frames after the login */
  readonly frames: SentFrame[] = [];
  readonly #socket: WebSocket;
  #read = 0;
  #wake = (): void => {};

  constructor(socket: WebSocket, login: Record<string, unknown>) {
    this.#socket = socket;
    this.login = login;
  }

  /** Records a frame of the client. */
  add(frame: SentFrame): void {
    this.frames.push(frame);
    this.#wake();
  }

  /** Resolves to the next frame, which must have an action. */
  async next(action: string): Promise<SentFrame> {
    const timer = setTimeout(() => this.#wake(), FRAME_TIMEOUT);
    const late = performance.now() + FRAME_TIMEOUT;
    while (this.frames.length === this.#read) {
      assert(performance.now() < late, `No frame "${action}"`);
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    clearTimeout(timer);
    const frame = this.frames[this.#read++]!;
    assert.equal(frame.action, action);
    return frame;
  }

  /** The actions of all frames so far */
  get actions(): unknown[] {
    return this.frames.map(({ action }) => action);
  }

  /** Sends a string. */
  send(text: string): void {
    this.#socket.send(text);
  }

  /** Answers a join, or puts the client into a room if `join` is a name. */
  joined(join: SentFrame | string, fields: object = {}): void {
    const [id, room] = typeof join === "string"
      ? [null, join]
      : [join.id, join.data.room];
    this.send(successFrame(id, "joined", {
      ...{ room, position: "e.1", recovered: null, missed: 0 },
      ...{ member: "ada", connection: "c-1", publish: true },
      ...fields,
    }));
  }

  /** Reads a join and answers it. */
  async acceptJoin(fields: object = {}): Promise<SentFrame> {
    const join = await this.next("join");
    this.joined(join, fields);
    return join;
  }

  /** Answers a join, and resolves when the client is in the room. */
  async admit(
    joining: Promise<unknown>,
    fields: object = {},
  ): Promise<SentFrame> {
    const join = await this.acceptJoin(fields);
    await joining;
    return join;
  }

  /** Reads a leave and answers it. */
  async acceptLeave(): Promise<void> {
    const { id, data: { room } } = await this.next("leave");
    this.send(successFrame(id, "left", { room }));
  }

  /** Answers a publication. */
  published(frame: SentFrame, position: string | null = "e.9"): void {
    const data = { position, duplicate: frame.data.repeated === true };
    this.send(successFrame(frame.id, "published", data));
  }

  /** Sends a message of a room. */
  message(room: string, position: string | null, fields: object = {}): void {
    this.send(successFrame(null, "r_newmsg", {
      ...{ room, position, from: null, message: "say", data: {} },
      ...{ replying: null, id: 7 },
      ...fields,
    }));
  }

  /** Sends a gap of a room. */
  gap(room: string, position: string | null, reason = "slow"): void {
    this.send(successFrame(null, "gap", { room, position, reason }));
  }

  /** Puts the client out of a room. */
  left(room: string, reason: "removed" | "closed"): void {
    this.send(successFrame(null, "left", { room, reason }));
  }

  /** Resolves when the client has handled everything that was sent so far. */
  async settled(connection: Connection): Promise<void> {
    const answer = connection.operation("barrier");
    const { id } = await this.next("operation");
    this.send(successFrame(id, null, { result: null }));
    await answer;
  }

  /** Ends the connection, so that the client reconnects. */
  close(code = 1011, reason = ""): void {
    this.#socket.close(code, reason);
  }
}

/** A server with rooms. */
export class RoomServer implements AsyncDisposable {
  readonly #features: readonly string[];
  readonly #server: ReturnType<typeof fakeServer>;
  readonly #peers: ServedClient[] = [];
  #read = 0;
  #wake = (): void => {};
  /** Returns the answer to a login; by default that of a server with rooms */
  answerLogin: (login: Record<string, unknown>) => string = ({ id }) => {
    const data = { features: this.#features, rooms: { max: 128 } };
    return successFrame(id as number, null, data);
  };

  /** Starts a server. */
  constructor(features: readonly string[] = ["rooms"]) {
    this.#features = features;
    const peers = new Map<WebSocket, ServedClient>();
    this.#server = fakeServer((socket, frame) => {
      if (frame.end === true) return socket.close(1000);
      const peer = peers.get(socket);
      if (peer !== undefined) return peer.add(frame as unknown as SentFrame);
      const added = new ServedClient(socket, frame);
      peers.set(socket, added);
      socket.send(this.answerLogin(frame));
      this.#peers.push(added);
      this.#wake();
    });
  }

  /** The URL of the server */
  get url(): string {
    return this.#server.url;
  }

  /** Resolves to the next connection that has sent a login. */
  async next(): Promise<ServedClient> {
    while (this.#peers.length === this.#read) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#peers[this.#read++]!;
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#server[Symbol.asyncDispose]();
  }
}

/** Connects a client that reconnects after short delays, and records its log. */
export async function connectToRooms(
  server: RoomServer,
  options: ConnectOptions = {},
) {
  const logger = new LogRecorder();
  const connection = await connectTo(server, {
    reconnect: { ...FAST_RECONNECT, maxQueue: 10 },
    logger,
    ...options,
  });
  return { connection, logger, peer: await server.next() };
}

/** Starts a server, connects a client, and closes both at the end. */
export async function startRooms(options: ConnectOptions = {}) {
  const server = new RoomServer();
  const parts = await connectToRooms(server, options);
  return {
    server,
    ...parts,
    async [Symbol.asyncDispose]() {
      await parts.connection.close();
      await server[Symbol.asyncDispose]();
    },
  };
}
