/**
 * Checks the frames of one connection: each request gets its answers once and in order,
 * and nothing else arrives. It does not depend on a socket.
 *
 * @module
 */

import type { Tally } from "./tally.ts";

/** The options of a checker. */
export interface FrameCheckerOptions {
  /** The counters */
  readonly tally: Tally;
  /** Called with each problem */
  readonly report: (problem: string) => void;
  /** The error codes that can answer any request, for a client that exceeds limits */
  readonly allowed?: readonly number[];
}

/** A decoded frame. */
// deno-lint-ignore no-explicit-any -- each value is compared with the expected value
type Frame = any;

/** A request without its final answer. */
interface Due {
  readonly subject: string;
  readonly nonce: unknown;
  /** The expected error code, 0 for success */
  readonly code: number;
  /** The expected number of replies */
  readonly replies: number;
  replied: number;
  /** The state of a stream */
  readonly stream: StreamDue | undefined;
  /** How long the client waits, in milliseconds */
  readonly timeout: unknown;
  /** Whether the client has given up the call, so that any answer is right */
  isGivenUp: boolean;
}

/** The items of a stream. */
interface StreamDue {
  /** The number of items in the whole stream */
  readonly count: number;
  /** The number of items that the server can send */
  credit: number;
  taken: number;
  isCancelled: boolean;
}

/** The expected error codes of some operations. */
const CODES: Readonly<Record<string, number>> = {
  missing: 5,
  fail: 6,
  "sold out": 6,
  "too deep": 9,
  forbidden: 10,
};

/** The errors of a call whose client has given it up. */
const GIVEN_UP: readonly number[] = [6, 9];

/** The actions without an answer. */
const CONTROLS: readonly unknown[] = ["credit", "cancel", "done"];

/** A request that is not a stream. */
const NO_STREAM = { count: 0, credit: 0, taken: 0, isCancelled: false };

/** The frames of one connection. */
export class FrameChecker {
  readonly #options: FrameCheckerOptions;
  readonly #due = new Map<number, Due>();
  #highest = -1;
  #news: number | undefined;
  #notes = 0;
  /** The number of pings without a pong */
  #pings = 0;
  /** Whether the server waits for a new token */
  #mustRenew = false;
  /** The ids of messages, which must be unique. */
  readonly #messageIds = new Set<unknown>();
  /** The ids of requests of the server whose listeners are not done. */
  readonly #requested = new Set<unknown>();
  /** The data of the answer to the login; `undefined` before it. */
  #login: unknown;

  constructor(options: FrameCheckerOptions) {
    this.#options = options;
  }

  /** The number of requests without their final answer. */
  get due(): number {
    return this.#due.size;
  }

  /** Whether the server has not answered a new token yet */
  get isRenewing(): boolean {
    return this.#due.values().some(({ subject }) => subject === RENEWAL);
  }

  /** Whether the login succeeded. */
  get loggedIn(): boolean {
    return this.#login !== undefined;
  }

  /** Checks a frame, or an array of frames, of the client. */
  sent(text: string): void {
    for (const frame of framesOf(text)) this.#send(frame);
  }

  /** Checks a frame, or an array of frames, of the server. */
  received(text: string): void {
    for (const frame of framesOf(text)) this.#receive(frame);
  }

  /** Checks that all requests were answered, before the client disconnects. */
  finish(): void {
    for (const [id, { subject, stream }] of this.#due) {
      // A client that cancels a stream does not wait for its end.
      if (stream?.isCancelled) continue;
      this.#report(`${subject} (${id}) was never answered`);
    }
  }

