/**
 * Holds what a server says on one connection against what it must say.
 *
 * @module
 */

import { Opcode, type ServerFrame } from "../raw_socket.ts";
import { type Answer, expectationOf, refusal } from "./expectations.ts";
import {
  assertLimit,
  assertLoginData,
  decodeAnswers,
  describeAnswer,
  type Numbers,
  type Tally,
} from "./answers.ts";
import {
  isEnd,
  type LoginReading,
  type Payload,
  readFrame,
  type Reading,
  readLogin,
  type Rules,
} from "./model.ts";
import { Outstanding, Violation } from "./outstanding.ts";
import { Pace } from "./pace.ts";

/** Extensions that a server speaks: docs/protocol.md, "Extensions". */
const FEATURES = ["batch", "done-id", "max-payload", "retry"];

/** The most that an answer has besides what the client has said, in bytes. */
const ANSWER_LENGTH = 400;

type Login = Extract<LoginReading, { readonly kind: "login" }>;

/** What is known of one connection. */
export class Oracle {
  readonly #rules: Rules;
  readonly #numbers: Numbers;
  readonly #tally: Tally;
  readonly #pace: Pace;
  readonly #outstanding = new Outstanding();
  /** The login that is being decided. */
  #login: Login | undefined;
  #state: "login" | "authenticating" | "open" = "login";
  #features: readonly string[] = [];
  /**
   * What was sent while the login was being decided, as far as is not answered; `null`
   * for what has no answer.
   */
  readonly #early: (Payload | null)[] = [];
  readonly #pings: string[] = [];
  /** The numbers of the client's own messages. */
  readonly #own = new Set<number>();
  #lastTick: number | undefined;
  /** How many messages and calls were sent. */
  #sent = 0;
  /** How much all the answers to them may come to, in bytes. */
  #volume = 0;
  /** The code with which the server has to close. */
  #ending: number | undefined;
  /** Whether more was sent after what ends the connection. */
  #hasTail = false;
  /** Whether this side has left, or has broken a rule of the WebSocket. */
  #isLax = false;
  #isClosed = false;

  constructor(rules: Rules, numbers: Numbers, tally: Tally) {
    this.#rules = rules;
    this.#numbers = numbers;
    this.#tally = tally;
    this.#pace = new Pace(rules);
  }

  /** Whether all that is due has come */
  get isSettled(): boolean {
    if (this.#isClosed || this.#isLax || this.#ending !== undefined) {
      return true;
    }
    return this.#state !== "authenticating" && this.#pings.length === 0 &&
      this.#outstanding.isEmpty;
  }

  /** Whether the server has said, or has to say, that it closes */
  get isEnding(): boolean {
    return this.#isClosed || this.#ending !== undefined;
  }

