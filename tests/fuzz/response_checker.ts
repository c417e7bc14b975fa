/**
 * Checks the frames of a server after the login.
 *
 * @module
 */

import { ACTIONS, type CallRequest, type Control } from "./actions.ts";
import {
  assertLimit,
  type Counters,
  describeResponse,
  type MessageIds,
} from "./server_frames.ts";
import { GuardedMatcher } from "./guarded_matcher.ts";
import type { ResponseFrame } from "./response_matcher.ts";
import {
  type Expectation,
  expectationOf,
  expectError,
  expectPong,
} from "./expectations.ts";
import type { Application } from "./application.ts";
import {
  type ReceivedRequest,
  ServerRequestChecker,
} from "./server_request_checker.ts";
import { Load } from "./load.ts";
import { Messages } from "./messages.ts";
import { NO_FEATURES, type Reading, type Rules } from "./model.ts";
import { PendingRequests, type Sent } from "./pending_requests.ts";
import { RateChecker } from "./rate_limit.ts";
import type { RoomRequest } from "./room_actions.ts";
import { RoomMatcher } from "./room_expectations.ts";
import { RoomModel } from "./room_model.ts";
import type { RoomRecords } from "./room_records.ts";
import { GIVEN_ROOM } from "./test_rooms.ts";
import { StreamMatcher } from "./stream_matcher.ts";
import { Violation } from "./violation.ts";

/** The server and the state that all its clients share. */
export interface Environment {
  readonly rules: Rules;
  readonly numbers: MessageIds;
  readonly counters: Counters;
  readonly application: Application;
  readonly rooms: RoomRecords;
}

/** A frame that does not end the connection. */
export type RequestReading = Exclude<
  Reading,
  { readonly kind: "goodbye" | "fatal" }
>;

/** Matches the frames of the server with the requests of one client. */
export class ResponseChecker {
  /** The agreed features */
  features = NO_FEATURES;
  readonly load: Load;
  readonly messages: Messages;
  readonly #rooms: RoomModel;
  readonly #pendingRequests: PendingRequests;
  readonly #environment: Environment;
  readonly #serverRequests: ServerRequestChecker;
  readonly #rate: RateChecker;
  /** The requests of the server that `takeRequests` has not returned yet. */
  readonly #received: ReceivedRequest[] = [];

