/**
 * The connection of the page to its server, with the link and the streams of the client of
 * this package. `createConnection` has parts that the page cannot use, such as rooms and TCP
 * sockets, and these parts are larger than the page.
 *
 * @module
 */

import type { Dialer } from "../client/handshake.ts";
import type { LinkEvents } from "../client/link.ts";
import { isSocket, tryToOpen } from "../client/open_socket.ts";
import { SocketLink } from "../client/socket_link.ts";
import { ItemStream } from "../client/stream.ts";
import { ErrorCode } from "../common/codes.ts";
import { LoginError, ResponseError } from "../common/errors.ts";
import type { Json, JsonObject } from "../common/json.ts";
import {
  describeMessage,
  describeOperation,
  describeStream,
} from "../common/text.ts";
import {
  encodeLogin,
  encodeMessageRequest,
  encodeOperationRequest,
  encodeStreamRequest,
} from "../protocol/encode.ts";
import {
  type Feature,
  HEARTBEAT_SUBPROTOCOL,
  SUBPROTOCOL,
} from "../protocol/features.ts";
import { VERSION } from "../version.ts";
import { Cell } from "./cell.ts";

/** What the page shows of the connection. */
export type Phase =
  | { readonly kind: "signed out"; readonly problem: string | undefined }
  | { readonly kind: "signing in" }
  | { readonly kind: "open" }
  /** The connection was lost, and the page connects again. */
  | { readonly kind: "lost" };

/** The extensions of the protocol that the page uses. */
const FEATURES: readonly Feature[] = [
  "batch",
  "cancel",
  "done-id",
  "heartbeat",
  "max-payload",
  "stream",
];

/** How long one attempt to connect can take, in milliseconds. */
const TIMEOUT = 10_000;

/** How long a call can take, in milliseconds. */
const CALL_TIMEOUT = 30_000;

/** How much data can wait in the page, in bytes. */
const MAX_BYTES = 16_777_216;

/** The delays between the attempts to reconnect, in milliseconds. */
const DELAYS = [300, 1_000, 2_000, 3_000, 5_000];

/**
 * The delay before a stream begins again, in milliseconds. It can have ended because other pages
 * of the same admin read too many streams.
 */
const RETRY_DELAY = 5_000;

const HEARTBEAT = { interval: 10_000, timeout: 5_000 };

const BASE = new URL("../..", location.href);

/** A problem that a person can solve. It ends the login. */
class Refusal extends Error {}

/** Signs in, keeps the connection, and starts the streams of the pages again. */
export class Connection {
  readonly phase: Cell<Phase> = new Cell<Phase>({
    kind: "signed out",
    problem: undefined,
  });
  /** Why a stream of a page has ended; empty if all run */
  readonly problem: Cell<string> = new Cell("");
  readonly #problems = new Map<string, string>();
  #token = "";
  #link: SocketLink | undefined;
  /** The link that is being opened */
  #attempt: SocketLink | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  readonly #streams = new Set<() => Promise<void>>();

  /** Connects again when the page is visible or online again. */
  constructor() {
    const hurry = () => this.phase.value.kind === "lost" && this.#retryIn(0);
    addEventListener("online", hurry);
    document.addEventListener(
      "visibilitychange",
      () => document.hidden || hurry(),
    );
    // A browser can keep the page with its memory, and show it again to the next person.
    addEventListener("pagehide", () => this.signOut());
  }

  /** Logs in with a token, which only this object keeps. */
  signIn(token: string): void {
    this.#token = token;
    this.phase.value = { kind: "signing in" };
    void this.#connect();
  }

  /** Forgets the token, and closes the connection. */
  signOut(problem?: string): void {
    clearTimeout(this.#timer);
    this.#token = "";
    const link = this.#link ?? this.#attempt;
    this.#link = this.#attempt = undefined;
    this.phase.value = { kind: "signed out", problem };
    void link?.close();
  }

  /** Calls an operation. */
  async call(name: string, data: object = {}): Promise<Json> {
    return await callOver(this.#open(), name, data, CALL_TIMEOUT);
  }

  /** Sends a message; resolves to the replies. */
  async send(name: string, data: JsonObject): Promise<Json> {
    const replies: JsonObject[] = [];
    await this.#open().request({
      name,
      describe: describeMessage,
      timeout: CALL_TIMEOUT,
      encode: encodeMessageRequest(name, data, null),
      events: {
        onReply: ({ message: name, data }) => replies.push({ name, data }),
      },
    });
    return replies;
  }

  /** Calls an operation that returns a stream. */
  stream(name: string, data: object, signal: AbortSignal): AsyncIterable<Json> {
    const link = this.#open();
    const encode = encodeStreamRequest(name, data as JsonObject);
    return new ItemStream({
      subject: describeStream(name),
      buffer: 256,
      maxBuffered: MAX_BYTES,
      signal,
      call: (ended, events, opening) =>
        link.request({
          name,
          describe: describeStream,
          needs: "stream",
          signal: ended,
          encode: (id) => encode(id, opening()),
          events,
        }),
    });
  }

