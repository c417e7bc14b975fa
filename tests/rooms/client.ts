/**
 * A client of the model: follows the protocol, and checks every frame.
 *
 * @module
 */

import { readRoomRequest } from "../../protocol/room_frames.ts";
import type { JsonObject } from "../../common/json.ts";
import type { FakeTransport } from "./fake_transport.ts";
import { RoomView } from "./room_view.ts";
import { fail, type Reader, type Truth } from "./truth.ts";
import type { RoomRequest } from "../../protocol/room_frames.ts";

// deno-lint-ignore no-explicit-any -- the data of any frame
type Data = any;

/** A request that waits for its answer. */
interface Pending {
  readonly action: string;
  readonly view: RoomView;
  readonly since?: string | null;
  readonly n?: number;
  readonly isRepeated?: boolean;
}

/** A message that the client wants to publish. */
export interface OwnMessage {
  readonly room: string;
  readonly n: number;
  readonly data: JsonObject;
  /** When it was first sent */
  readonly sentAt: number;
}

/** Which identity the server must give a connection. */
export type Expectation =
  /** That of the last connection */
  | "same"
  /** A new one with a new secret */
  | "new"
  /** Not that of another client */
  | "other"
  | "any";

/** A connection of a client to a server. */
export interface Link {
  readonly transport: FakeTransport;
  send(request: RoomRequest): void;
}

/** A client. */
export class ModelClient implements Reader {
  readonly name: string;
  readonly user: string | undefined;
  readonly echo: boolean;
  readonly isPlain: boolean;
  /** Whether the client gets the changes of the members */
  readonly follows: boolean;
  /** Whether there is only one server */
  readonly isAlone: boolean;
  /** The public id of the connection, as of the last `joined` */
  connection: string | undefined;
  member: string | null = null;
  secret: string | undefined;
  link: Link | undefined;
  /** The public ids that the client knows of its connections */
  readonly identities = new WeakMap<FakeTransport, string>();
  /** Whether `connection` belongs to the current link */
  isKnown = false;
  expectation: Expectation = "any";
  /** Whether the server has confirmed the secret after the last login with it */
  isSecretGood = false;
  readonly views = new Map<string, RoomView>();
  readonly #truth: Truth;
  /** The messages that can still be sent again */
  readonly unanswered = new Map<number, OwnMessage>();
  readonly #pending = new Map<number, Pending>();
  /** The messages that a client without rooms has got */
  readonly #plain: number[] = [];
  /** The messages of another identity, which the server must refuse to repeat */
  #foreign: ReadonlySet<number> = new Set();
  #ids = 0;

  constructor(
    truth: Truth,
    options: Pick<
      ModelClient,
      "name" | "user" | "echo" | "isPlain" | "follows" | "isAlone"
    >,
  ) {
    this.#truth = truth;
    this.name = options.name;
    this.user = options.user;
    this.echo = options.echo;
    this.isPlain = options.isPlain;
    this.follows = options.follows;
    this.isAlone = options.isAlone;
  }