  constructor(environment: Environment) {
    const { rules, numbers, application, rooms } = environment;
    this.#environment = environment;
    this.load = new Load(rules, () => rooms.bytes);
    this.#rate = new RateChecker(rules);
    this.#pendingRequests = new PendingRequests((nth) =>
      this.#rate.assertInTime(nth)
    );
    this.messages = new Messages(numbers, this.#pendingRequests);
    const { given } = this.messages;
    this.#rooms = new RoomModel(rooms, given, (what) => this.#count(what));
    this.#serverRequests = new ServerRequestChecker(
      application.serverRequests.models,
    );
  }

  /** Whether all expected frames have arrived */
  get isSettled(): boolean {
    return this.#pendingRequests.isSettled && this.#rooms.isSettled;
  }

  /** Returns the requests of the server since the last call. */
  takeRequests(): readonly ReceivedRequest[] {
    return this.#received.splice(0);
  }

  /** Counts a frame of the client. */
  send(): void {
    this.load.send();
  }

  /**
   * Adds a request of the client.
   *
   * @param reading The request
   * @param nth The number of frames so far that always count
   * @returns The number of expected frames
   */
  add(reading: RequestReading, nth: number): number {
    if (reading.kind === "invalid") {
      const { id, codes, action } = reading;
      const what = ACTIONS.has(action) ? String(action) : "frame";
      return this.reject(id, codes, what);
    }
    if (reading.kind === "ping") {
      this.#pendingRequests.add(expectPong());
      return 1;
    }
    const { maxPending } = this.#environment.rules;
    const isFew = this.#pendingRequests.size < maxPending;
    const isSafe = isFew && !this.load.mayBeRefused;
    this.#serverRequests.send(reading, isSafe);
    if (isControl(reading)) {
      this.load.control();
      this.#control(reading);
      return 0;
    }
    const sent = { nth, isSafe };
    return reading.kind === "room"
      ? this.#room(reading, sent)
      : this.#request(reading, sent);
  }

  /** Expects an error and returns the number of expected frames. */
  reject(id: number | null, codes: readonly number[], what: string): number {
    this.#pendingRequests.add(expectError(id, codes, what));
    return 1;
  }

  /** Matches a frame of the server. */
  take(response: ResponseFrame): void {
    if (response.message === "s_newmsg") return this.#receiveMessage(response);
    if (response.message === "request") return this.#receiveRequest(response);
    if (this.features.includes("rooms")) {
      this.#rooms.joined(response);
      if (isGiven(response)) return this.#rooms.takeGiven(response);
      if (this.#rooms.isEvent(response)) return this.#rooms.take(response);
    }
    const expectation = this.#receiveResponse(response);
    if (expectation === undefined) return;
    const { matcher } = expectation;
    if (matcher instanceof RoomMatcher) this.#rooms.answer(matcher, response);
    this.#count(`${expectation.what}: ${describeResponse(response)}`);
  }

  /** Counts a frame of the server. */
  note(response: ResponseFrame): void {
    this.#environment.counters.note(describeResponse(response));
    this.#rate.note(response);
    this.messages.note(response);
  }

  /** Asserts that all immediate requests are answered. */
  assertPrompt(): void {
    this.#pendingRequests.assertPrompt();
  }

  /** Describes the responses that are still expected. */
  describe(): string {
    const rooms = this.#rooms.describe();
    return `${this.#pendingRequests.describe()}, messages ${rooms || "none"}`;
  }

  /** Adds a request about a room, and returns the number of expected frames. */
  #room(request: RoomRequest, sent: Sent): number {
    const { id, action } = request;
    // The server sends the history like a stream.
    if (action === "join") this.load.stream();
    const matcher = this.#rooms.send(request);
    const rest = { length: 1, isImmediate: false, isLate: false };
    this.#pendingRequests.add({ id, what: action, matcher, ...rest }, sent);
    return 1;
  }

  #request(request: CallRequest, sent: Sent): number {
    const { application, counters } = this.#environment;
    const context = {
      stateOf: (mark: unknown) => application.stateOf(mark),
      note: (what: string) => counters.note(what),
    };
    const serverFeatures = { features: this.features, context };
    const expectation = guarded(
      expectationOf(request, serverFeatures),
      request,
      this.#environment.rules,
    );
    if (request.kind === "stream") this.load.stream();
    this.#pendingRequests.add(expectation, sent);
    return expectation.length;
  }

  #control(control: Control): void {
    const { id, kind } = control;
    if (kind === "done") return;
    const isReceived = kind === "credit"
      ? this.#pendingRequests.grant(id, control.credit)
      : this.#pendingRequests.cancel(id, this.features.includes("cancel"));
    this.#count(`${kind}: ${isReceived ? "accepted" : "ignored"}`);
  }

  #receiveMessage({ id, data }: ResponseFrame): void {
    if (id !== null || data === null) {
      throw new Violation("a message outside a response had an id");
    }
    if (isGiven({ id, data }) && this.features.includes("rooms")) {
      throw new Violation("a message to a room is not about its room");
    }
    this.messages.take(data);
  }

  #receiveRequest(response: ResponseFrame): void {
    if (!this.features.includes("request")) {
      throw new Violation(
        "the server sent a request to a client without the extension",
      );
    }
    this.#received.push(this.#serverRequests.take(response));
  }

  #receiveResponse(response: ResponseFrame): Expectation | undefined {
    const { rules } = this.#environment;
    if (response.code !== 9) return this.#pendingRequests.take(response);
    assertLimit(response, rules);
    switch (response.data?.limit) {
      case "maxPending":
        return this.#pendingRequests.refuse(response, rules.maxPending);
      case "maxRate":
        this.#assertTooFast();
        return this.#pendingRequests.refuse(response, 0);
      default:
        return this.#pendingRequests.take(response);
    }
  }

  #assertTooFast(): void {
    if (this.load.mayBeRefused) return;
    throw new Violation(`it refused a request as one of ${this.load.sent}`);
  }

  #count(what: string): void {
    this.#environment.counters.note(what);
  }
}

/** Reports whether a frame is about the room that all clients are in. */
function isGiven({ id, data }: Pick<ResponseFrame, "id" | "data">): boolean {
  return id === null &&
    (data?.room === GIVEN_ROOM || data?.message === GIVEN_ROOM);
}

function isControl(reading: RequestReading): reading is Control {
  return reading.kind === "credit" || reading.kind === "cancel" ||
    reading.kind === "done";
}

/** Returns what to expect from a server that can have the option `authorize`. */
function guarded(
  expectation: Expectation,
  request: CallRequest,
  { forbidden }: Rules,
): Expectation {
  if (forbidden === undefined) return expectation;
  const name = request.kind === "message" ? request.wire.message : request.name;
  const decided = forbidden.has(name)
    ? expectError(request.id, [10], request.kind)
    : expectation;
  // The decision can be asynchronous. The matcher of a stream knows that it can be cancelled.
  const matcher = decided.matcher instanceof StreamMatcher
    ? decided.matcher
    : new GuardedMatcher(decided.matcher, request);
  return { ...decided, matcher, isImmediate: false };
}