  /**
   * Calls a listener with the items of a stream, over all connections.
   *
   * @param onStart Called when the stream begins, at first and after a reconnect
   * @returns A function that ends the stream
   */
  follow<Item>(
    name: string,
    data: object,
    onItem: (item: Item) => void,
    onStart: () => void = () => {},
  ): () => void {
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async () => {
      clearTimeout(timer);
      const link = this.#link;
      if (link === undefined) return;
      // A stream that runs has no problem, but can have no items for hours.
      timer = setTimeout(() => this.#report(name), RETRY_DELAY);
      let problem: string | undefined;
      try {
        onStart();
        for await (const item of this.stream(name, data, ended.signal)) {
          this.#report(name);
          onItem(item as Item);
        }
      } catch (error) {
        problem = (error as Error).message;
      }
      // Without its connection, the stream starts again with the next one.
      if (ended.signal.aborted || link !== this.#link) return;
      clearTimeout(timer);
      this.#report(name, problem);
      timer = setTimeout(run, RETRY_DELAY);
    };
    this.#streams.add(run);
    if (this.phase.value.kind === "open") void run();
    return () => {
      this.#streams.delete(run);
      clearTimeout(timer);
      ended.abort();
      this.#report(name);
    };
  }

  #report(name: string, problem?: string): void {
    if (problem !== undefined) this.#problems.set(name, problem);
    else if (!this.#problems.delete(name)) return;
    const [first = ""] = this.#problems.values();
    this.problem.value = first;
  }

  #open(): SocketLink {
    if (this.#link !== undefined) return this.#link;
    throw new Error("The connection is lost. Try again when it is back.");
  }

  async #connect(): Promise<void> {
    // The attempt before can be in progress, if the browser has come online meanwhile.
    void this.#attempt?.close().catch(() => {});
    const link = this.#attempt = new SocketLink(dialer(), this.#events());
    try {
      await link.open(this.#token);
      await callOver(link, "hoist.admin.health", {}, TIMEOUT);
    } catch (error) {
      await link.close().catch(() => {});
      return link === this.#attempt ? this.#onFailure(error) : undefined;
    }
    if (link !== this.#attempt) return void link.close();
    // Another attempt can be due, if the browser has come online meanwhile.
    clearTimeout(this.#timer);
    this.#attempt = undefined;
    this.#link = link;
    this.#attempts = 0;
    this.phase.value = { kind: "open" };
    for (const run of this.#streams) void run();
  }

  #onFailure(error: unknown): void {
    const isFirst = this.phase.value.kind === "signing in";
    const problem = explain(error, isFirst);
    if (problem !== undefined) return this.signOut(problem);
    this.#retryIn(DELAYS[Math.min(this.#attempts++, DELAYS.length - 1)]!);
  }

  #retryIn(delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#connect(), delay);
  }

  #events(): LinkEvents {
    return {
      onOpen() {},
      onRoom() {},
      onInvalid() {},
      onMessage() {},
      onClosed: (link) => {
        if (link !== this.#link) return;
        this.#link = undefined;
        this.phase.value = { kind: "lost" };
        this.#retryIn(DELAYS[0]!);
      },
    };
  }
}

/** Calls an operation over a link. */
async function callOver(
  link: SocketLink,
  name: string,
  data: object,
  timeout: number,
): Promise<Json> {
  const encode = encodeOperationRequest(name, data as JsonObject);
  const describe = describeOperation;
  const answer = await link.request({ name, describe, timeout, encode });
  return answer?.result ?? null;
}

/** The page has no log. Errors of the server reach the caller. */
const LOG = {
  debug() {},
  sent() {},
  received() {},
  warn() {},
};

/** Returns what opens a WebSocket, in place of the `Dialer` of the client. */
function dialer(): Dialer {
  const url = new URL("hoist", BASE);
  url.protocol = url.protocol.replace("http", "ws");
  const protocols = [SUBPROTOCOL, HEARTBEAT_SUBPROTOCOL];
  const target = {
    endpoints: { base: location.origin },
    timeout: TIMEOUT,
    maxPayload: MAX_BYTES,
    maxBuffered: MAX_BYTES,
    heartbeat: HEARTBEAT,
    log: LOG,
    encodeLogin: (token: string, extras: object) =>
      encodeLogin(token, VERSION, FEATURES, extras),
  };
  const open = async (signal: AbortSignal) => {
    const create = () => new WebSocket(url, protocols);
    const opened = await tryToOpen(create as never, signal);
    if (isSocket(opened)) return opened;
    throw await explainUpgrade(signal);
  };
  return { target, heartbeat: HEARTBEAT, open } as unknown as Dialer;
}

/** A browser hides why a WebSocket did not open, but the server says it elsewhere. */
async function explainUpgrade(signal: AbortSignal): Promise<Error> {
  const response = await fetch(new URL("hoist/ack", BASE), { signal });
  const { lockout } = await response.json();
  if (lockout === undefined) return new Error("upgrade");
  return new Refusal(
    `There were too many failed logins from your address. Try again ${
      lockout === null ? "later" : `in ${lockout} s`
    }.`,
  );
}

/** The codes of the errors for a client that is no admin. */
const NOT_ADMIN: readonly number[] = [
  ErrorCode.UNKNOWN_OPERATION,
  ErrorCode.FORBIDDEN,
];

/** Returns what a person has to do; `undefined` if it helps to try again. */
function explain(error: unknown, isFirst: boolean): string | undefined {
  if (error instanceof Refusal) return error.message;
  if (error instanceof LoginError) {
    return isFirst
      ? "The server does not know this token. Use the admin token."
      : "The server does not accept the token any more. It was revoked, or the server has started with another one.";
  }
  if (error instanceof ResponseError && NOT_ADMIN.includes(error.code)) {
    return "This is the token of a client, and not of an admin. Use the admin token.";
  }
  return isFirst
    ? "Cannot connect to the server. Check that it is running, and try again."
    : undefined;
}