  view(room: string): RoomView {
    const view = this.views.get(room) ?? new RoomView(room, this.#truth, this);
    this.views.set(room, view);
    return view;
  }

  /** The rooms that the client is in */
  get joined(): readonly RoomView[] {
    return [...this.views.values()].filter(({ isJoined }) => isJoined);
  }

  join(room: string, from: { since: string | null; last: number | null }) {
    const view = this.view(room);
    view.isWanted = true;
    const { echo, follows: members } = this;
    const { since } = from;
    const data = { room, ...from, echo, members };
    this.#ask("join", data, { action: "join", view, since });
  }

  leave(room: string): void {
    const view = this.view(room);
    view.isWanted = false;
    this.#ask("leave", { room }, { action: "leave", view });
  }

  publish(message: OwnMessage, repeated: boolean): void {
    const { room, n, data } = message;
    this.unanswered.set(n, message);
    const fields = { room, message: "say", data, key: `k${n}`, repeated };
    const view = this.view(room);
    const isRepeated = repeated;
    this.#ask("publish", fields, { action: "publish", view, n, isRepeated });
  }

  /** Whether a message waits for its answer on this connection. */
  isPending(n: number): boolean {
    return [...this.#pending.values()].some((each) => each.n === n);
  }

  /** Whether a join waits for its answer on this connection. */
  isJoining(view: RoomView): boolean {
    return [...this.#pending.values()].some((each) =>
      each.view === view && each.action === "join"
    );
  }

  /** Reads a frame; returns whether there was one. */
  read(): boolean {
    const frame = this.link?.transport.read();
    if (frame !== undefined) this.#receive(JSON.parse(frame));
    return frame !== undefined;
  }

  /** The connection is gone, and what was not read is lost. */
  drop(): void {
    this.link = undefined;
    this.isKnown = false;
    this.#pending.clear();
    // Later, the server would take them for new messages.
    for (const n of this.#foreign) this.unanswered.delete(n);
    for (const view of this.views.values()) view.onClosed(this.isAlone);
    if (!this.isAlone) this.#plain.length = 0;
  }

  #ask(action: string, data: JsonObject, pending: Pending): void {
    const id = ++this.#ids;
    this.#pending.set(id, pending);
    const request = readRoomRequest(id, action, data);
    if (request === undefined || request.kind === "invalid") fail(action);
    this.link!.send(request);
  }

  #receive({ id, message, code, data }: Data): void {
    if (message === "s_newmsg") return this.#onPlain(data.data.n);
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (id !== null && pending === undefined) fail(`an answer to ${id}`);
    if (code !== 0) return this.#onError(pending!, code, data);
    switch (message) {
      case "joined":
        return this.#onJoined(data, pending?.since);
      case "left":
        return this.view(data.room).onLeft();
      case "published":
        return this.#onPublished(pending!.n!, data);
      case "r_newmsg":
        return this.view(data.room).onMessage(data);
      case "gap":
        return this.view(data.room).onGap(data);
      case "presence":
        return this.view(data.room).onPresence(data);
      default:
        fail(`a frame ${message}`);
    }
  }

  #onJoined(data: Data, since: string | null | undefined): void {
    const { connection, secret, member, room } = data;
    if (!this.isKnown) this.#recognize(connection, secret);
    else if (secret !== undefined) fail("the secret came twice");
    if (connection !== this.connection) fail("another connection");
    this.member = member;
    this.view(room).onJoined(data, since);
  }

  #recognize(connection: string, secret: string | undefined): void {
    const isSame = connection === this.connection;
    if (this.expectation === "same" && !isSame) {
      fail(`${this.name} was not recognized`);
    }
    const isNew = !isSame && secret !== undefined;
    if (this.expectation === "new" && !isNew) {
      fail(`${this.name} was taken for ${connection}`);
    }
    if (!isSame) this.#foreign = new Set(this.unanswered.keys());
    this.isKnown = this.isSecretGood = true;
    this.connection = connection;
    this.identities.set(this.link!.transport, connection);
    this.secret = secret ?? this.secret;
    this.onConnection(connection, isSame);
  }

  /** Called when the client learns its id. */
  onConnection: (connection: string, isSame: boolean) => void = () => {};

  #onPublished(n: number, { position }: Data): void {
    this.unanswered.delete(n);
    if (this.#truth.isLost(n)) return;
    if (!this.#truth.isStored(n)) fail(`${n} was not stored`);
    // A restored history can have lost it again since, which then is no place of it.
    const isKnown = this.#truth.isRestored || this.#truth.wasAt(n, position);
    if (!isKnown) fail(`${n} is at ${position}`);
  }

  #onError({ action, view, n, isRepeated }: Pending, code: number, data: Data) {
    if (action === "join") view.onRefused(code);
    if (n === undefined) return;
    this.unanswered.delete(n);
    // An earlier attempt can have succeeded.
    if (isRepeated || code !== 11 || data.outcome !== "none") return;
    if (this.#truth.isStored(n)) fail(`${n} was refused, and is stored`);
  }

  #onPlain(n: number): void {
    if (!this.isPlain) fail(`${n} came without its room`);
    this.#truth.checkLive(n, this);
    // Such a client gets no gap before a restored history.
    const isTwice = this.#plain.includes(n) && !this.#truth.isRestored;
    if (isTwice) fail(`${n} came twice`);
    this.#plain.push(n);
  }
}
