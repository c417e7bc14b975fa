/**
 * The protocol of one connection as a pure state machine. It turns each frame of the
 * client into an effect, and uses no socket, no timer and no log.
 *
 * ```text
 * login ──► authenticating ──► open ──► closed
 *   └─────────────┴──────────────────────▲
 * ```
 *
 * @module
 */

import { CloseCode, ErrorCode } from "../common/errors.ts";
import type { Json } from "../common/json.ts";
import { fitsInto } from "../common/text.ts";
import {
  type ClientFrame,
  decodeEntry,
  decodeLogin,
  decodeRequest,
  type LoginRequest,
  parseBatch,
} from "../protocol/client_frames.ts";
import {
  encodeError,
  encodeLoginAnswer,
  errorAnswerOf,
} from "../protocol/encode.ts";
import {
  type Feature,
  type HeartbeatRules,
  NO_FEATURES,
} from "../protocol/features.ts";
import {
  exceeded,
  invalid,
  type InvalidFrame,
} from "../protocol/request_error.ts";
import { isVersion, meetsMinimum } from "../version.ts";
import type { LoginFailure, LoginRefusal } from "./admission.ts";
import { encodeLoginFailure, LOGIN_FAILURE } from "./error_response.ts";
import type { LoginMetric } from "./metrics.ts";
import { isTooDeep } from "./request_size.ts";
import { MAX_ROOMS } from "./room_errors.ts";
import type {
  AnswerEffect,
  Batch,
  CloseEffect,
  Effect,
  SessionRules,
} from "./session_types.ts";

/** The state of a connection. */
export type SessionState = "login" | "authenticating" | "open" | "closed";

/** How many frames a client can send before its login is answered. No client needs one. */
const MAX_EARLY_FRAMES = 16;

/** The state machine of one connection. */
export class Session {
  #state: SessionState = "login";
  #loginId = 0;
  /** The extensions that the client named; `undefined` for a Hoist 1 client */
  #requestedFeatures: ReadonlySet<Feature> | undefined;
  #features = NO_FEATURES;
  #heartbeat: HeartbeatRules | undefined;
  #member: string | undefined;
  /** The number of frames that arrived before the login was answered */
  #earlyFrames = 0;
  readonly #rules: SessionRules;

  constructor(rules: SessionRules = {}, isExtended = false) {
    this.#rules = rules;
    if (isExtended) this.#requestedFeatures = NO_FEATURES;
  }

  /** The state of the connection */
  get state(): SessionState {
    return this.#state;
  }

  /** The extensions that both sides support; none before the login */
  get features(): ReadonlySet<Feature> {
    return this.#features;
  }

  /** When the client sends pings; `undefined` if it does not */
  get heartbeat(): HeartbeatRules | undefined {
    return this.#heartbeat;
  }

  /** The secret by which the server recognizes the client in rooms; `undefined` for none */
  get member(): string | undefined {
    return this.#member;
  }

  /** Handles a frame of the client. */
  receive(frame: unknown): Effect | Batch {
    const limit = this.#sizeLimit;
    if (isLarger(frame, this.#rules[limit])) return this.#rejectSize(limit);
    switch (this.#state) {
      case "login":
        return this.#receiveLogin(frame);
      case "authenticating":
        return this.#receiveEarly(frame);
      case "open":
        return this.#receiveRequest(frame);
      case "closed":
        return { kind: "ignore" };
    }
  }

  /** Handles an entry of a batch. */
  receiveEntry(entry: Json | undefined): Effect {
    // Ignore the rest of a batch after a goodbye, or after a fatal frame.
    return this.#state === "closed"
      ? { kind: "ignore" }
      : this.#effectOf(decodeEntry(entry, this.#features));
  }

  /** Rejects the login. */
  rejectLogin(why: LoginFailure): Effect {
    if (this.#state !== "authenticating") return { kind: "ignore" };
    if (typeof why === "object") return this.#refuseLogin(why.refusal);
    switch (why) {
      case "refused":
        return this.#closeLogin(
          "wrong_token",
          "login rejected",
          "wrong token",
          ErrorCode.LOGIN_FAILED,
        );
      case "locked out":
        return this.#postponeLogin(
          "locked_out",
          "too many failed logins",
          "too many failed logins. To allow more, raise 'limits.maxLoginFailures'.",
          "too many logins from this address failed. Try again later.",
        );
      case "failed":
        return this.#failLogin();
      case "timed out":
        return this.expireLogin();
      case "maxConnections":
      case "maxConnectionsPerAddress":
        return this.#postponeLogin(
          why,
          "too many connections",
          `too many clients are logged in. To allow more, raise 'limits.${why}'.`,
          "too many clients are logged in. Try again later.",
        );
    }
  }