  #send(frame: Frame): void {
    if (frame?.action === "ping") this.#pings++;
    if (typeof frame?.id !== "number") return;
    if (CONTROLS.includes(frame.action)) return this.#control(frame);
    this.#options.tally.requests++;
    this.#highest = Math.max(this.#highest, frame.id);
    this.#due.set(frame.id, dueOf(frame));
    if (frame.action === "renew") this.#renew();
  }

  /** Checks a frame that has no answer. */
  #control({ id, action, data }: Frame): void {
    const due = this.#due.get(id);
    const stream = due?.stream;
    if (action === "credit" && stream !== undefined) {
      stream.credit += data.credit;
    } else if (action === "cancel" && stream !== undefined) {
      stream.isCancelled = true;
    } else if (action === "cancel" && due !== undefined) {
      due.isGivenUp = true;
    } else if (action === "done" && !this.#requested.delete(id)) {
      this.#report(
        `the client is done with request ${id}, which the server did not send`,
      );
    }
  }

  #receive(frame: Frame): void {
    if (frame?.success === false && !this.loggedIn) return this.#refuse(frame);
    if (frame?.id === null) return this.#take(frame);
    const due = this.#due.get(frame?.id);
    if (due === undefined) return this.#reportStray(frame);
    if (frame.success !== true) return this.#fail(frame, due);
    switch (frame.message) {
      case "open":
        return this.#number(frame.data.id);
      case "newmsg":
        return this.#reply(frame, due);
      case "items":
        return this.#takeItems(frame, due);
      case "done":
        return this.#finish(frame, due);
      default:
        return this.#answer(frame, due);
    }
  }

  /** Checks the error of a login, which ends the connection. */
  #refuse({ code }: Frame): void {
    this.#due.clear();
    this.#options.tally.answers++;
    if (this.#options.allowed?.includes(code)) return;
    this.#report(`the login was answered with error ${code}`);
  }

  /** Checks the token of a client, which it sends only when the server has asked. */
  #renew(): void {
    if (!this.#mustRenew) this.#report("the client sent a token unasked");
    this.#mustRenew = false;
  }

  /** Checks a frame that is not an answer. */
  #take({ message, data }: Frame): void {
    if (message === "renew") {
      this.#mustRenew = true;
    } else if (message !== "pong") {
      this.#takeMessage(message, data);
    } else if (--this.#pings < 0) {
      this.#report("a pong arrived without a ping");
    }
  }

  #takeMessage(message: unknown, data: Frame): void {
    const n = data?.data?.n;
    this.#number(data?.id);
    if (message === "s_newmsg" && data.message === "news") {
      this.#options.tally.broadcasts++;
      if (this.#news !== undefined) this.#expect("news", n, this.#news + 1);
      this.#news = n;
    } else if (message === "s_newmsg" && data.message === "note") {
      this.#options.tally.notes++;
      this.#expect("note", n, ++this.#notes);
    } else if (message === "request" && data.message === "question") {
      this.#options.tally.serverRequests++;
      this.#requested.add(data.id);
    } else {
      this.#report(`unexpected message ${JSON.stringify({ message, data })}`);
    }
  }

  #reply({ data }: Frame, due: Due): void {
    this.#number(data.id);
    this.#expect(`reply to ${due.subject}`, data.data.n, ++due.replied);
    this.#match(data.data.nonce, due);
  }

  #takeItems({ data }: Frame, due: Due): void {
    const stream = due.stream ?? NO_STREAM;
    for (const { nonce, n } of data.items) {
      this.#options.tally.items++;
      this.#expect(`item of ${due.subject}`, n, ++stream.taken);
      this.#match(nonce, due);
    }
    if (stream.taken <= stream.credit) return;
    const credit = `a credit of ${stream.credit}`;
    this.#report(`${due.subject} sent ${stream.taken} items for ${credit}`);
  }

  #finish(frame: Frame, due: Due): void {
    this.#settle(frame.id);
    if (due.stream !== undefined) return this.#endStream(frame, due);
    // If there were replies, the id came with "open".
    if (frame.data !== null) this.#number(frame.data.id);
    this.#expect(
      `number of replies to ${due.subject}`,
      due.replied,
      due.replies,
    );
  }

  #endStream({ data }: Frame, { subject, stream }: Due): void {
    const { taken, count, isCancelled } = stream ?? NO_STREAM;
    if (data !== null) this.#report(`${subject} ended with data`);
    if (isCancelled) return;
    this.#expect(`number of items of ${subject}`, taken, count);
  }

  #answer({ id, data }: Frame, due: Due): void {
    this.#settle(id);
    if (due.subject === "login") {
      this.#login = data ?? null;
      return;
    }
    if (due.subject === RENEWAL) return;
    if (due.code !== 0) this.#report(`${due.subject} did not fail`);
    const { nonce, news } = Object(data?.result);
    this.#match(nonce, due);
    if (news === undefined || this.#news === undefined) return;
    this.#expect("last broadcast before an answer", this.#news, news);
  }

  #fail({ id, code, data }: Frame, due: Due): void {
    this.#settle(id);
    const { tally, allowed = [] } = this.#options;
    if (typeof data?.limit === "string") tally.exceed(data.limit);
    if (due.code === code || allowed.includes(code)) return;
    if (due.isGivenUp && GIVEN_UP.includes(code)) return;
    // The server can notice the end of the time before the client.
    if (data?.limit === "timeout" && data.value === due.timeout) return;
    this.#report(`${due.subject} was answered with error ${code}`);
  }

  #settle(id: number): void {
    this.#due.delete(id);
    this.#options.tally.answers++;
  }

  /** Checks the id of a message. */
  #number(id: unknown): void {
    if (this.#messageIds.has(id)) this.#report(`message ${id} arrived twice`);
    this.#messageIds.add(id);
  }

  #match(nonce: unknown, due: Due): void {
    if (nonce === due.nonce) return;
    this.#report(
      `${due.subject} has the nonce ${due.nonce}, but its answer has ${nonce}`,
    );
  }

  #expect(subject: string, actual: unknown, expected: number): void {
    if (actual === expected) return;
    this.#report(`${subject} is ${actual} instead of ${expected}`);
  }

  #reportStray(frame: Frame): void {
    const id = frame?.id;
    const wasRequested = typeof id === "number" && id <= this.#highest;
    this.#report(
      wasRequested
        ? `request ${id} was answered twice`
        : `an answer without a request: ${JSON.stringify(frame)}`,
    );
  }

  #report(problem: string): void {
    this.#options.report(problem);
  }
}

function framesOf(text: string): readonly Frame[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [value];
  } catch {
    return [undefined];
  }
}

/** A request without replies that succeeds. */
const NOTHING = {
  code: 0,
  replies: 0,
  replied: 0,
  stream: undefined,
  timeout: undefined,
  isGivenUp: false,
};

/** The subject of a new token. */
const RENEWAL = "renewal";

function dueOf({ action, data }: Frame): Due {
  if (action === undefined) {
    return { ...NOTHING, subject: "login", nonce: null };
  }
  if (action === "renew") return { ...NOTHING, subject: RENEWAL, nonce: null };
  const name = data.operation ?? data.message;
  return {
    ...NOTHING,
    subject: `${action} "${name}"`,
    nonce: data.data.nonce,
    code: CODES[name] ?? 0,
    replies: data.data.replies ?? 0,
    timeout: data.timeout,
    stream: action === "stream" ? streamOf(data) : undefined,
  };
}

/** The ids of a stream are its numbers, so it continues with the next one. */
function streamOf(
  { credit, lastEventId, data: { to = Infinity } }: Frame,
): StreamDue {
  const taken = Number(lastEventId ?? 0);
  return { count: to, credit: taken + credit, taken, isCancelled: false };
}
