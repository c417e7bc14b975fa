/**
 * Holds what a server says on one connection against what it must say, from the login
 * to the Close frame.
 *
 * @module
 */

import { Opcode, type ServerFrame } from "../support/websocket_frames.ts";
import { assertLoginData, decodeAnswers } from "./server_frames.ts";
import type { Answer } from "./response_steps.ts";
import { Dialogue, type Surroundings } from "./response_checker.ts";
import { type Expectation, refusal } from "./expectations.ts";
import type { Asked } from "./server_request_checker.ts";
import {
  isEnd,
  type LoginReading,
  NO_FEATURES,
  type Payload,
  readFrame,
  type Reading,
  readLogin,
  type Rules,
} from "./model.ts";
import { Outstanding } from "./pending_requests.ts";
import { Violation } from "./violation.ts";

/** Extensions that a server speaks: docs/protocol.md, "Extensions". */
const FEATURES = [
  ...["batch", "done-id", "max-payload"],
  ...["request", "retry", "stream"],
];

type Login = Extract<LoginReading, { readonly kind: "login" }>;

/** What is known of one connection. */
export class Oracle {
  readonly #rules: Rules;
  readonly #surroundings: Surroundings;
  readonly #dialogue: Dialogue;
  /** The login that is being decided. */
  #login: Login | undefined;
  #state: "login" | "authenticating" | "open" = "login";
  /**
   * What was sent while the login was being decided, as far as is not answered; `null`
   * for what has no answer.
   */
  readonly #early: (Payload | null)[] = [];
  readonly #pings: string[] = [];
  /** The code with which the server has to close. */
  #ending: number | undefined;
  /** Whether more was sent after what ends the connection. */
  #hasTail = false;
  /** Whether this side has left, or has broken a rule of the WebSocket. */
  #isLax = false;
  #isClosed = false;

  constructor(surroundings: Surroundings) {
    this.#rules = surroundings.rules;
    this.#surroundings = surroundings;
    this.#dialogue = new Dialogue(surroundings);
  }

  /** Whether all that is due has come */
  get isSettled(): boolean {
    if (this.isOver) return true;
    return this.#state !== "authenticating" && this.#pings.length === 0 &&
      this.#dialogue.isSettled;
  }

  /** Whether the server has said, or has to say, that it closes */
  get isEnding(): boolean {
    return this.#isClosed || this.#ending !== undefined;
  }

  /** Whether nothing counts that the client says */
  get isOver(): boolean {
    return this.isEnding || this.#isLax;
  }

  /** What both sides have named, once the client has logged in */
  get features(): readonly string[] {
    return this.#dialogue.features;
  }

  /** The number of a message of this client, if it knows one */
  get ownNumber(): number | undefined {
    return this.#dialogue.messages.own;
  }

  /** What the server has asked since the last time. */
  takeAsked(): readonly Asked[] {
    return this.#dialogue.takeAsked();
  }

  /** The client sends a text or binary frame. */
  send(payload: Payload): void {
    this.#dialogue.send();
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
    if (this.#isClosed || this.#isLax || this.#endsBehindLogin()) return;
    const { mayBeSlow, mayBeCutOff } = this.#dialogue.load;
    if (mayBeSlow || mayBeCutOff) return;
    if (this.#ending === undefined) {
      throw new Violation(`it hung up, owing ${this.describe()}`);
    }
    if (!this.#hasTail) throw new Violation(`no Close ${this.#ending} came`);
  }

  /** What is still due, for a message. */
  describe(): string {
    return `${this.#dialogue.describe()}, ${this.#pings.length} pongs, state ${this.#state}`;
  }

  #sendLogin(payload: Payload): void {
    const login = readLogin(payload, this.#rules);
    if (login.kind === "login") {
      this.#login = login;
      this.#state = "authenticating";
    } else if (login.kind === "invalid") {
      this.#dialogue.refuse(login.id, login.codes, "login");
      this.#ending = 1008;
    } else this.#expectEnd(login);
  }

  #expectAll(payload: Payload, isEarly = false): void {
    const readings = readFrame(payload, this.#rules, this.features);
    const { load } = this.#dialogue;
    const frames = readings.map((reading, index) => {
      if (index > 0) this.#dialogue.send();
      // By now more may have been sent.
      return this.#expect(reading, isEarly ? 0 : load.counted);
    });
    load.answer(frames, payload.length);
    if (readings.length > 1) this.#noteStreams(readings);
  }

  #noteStreams(readings: readonly Reading[]): void {
    const isStream = readings.some(({ kind }) => kind === "stream");
    if (isStream) this.#surroundings.tally.note("stream: in a batch");
  }

  /** Returns how many frames must come. */
  #expect(reading: Reading, nth: number): number {
    if (reading.kind !== "goodbye" && reading.kind !== "fatal") {
      return this.#dialogue.say(reading, nth);
    }
    this.#expectEnd(reading);
    return 1;
  }