  /** The client sends a text or binary frame. */
  send(payload: Payload): void {
    this.#sent++;
    if (this.#isLax || this.#isClosed) return;
    if (this.#ending !== undefined) this.#hasTail = true;
    else if (this.#state === "login") this.#sendLogin(payload);
    else if (this.#state === "open") this.#expectAll(payload);
    else this.#early.push(payload);
  }

  /** The client sends a ping. */
  ping(payload: Uint8Array): void {
    if (!this.isEnding) this.#pings.push(payload.join());
    this.pong();
  }

  /** The client sends a pong that nobody asked for. */
  pong(): void {
    if (this.isEnding) this.#hasTail = true;
    else if (this.#state === "authenticating") this.#early.push(null);
  }

  /** From now on the server may say less than it has to, and close as it likes. */
  relax(): void {
    this.#isLax = true;
  }

  /** The server sent a frame. */
  receive(frame: ServerFrame): void {
    if (this.#isClosed) throw new Violation("it went on after its Close frame");
    if (frame.opcode === Opcode.TEXT) this.#receiveText(frame);
    else if (frame.opcode === Opcode.CLOSE) this.#receiveClose(frame);
    else if (frame.opcode === Opcode.PONG) this.#receivePong(frame);
    else if (frame.opcode !== Opcode.PING) {
      throw new Violation(`it sent a frame with opcode ${frame.opcode}`);
    }
  }

  /**
   * The connection is over. Deno may lose the Close frame, and what was said just
   * before, if the client has sent more by then.
   */
  end(): void {
    if (this.#isClosed || this.#isLax) return;
    if (this.#endsBehindLogin() || this.#mayBeSlow || this.#mayBeCutOff) return;
    if (this.#ending === undefined) {
      throw new Violation(`it hung up, owing ${this.describe()}`);
    }
    if (!this.#hasTail) throw new Violation(`no Close ${this.#ending} came`);
  }

  /** What is still due, for a message. */
  describe(): string {
    return `${this.#outstanding.describe()}, ${this.#pings.length} pongs, state ${this.#state}`;
  }

  #sendLogin(payload: Payload): void {
    const login = readLogin(payload, this.#rules);
    if (login.kind === "login") {
      this.#login = login;
      this.#state = "authenticating";
    } else if (login.kind === "invalid") {
      this.#outstanding.add(refusal(login.id, login.codes));
      this.#ending = 1008;
    } else this.#expectEnd(login);
  }

  #expectAll(payload: Payload): void {
    const takesBatches = this.#features.includes("batch");
    const readings = readFrame(payload, this.#rules, takesBatches);
    this.#sent += readings.length - 1;
    const counts = readings.map((reading) => this.#expect(reading));
    const frames = counts.reduce((sum, count) => sum + count, 0);
    this.#volume += frames * ANSWER_LENGTH +
      Math.max(...counts) * payload.length;
  }

  /** Returns how many frames must come. */
  #expect(reading: Reading): number {
    if (reading.kind === "goodbye" || reading.kind === "fatal") {
      this.#expectEnd(reading);
      return 1;
    }
    const hasDoneId = this.#features.includes("done-id");
    const expectation = expectationOf(reading, hasDoneId);
    this.#outstanding.add(expectation);
    return expectation.steps.length;
  }

  #expectEnd(reading: Extract<Reading, { kind: "goodbye" | "fatal" }>): void {
    if (reading.kind === "fatal") {
      const { code, close } = reading;
      if (code !== null) this.#outstanding.add(refusal(null, [code]));
      this.#ending = close;
    } else this.#ending = 1000;
  }

  #receiveText({ payload }: ServerFrame): void {
    const joins = this.#isLax || this.#features.includes("batch");
    const answers = decodeAnswers(payload, joins);
    for (const answer of answers) this.#take(answer);
  }

  #take(answer: Answer): void {
    if (this.#isLax) return;
    this.#tally.note(describeAnswer(answer));
    this.#pace.note(answer);
    if (answer.message === "s_newmsg") return this.#takeMessage(answer);
    this.#note(answer);
    if (this.#state === "authenticating") return this.#takeEarly(answer);
    if (answer.code === 9) assertLimit(answer, this.#rules);
    const limit = answer.code === 9 ? answer.data?.limit : undefined;
    if (limit === "maxPending") {
      this.#outstanding.refuse(answer, this.#rules.maxPending);
    } else if (limit === "maxRate") {
      if (this.#sent <= this.#rules.maxBurst) {
        throw new Violation(`it refused a request as one of ${this.#sent}`);
      }
      this.#outstanding.refuse(answer, 0);
    } else this.#outstanding.take(answer);
  }

  /** No two messages have the same number. */
  #note({ success, message, data, id }: Answer): void {
    if (!success || data === null || id === null) return;
    const isOwn = message === "open" || message === "done";
    if (message === "newmsg" || isOwn) this.#numbers.claim(data.id);
    if (isOwn) this.#own.add(data.id);
  }

  /** A message that stands alone: a broadcast, or a reply that came late. */
  #takeMessage({ id, data }: Answer): void {
    if (id !== null || data === null || this.#state !== "open") {
      throw new Violation(
        "a message without a request came too early or had an id",
      );
    }
    if (data.replying === null) {
      return this.#takeBroadcast(data.data.n, data.id);
    }
    this.#numbers.claim(data.id);
    const outstanding = this.#outstanding;
    if (outstanding.lateAllowed-- <= 0 || !this.#own.has(data.replying.id)) {
      throw new Violation("a reply came that nobody was to send");
    }
    outstanding.lateRequired = Math.max(0, outstanding.lateRequired - 1);
  }

  #takeBroadcast(tick: number, number: number): void {
    this.#numbers.claimBroadcast(tick, number);
    const last = this.#lastTick ?? tick - 1;
    if (tick !== last + 1) {
      throw new Violation(`broadcast ${tick} came after broadcast ${last}`);
    }
    this.#lastTick = tick;
  }

  /** Until the login is answered, each frame is refused, in its order. */
  #takeEarly(answer: Answer): void {
    const { id, isWelcome } = this.#login!;
    if (answer.success) return this.#open(answer);
    if (answer.code === 3 && answer.id === id && !isWelcome) {
      this.#early.length = 0;
      this.#ending = 1008;
      this.#state = "open";
      this.#hasTail ||= this.#sent > 1;
      return;
    }
    const payload = this.#takeFirst();
    if (payload === undefined) {
      throw new Violation("an error came before a login");
    }
    const [reading] = readFrame(payload, this.#rules, false);
    const expected = earlyAnswer(reading!);
    const outstanding = new Outstanding();
    outstanding.add(expected);
    outstanding.take(answer);
    if (isEnd(reading!.kind)) this.#endEarly(reading!);
  }

  #endEarly(reading: Reading): void {
    this.#ending = reading.kind === "fatal" ? reading.close : 1000;
    this.#hasTail ||= this.#early.length > 0;
    this.#early.length = 0;
    this.#state = "open";
  }

  #takeFirst(): Payload | undefined {
    while (this.#early[0] === null) this.#early.shift();
    return this.#early.shift() ?? undefined;
  }

  #open(answer: Answer): void {
    const { id, isWelcome, features } = this.#login!;
    if (!isWelcome || answer.id !== id || answer.message !== null) {
      throw new Violation("something else came in place of the login's answer");
    }
    this.#features = FEATURES.filter((name) => features?.includes(name));
    assertLoginData(answer.data, features && this.#features, this.#rules);
    this.#state = "open";
    for (const payload of this.#early.splice(0)) {
      if (this.#ending !== undefined) this.#hasTail = true;
      else if (payload !== null) this.#expectAll(payload);
    }
  }

  #receivePong({ payload }: ServerFrame): void {
    const expected = this.#pings.shift();
    if (this.isEnding || this.#isLax || expected === payload.join()) return;
    throw new Violation("a pong came that answers no ping, or another one");
  }

  #receiveClose({ payload }: ServerFrame): void {
    this.#isClosed = true;
    if (this.#isLax) return;
    const [high = 0, low = 0, ...rest] = payload;
    const code = high * 256 + low;
    const reason = new TextDecoder().decode(new Uint8Array(rest));
    this.#tally.note(`close ${code}`);
    if (this.#closesForLimit(code, reason)) return;
    this.#closeEarly();
    if (code !== this.#ending) {
      throw new Violation(
        `it closed with ${code} "${reason}", not with ${this.#ending}`,
      );
    }
    this.#outstanding.assertPrompt();
  }

  /** What ends the connection without an answer may wait behind the login. */
  #closeEarly(): void {
    const payload = this.#takeFirst();
    if (this.#state !== "authenticating" || payload === undefined) return;
    const [reading] = readFrame(payload, this.#rules, false);
    if (isEnd(reading!.kind)) this.#endEarly(reading!);
  }

  /** Whether one of those that wait for the login ends the connection. */
  #endsBehindLogin(): boolean {
    return this.#state === "authenticating" && this.#early.some((payload) => {
      if (payload === null) return false;
      const readings = readFrame(payload, this.#rules, false);
      return readings.some(({ kind }) => isEnd(kind));
    });
  }

  #closesForLimit(code: number, reason: string): boolean {
    return code === 1013 && reason === "reads too slowly" && this.#mayBeSlow ||
      code === 1008 && reason === "too many messages" && this.#mayBeCutOff;
  }

  /** Whether so much may have waited for it that the server gave up. */
  get #mayBeSlow(): boolean {
    return this.#volume > this.#rules.maxBuffered;
  }

  /** Whether it has gone on although it was told that it sends too much. */
  get #mayBeCutOff(): boolean {
    return this.#sent > 2 * this.#rules.maxBurst;
  }
}

function earlyAnswer(reading: Reading) {
  if (reading.kind === "fatal") return refusal(null, [reading.code ?? 0]);
  if (reading.kind === "goodbye") return refusal(null, []);
  const codes = reading.kind === "invalid" ? reading.codes : [];
  return refusal(reading.id, [8, ...codes]);
}