  /**
   * Rejects the login of an address that is locked out, without reading it: an attacker can
   * choose JSON that takes long to parse.
   */
  rejectUnread(frame: unknown): Effect {
    if (this.#state !== "login") return { kind: "ignore" };
    this.#state = "authenticating";
    const isHoist1 = typeof frame !== "string" || !frame.includes('"features"');
    this.#requestedFeatures = isHoist1 ? undefined : NO_FEATURES;
    return this.rejectLogin("locked out");
  }

  /** Accepts the login. */
  acceptLogin(): Effect {
    if (this.#state !== "authenticating") return { kind: "ignore" };
    this.#state = "open";
    const requested = this.#requestedFeatures;
    this.#features = requested ?? NO_FEATURES;
    const { maxPayload } = this.#rules;
    return {
      kind: "answer",
      frame: encodeLoginAnswer(this.#loginId, requested ?? null, {
        maxPayload,
        maxRooms: MAX_ROOMS,
      }),
    };
  }

  /** Ends a login that takes too long. */
  expireLogin(): Effect {
    const pending = this.#state === "login" || this.#state === "authenticating";
    return pending
      ? this.#postponeLogin(
        "timed_out",
        "login timed out",
        "timed out. To allow more time, raise 'limits.loginTimeout'.",
        "the login took too long. Try again, or raise 'limits.loginTimeout' of the server.",
      )
      : { kind: "ignore" };
  }

  /** Ignores all further frames. */
  close(): void {
    this.#state = "closed";
  }