  #expectEnd(reading: Extract<Reading, { kind: "goodbye" | "fatal" }>): void {
    if (reading.kind === "fatal") {
      const { code, close } = reading;
      if (code !== null) this.#dialogue.refuse(null, [code], "frame");
      this.#ending = close;
    } else this.#ending = 1000;
  }

  #receiveText({ payload }: ServerFrame): void {
    const joins = this.#isLax || this.features.includes("batch");
    const answers = decodeAnswers(payload, joins);
    for (const answer of answers) this.#take(answer);
  }

  #take(answer: Answer): void {
    if (this.#isLax) return;
    this.#dialogue.note(answer);
    if (this.#state === "authenticating") return this.#takeEarly(answer);
    if (this.#state === "login" && answer.success) {
      throw new Violation("it spoke before anyone had logged in");
    }
    this.#dialogue.take(answer);
  }

  /** Until the login is answered, each frame is refused, in its order. */
  #takeEarly(answer: Answer): void {
    const { id, isWelcome } = this.#login!;
    if (answer.success) return this.#open(answer);
    if (answer.code === 3 && answer.id === id && !isWelcome) {
      this.#early.length = 0;
      this.#ending = 1008;
      this.#state = "open";
      this.#hasTail ||= this.#dialogue.load.sent > 1;
      return;
    }
    const payload = this.#takeFirst();
    if (payload === undefined) {
      throw new Violation("an error came before a login");
    }
    const [reading] = readFrame(payload, this.#rules, NO_FEATURES);
    const outstanding = new Outstanding();
    outstanding.add(earlyAnswer(reading!));
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
    const { id, isWelcome, features: named } = this.#login!;
    if (!isWelcome || answer.id !== id || answer.message !== null) {
      throw new Violation("something else came in place of the login's answer");
    }
    const features = FEATURES.filter((name) => named?.includes(name));
    assertLoginData(answer.data, named && features, this.#rules);
    this.#dialogue.features = features;
    this.#state = "open";
    for (const payload of this.#early.splice(0)) {
      if (this.#ending !== undefined) this.#hasTail = true;
      else if (payload !== null) this.#expectAll(payload, true);
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
    this.#surroundings.tally.note(`close ${code}`);
    if (this.#closesForLimit(code, reason)) return;
    this.#closeEarly();
    if (code !== this.#ending) {
      throw new Violation(
        `it closed with ${code} "${reason}", not with ${this.#ending}`,
      );
    }
    this.#dialogue.assertPrompt();
  }

  /** What ends the connection without an answer may wait behind the login. */
  #closeEarly(): void {
    const payload = this.#takeFirst();
    if (this.#state !== "authenticating" || payload === undefined) return;
    const [reading] = readFrame(payload, this.#rules, NO_FEATURES);
    if (isEnd(reading!.kind)) this.#endEarly(reading!);
  }

  /** Whether one of those that wait for the login ends the connection. */
  #endsBehindLogin(): boolean {
    return this.#state === "authenticating" && this.#early.some((payload) => {
      if (payload === null) return false;
      const readings = readFrame(payload, this.#rules, NO_FEATURES);
      return readings.some(({ kind }) => isEnd(kind));
    });
  }

  #closesForLimit(code: number, reason: string): boolean {
    const { mayBeSlow, mayBeCutOff } = this.#dialogue.load;
    return code === 1013 && reason === "reads too slowly" && mayBeSlow ||
      code === 1008 && reason === "too many messages" && mayBeCutOff;
  }
}

function earlyAnswer(reading: Reading): Expectation {
  const what = "early";
  if (reading.kind === "fatal") return refusal(null, [reading.code ?? 0], what);
  if (reading.kind === "goodbye") return refusal(null, [], what);
  const codes = reading.kind === "invalid" ? reading.codes : [];
  return refusal(reading.id, [8, ...codes], what);
}
