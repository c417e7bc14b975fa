/**
 * What one connection said and heard, frame by frame: whether all that was due came,
 * once, in its order, and nothing else. It knows no socket.
 *
 * @module
 */

import type { Tally } from "./tally.ts";

/** What a ledger needs. */
export interface LedgerOptions {
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
}

/** The errors that some operations have coming. */
const CODES: Readonly<Record<string, number>> = {
  missing: 5,
  fail: 6,
  "too deep": 9,
};

/** The frames of one connection. */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #due = new Map<number, Due>();
  #highest = -1;
  #news: number | undefined;
  #notes = 0;
  /** The numbers of messages, which never come twice. */
  readonly #messageIds = new Set<unknown>();
  /** The data of the last answer to the login, `undefined` before it. */
  #login: unknown;

  constructor(options: LedgerOptions) {
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
    for (const [id, { subject }] of this.#due) {
      this.#report(`${subject} (${id}) was never answered`);
    }
  }

  #send(frame: Frame): void {
    if (typeof frame?.id !== "number") return;
    this.#options.tally.requests++;
    this.#highest = Math.max(this.#highest, frame.id);
    this.#due.set(frame.id, dueOf(frame));
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
    } else {
      this.#report(`nobody waits for ${JSON.stringify({ message, data })}`);
    }
  }

  #reply({ data }: Frame, due: Due): void {
    this.#number(data.id);
    this.#expect(`reply to ${due.subject}`, data.data.n, ++due.replied);
    this.#match(data.data.nonce, due);
  }

  #finish(frame: Frame, due: Due): void {
    this.#settle(frame.id);
    // Otherwise it came with "open".
    if (frame.data !== null) this.#number(frame.data.id);
    this.#expect(
      `number of replies to ${due.subject}`,
      due.replied,
      due.replies,
    );
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

function dueOf({ action, data }: Frame): Due {
  if (action === undefined) {
    return { subject: "login", nonce: null, code: 0, replies: 0, replied: 0 };
  }
  const name = data.operation ?? data.message;
  return {
    subject: `${action} "${name}"`,
    nonce: data.data.nonce,
    code: CODES[name] ?? 0,
    replies: data.data.replies ?? 0,
    replied: 0,
  };
}