  #receiveLogin(frame: unknown): Effect {
    const login = decodeLogin(frame);
    if (login.kind === "end") return this.#close(CloseCode.NORMAL, "goodbye");
    if (login.kind === "invalid") return this.#rejectLoginFrame(login, true);
    const rejection = this.#checkVersion(login);
    if (rejection !== null) return rejection;
    this.#state = "authenticating";
    this.#loginId = login.id;
    this.#requestedFeatures = login.features;
    this.#heartbeat = login.heartbeat;
    this.#member = login.member;
    return login;
  }

  /** Handles a frame that arrives before the login is answered. */
  #receiveEarly(frame: unknown): Effect {
    if (++this.#earlyFrames > MAX_EARLY_FRAMES) return this.#rejectEarly();
    const request = decodeRequest(frame);
    if (request.kind === "end") return this.#close(CloseCode.NORMAL, "goodbye");
    if (request.kind === "invalid") return this.#reject(request);
    const failure = "the login is not finished yet. Wait for its response.";
    return {
      kind: "answer",
      frame: encodeError(request.id, ErrorCode.INVALID_ACTION, null, failure),
      failure,
    };
  }

  #receiveRequest(frame: unknown): Effect | Batch {
    if (!this.#features.has("batch")) {
      return this.#effectOf(decodeRequest(frame, this.#features));
    }
    const entries = parseBatch(frame);
    return entries.length > 1
      ? { kind: "batch", entries }
      : this.#effectOf(decodeEntry(entries[0], this.#features));
  }

  #effectOf(request: ClientFrame): Effect {
    if (request.kind === "end") return this.#close(CloseCode.NORMAL, "goodbye");
    if (request.kind === "invalid") return this.#reject(request);
    if (request.kind === "ping") return request;
    const { maxDepth = Infinity } = this.#rules;
    return isTooDeep(request, maxDepth)
      ? tooDeep(request.id, maxDepth)
      : request;
  }

  /** The limit that applies to the size of the next frame. */
  get #sizeLimit(): "maxPayload" | "maxLoginPayload" {
    const { maxPayload = Infinity, maxLoginPayload = Infinity } = this.#rules;
    return this.#isLoggedIn || maxPayload <= maxLoginPayload
      ? "maxPayload"
      : "maxLoginPayload";
  }

  /** Whether the login was accepted; also true after the end */
  get #isLoggedIn(): boolean {
    return this.#state === "open" || this.#state === "closed";
  }

  #rejectSize(limit: "maxPayload" | "maxLoginPayload"): Effect {
    if (this.#state === "closed") return { kind: "ignore" };
    const isMalformedLogin = !this.#isLoggedIn;
    const what = isMalformedLogin ? "login" : "frame";
    const reason = `the ${what} is larger than ${this.#rules[limit]} bytes`;
    const failure = `${reason}. To allow more, raise 'limits.${limit}'.`;
    return this.#close(CloseCode.MESSAGE_TOO_BIG, reason, {
      failure,
      isMalformedLogin,
      limit,
    });
  }

  /** Closes the connection of a client that sends too much before its login is answered. */
  #rejectEarly(): Effect {
    const reason = "too many frames before the login";
    return this.#close(CloseCode.POLICY_VIOLATION, reason, {
      failure: `more than ${MAX_EARLY_FRAMES} frames before the login`,
      isMalformedLogin: true,
    });
  }

  /** Checks the version before the token: docs/reference/protocol.md, "Login". */
  #checkVersion({ id, version }: LoginRequest): Effect | null {
    const needed = this.#rules.minimumVersion;
    // Python Hoist accepts any string then, such as "1.0.2.dev0".
    if (needed === undefined) return null;
    if (!isVersion(version)) {
      const description = '"version" must be a version such as "1.0.0"';
      const data = { current: "str", needed: "str" };
      return this.#rejectVersion(
        invalid(id, ErrorCode.INVALID_CONTENT, description, data),
      );
    }
    if (meetsMinimum(version, needed)) return null;
    const description =
      `the server needs version ${needed} or later. Update the client.`;
    return this.#rejectVersion(
      invalid(id, ErrorCode.BAD_VERSION, description, { needed }),
    );
  }

  #rejectVersion(frame: InvalidFrame): Effect {
    return { ...this.#rejectLoginFrame(frame), login: "bad_version" };
  }

  /** Rejects a login with an error that the application threw on purpose. */
  #refuseLogin({ answer, note }: LoginRefusal): Effect {
    const frame = answer.encode(this.#loginId);
    const rest = { frame, failure: note, login: "refused" } as const;
    return this.#close(CloseCode.POLICY_VIOLATION, "login rejected", rest);
  }

  /** Ends a login about which the login function could not decide. */
  #failLogin(): Effect {
    const frame = encodeLoginFailure(this.#loginId);
    const rest = { frame, failure: LOGIN_FAILURE, login: "failed" } as const;
    return this.#close(CloseCode.POLICY_VIOLATION, "login failed", rest);
  }

  /**
   * Rejects a login whose token can be right. Hoist 1 has no error code for this.
   *
   * @param login What the login ended with, for the metrics
   * @param reason The reason of the Close frame
   * @param failure What is logged
   * @param description What the client gets
   */
  #postponeLogin(
    login: LoginMetric,
    reason: string,
    failure: string,
    description: string,
  ): Effect {
    if (this.#requestedFeatures === undefined) {
      return this.#closeLogin(login, reason, failure, ErrorCode.LOGIN_FAILED);
    }
    const code = ErrorCode.LIMIT_EXCEEDED;
    return this.#closeLogin(login, reason, failure, code, description);
  }

  #closeLogin(
    login: LoginMetric,
    reason: string,
    failure: string,
    code: ErrorCode,
    description: string | null = null,
  ): Effect {
    const frame = encodeError(this.#loginId, code, null, description);
    const rest = { login, frame, failure };
    return this.#close(CloseCode.POLICY_VIOLATION, reason, rest);
  }

  /** Answers an invalid login, and closes the connection. */
  #rejectLoginFrame(
    frame: InvalidFrame,
    isMalformedLogin = false,
  ): CloseEffect {
    const code = frame.fatal
      ? CloseCode.UNSUPPORTED_DATA
      : CloseCode.POLICY_VIOLATION;
    const reason = frame.fatal ? "invalid frame" : "login rejected";
    const answer = errorAnswerOf(frame);
    return this.#close(code, reason, { ...answer, isMalformedLogin });
  }

  /** Answers an invalid request. Closes the connection if it is not an object. */
  #reject(frame: InvalidFrame): Effect {
    if (!frame.fatal) return { ...rejection(frame), isInvalid: true };
    const isMalformedLogin = !this.#isLoggedIn;
    const rest = { ...errorAnswerOf(frame), isMalformedLogin, isInvalid: true };
    return this.#close(CloseCode.UNSUPPORTED_DATA, "invalid frame", rest);
  }

  #close(
    code: number,
    reason: string,
    rest: Omit<CloseEffect, "kind" | "code" | "reason"> = {},
  ): CloseEffect {
    this.close();
    return { kind: "close", code, reason, ...rest };
  }
}

function rejection(frame: InvalidFrame): AnswerEffect {
  return { kind: "answer", ...errorAnswerOf(frame) };
}

function tooDeep(id: number, maxDepth: number): AnswerEffect {
  const answer = rejection(exceeded(id, "maxDepth", maxDepth));
  return { ...answer, limit: "maxDepth" };
}

/** Whether a frame is too large. Binary frames are invalid regardless of their size. */
function isLarger(frame: unknown, limit = Infinity): boolean {
  return typeof frame === "string" && !fitsInto(frame, limit);
}
