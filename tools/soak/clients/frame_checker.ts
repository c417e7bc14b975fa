/**
 * What one connection said and heard, frame by frame: whether all that was due came,
 * once, in its order, and nothing else. It knows no socket.
 *
 * @module
 */

import type { Tally } from "./tally.ts";

/** What a checker needs. */
export interface FrameCheckerOptions {
  /** Where to count */
  readonly tally: Tally;
  /** Is told what is wrong */
  readonly report: (problem: string) => void;
  /** Error codes that the client has coming: it goes beyond limits, say */
  readonly allowed?: readonly number[];
}

/** A frame, as far as it could be read. */
// deno-lint-ignore no-explicit-any -- each key is looked at as what it should be
type Frame = any;

/** A request that waits for its answer. */
interface Due {
  readonly subject: string;
  readonly nonce: unknown;
  /** The error that the request has coming, 0 for none */
  readonly code: number;
  /** How many replies a message has coming */
  readonly replies: number;
  replied: number;
  /** What is known of a stream */
  readonly stream: StreamDue | undefined;
}

/** The items of a stream. */
interface StreamDue {
  /** How many there are */
  readonly count: number;
  /** How many the client takes */
  credit: number;
  taken: number;
  isCancelled: boolean;
}

/** The errors that some operations have coming. */
const CODES: Readonly<Record<string, number>> = {
  missing: 5,
  fail: 6,
  "too deep": 9,
};

/** The actions of a client that have no answer. */
const CONTROLS: readonly unknown[] = ["credit", "cancel", "done"];

/** No items at all. */
const NO_STREAM = { count: 0, credit: 0, taken: 0, isCancelled: false };

/** The frames of one connection. */
export class FrameChecker {
  readonly #options: FrameCheckerOptions;
  readonly #due = new Map<number, Due>();
  #highest = -1;
  #news: number | undefined;
  #notes = 0;
  /** The numbers of messages, which never come twice. */
  readonly #messageIds = new Set<unknown>();
  /** The numbers of requests of the server whose listeners are not done. */
  readonly #asked = new Set<unknown>();
  /** The data of the last answer to the login, `undefined` before it. */
  #login: unknown;

  constructor(options: FrameCheckerOptions) {
    this.#options = options;
  }

  /** How many requests wait for their answers. */
  get due(): number {
    return this.#due.size;
  }

  /** Whether the login was answered, and not with an error. */
  get loggedIn(): boolean {
    return this.#login !== undefined;
  }

  /** Takes what goes to the server. */
  sent(text: string): void {
    for (const frame of framesOf(text)) this.#send(frame);
  }

  /** Takes what comes from the server. */
  received(text: string): void {
    for (const frame of framesOf(text)) this.#receive(frame);
  }

  /** The client leaves and has waited for all its answers. */
  finish(): void {
    for (const [id, { subject, stream }] of this.#due) {
      // Who breaks a stream off does not wait for its end, which has its turn to wait for.
      if (stream?.isCancelled) continue;
      this.#report(`${subject} (${id}) was never answered`);
    }
  }

  #send(frame: Frame): void {
    if (typeof frame?.id !== "number") return;
    if (CONTROLS.includes(frame.action)) return this.#control(frame);
    this.#options.tally.requests++;
    this.#highest = Math.max(this.#highest, frame.id);
    this.#due.set(frame.id, dueOf(frame));
  }

  /** Takes what has no answer. */
  #control({ id, action, data }: Frame): void {
    const stream = this.#due.get(id)?.stream;
    if (action === "credit" && stream !== undefined) {
      stream.credit += data.credit;
    } else if (action === "cancel" && stream !== undefined) {
      stream.isCancelled = true;
    } else if (action === "done" && !this.#asked.delete(id)) {
      this.#report(`said to be done with ${id}, which nobody asked`);
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

  /** The login has failed, which is the end of everything. */
  #refuse({ code }: Frame): void {
    this.#due.clear();
    this.#options.tally.answers++;
    if (this.#options.allowed?.includes(code)) return;
    this.#report(`the login was answered with error ${code}`);
  }

  /** A message that answers no request. */
  #take({ message, data }: Frame): void {
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
      this.#options.tally.questions++;
      this.#asked.add(data.id);
    } else {
      this.#report(`nobody waits for ${JSON.stringify({ message, data })}`);
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
    this.#report(`${due.subject} gave ${stream.taken} items for ${credit}`);
  }

  #finish(frame: Frame, due: Due): void {
    this.#settle(frame.id);
    if (due.stream !== undefined) return this.#endStream(frame, due);
    // Otherwise it came with "open".
    if (frame.data !== null) this.#number(frame.data.id);
    this.#expect(
      `number of replies to ${due.subject}`,
      due.replied,
      due.replies,
    );
  }

  #endStream({ data }: Frame, { subject, stream }: Due): void {
    const { taken, count, isCancelled } = stream ?? NO_STREAM;
    if (data !== null) this.#report(`${subject} ended with something`);
    if (isCancelled) return;
    this.#expect(`number of items of ${subject}`, taken, count);
  }

  #answer({ id, data }: Frame, due: Due): void {
    this.#settle(id);
    if (due.subject === "login") {
      this.#login = data ?? null;
      return;
    }
    if (due.code !== 0) this.#report(`${due.subject} did not fail`);
    const { nonce, news } = Object(data?.result);
    this.#match(nonce, due);
    if (news === undefined || this.#news === undefined) return;
    this.#expect(`last news before an answer`, this.#news, news);
  }

  #fail({ id, code, data }: Frame, due: Due): void {
    this.#settle(id);
    const { tally, allowed = [] } = this.#options;
    if (typeof data?.limit === "string") tally.exceed(data.limit);
    if (due.code === code || allowed.includes(code)) return;
    this.#report(`${due.subject} was answered with error ${code}`);
  }

  #settle(id: number): void {
    this.#due.delete(id);
    this.#options.tally.answers++;
  }

  /** Takes the number of a message. */
  #number(id: unknown): void {
    if (this.#messageIds.has(id)) this.#report(`message ${id} came twice`);
    this.#messageIds.add(id);
  }

  #match(nonce: unknown, due: Due): void {
    if (nonce === due.nonce) return;
    this.#report(
      `${due.subject} asked with ${due.nonce} and was answered with ${nonce}`,
    );
  }

  #expect(subject: string, actual: unknown, expected: number): void {
    if (actual === expected) return;
    this.#report(`${subject} is ${actual} and should be ${expected}`);
  }

  #reportStray(frame: Frame): void {
    const id = frame?.id;
    const wasAsked = typeof id === "number" && id <= this.#highest;
    this.#report(
      wasAsked
        ? `request ${id} was answered twice`
        : `an answer to nothing that was asked: ${JSON.stringify(frame)}`,
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

/** What nobody expects. */
const NOTHING = { code: 0, replies: 0, replied: 0, stream: undefined };

function dueOf({ action, data }: Frame): Due {
  if (action === undefined) {
    return { ...NOTHING, subject: "login", nonce: null };
  }
  const name = data.operation ?? data.message;
  return {
    ...NOTHING,
    subject: `${action} "${name}"`,
    nonce: data.data.nonce,
    code: CODES[name] ?? 0,
    replies: data.data.replies ?? 0,
    stream: action === "stream" ? streamOf(data) : undefined,
  };
}

function streamOf({ credit, data: { to = Infinity } }: Frame): StreamDue {
  return { count: to, credit, taken: 0, isCancelled: false };
}
