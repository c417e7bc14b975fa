/**
 * The server's side of one connection as a state machine: a frame goes in, what has
 * to be done comes out. It knows no socket, no timer and no log.
 *
 * ```text
 * login ──► authenticating ──► open ──► closed
 *   └─────────────┴──────────────────────▲
 * ```
 *
 * @module
 */

import { CloseCode, ErrorCode } from "../common/errors.ts";
import { isDeeperThan } from "../common/json.ts";
import { byteLength } from "../common/text.ts";
import {
  type ClientFrame,
  decodeBatch,
  decodeLogin,
  decodeRequest,
  type ExtensionFrame,
  type LoginRequest,
  type MessageRequest,
  type OperationRequest,
} from "../protocol/client_frames.ts";
import { encodeError, encodeLoginAnswer } from "../protocol/encode.ts";
import {
  commonFeatures,
  type Feature,
  NO_FEATURES,
} from "../protocol/features.ts";
import {
  answerTo,
  exceeded,
  type InvalidFrame,
} from "../protocol/invalid_frame.ts";
import { type WireMessage } from "../protocol/message.ts";
import { isVersion, meetsMinimum } from "../version.ts";
/** Where a connection stands. */
export type SessionState = "login" | "authenticating" | "open" | "closed";

/** What the shell has to do. */
export type Effect =
  /** Ask whether this client may log in, then call `acceptLogin` or `refuseLogin` */
  | LoginRequest
  /** Run the listeners */
  | MessageRequest
  /** Run the operation */
  | OperationRequest
  /** Run the operation as a stream, or do something about one that runs, or a request */
  | ExtensionFrame
  /** Nothing */
  | { readonly kind: "ignore" }
  | AnswerEffect
  | CloseEffect;

/** Send the frame; `failure` is what to log. */
export interface AnswerEffect {
  readonly kind: "answer";
  readonly frame: string;
  readonly failure?: string;
}

/** What a batch asks for, in its order. */
export interface Batch {
  readonly kind: "batch";
  readonly effects: readonly Effect[];
}

/** Send the frame, if there is one, and close; without a failure it is a goodbye. */
export interface CloseEffect {
  readonly kind: "close";
  readonly code: number;
  readonly reason: string;
  readonly frame?: string;
  readonly failure?: string;
}

/** What a client has to keep to. */
export interface SessionRules {
  /** The lowest version that it may have */
  readonly minimumVersion?: string | undefined;
  /** The largest frame, in bytes */
  readonly maxPayload?: number;
  /** How deep the data of a request may nest */
  readonly maxDepth?: number;
}

/** The state of one connection. */
export class Session {
  #state: SessionState = "login";
  #loginId = 0;
  /** What the client named at its login; `undefined` for a client of Hoist 1. */
  #named: readonly unknown[] | undefined;
  #features = NO_FEATURES;
  readonly #rules: SessionRules;

  constructor(rules: SessionRules = {}) {
    this.#rules = rules;
  }

  /** Where the connection stands */
  get state(): SessionState {
    return this.#state;
  }

  /** What both sides speak beyond Hoist 1, known once the connection is open */
  get features(): ReadonlySet<Feature> {
    return this.#features;
  }

  /** Takes what the client sent. */
  receive(frame: unknown): Effect | Batch {
    if (this.#isTooLarge(frame)) return this.#rejectSize();
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

  /** The client may not log in. */
  refuseLogin(why: "refused" | "locked out" | "failed"): Effect {
    if (this.#state !== "authenticating") return { kind: "ignore" };
    switch (why) {
      case "refused":
        return this.#closeLogin("login refused", ErrorCode.LOGIN_FAILED);
      case "locked out":
        return this.#postponeLogin(
          "too many failed logins",
          "too many logins from this address failed: try again later",
        );
      case "failed":
        return this.#postponeLogin(
          "login failed",
          "the server could not decide on the login: try again later",
        );
    }
  }

  /** The client may log in. */
  acceptLogin(): Effect {
    if (this.#state !== "authenticating") return { kind: "ignore" };
    this.#state = "open";
    const named = this.#named;
    if (named !== undefined) this.#features = commonFeatures(named);
    const features = named === undefined ? null : this.#features;
    this.#named = undefined;
    const { maxPayload } = this.#rules;
    return {
      kind: "answer",
      frame: encodeLoginAnswer(this.#loginId, features, maxPayload),
    };
  }

  /** The time for the login has run out. */
  expireLogin(): Effect {
    const pending = this.#state === "login" || this.#state === "authenticating";
    return pending
      ? this.#postponeLogin(
        "login timed out",
        "the login took too long: try again, or raise 'limits.loginTimeout' of the server",
      )
      : { kind: "ignore" };
  }

  /** Nothing more is taken from the client. */
  close(): void {
    this.#state = "closed";
    // The socket may stay for as long as a stranger likes.
    this.#named = undefined;
  }

  #receiveLogin(frame: unknown): Effect {
    const login = decodeLogin(frame);
    if (login.kind === "end") return this.#close(CloseCode.NORMAL, "goodbye");
    if (login.kind === "invalid") return this.#rejectLogin(login);
    const refusal = this.#checkVersion(login);
    if (refusal !== null) return refusal;
    this.#state = "authenticating";
    this.#loginId = login.id;
    this.#named = login.features;
    return login;
  }

  /** A frame that did not wait for the answer to the login. */
  #receiveEarly(frame: unknown): Effect {
    const request = decodeRequest(frame);
    if (request.kind === "end") return this.#close(CloseCode.NORMAL, "goodbye");
    if (request.kind === "invalid") return this.#reject(request);
    const failure = "the login has not been answered yet";
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
    const requests = decodeBatch(frame, this.#features);
    if (requests.length === 1) return this.#effectOf(requests[0]!);
    const effects = requests.map((request) => this.#effectOf(request));
    return { kind: "batch", effects };
  }

  #effectOf(request: ClientFrame): Effect {
    // Nothing counts after a goodbye, or after what ended the connection.
    if (this.#state === "closed") return { kind: "ignore" };
    if (request.kind === "end") return this.#close(CloseCode.NORMAL, "goodbye");
    if (request.kind === "invalid") return this.#reject(request);
    const { maxDepth = Infinity } = this.#rules;
    return isTooDeep(request, maxDepth)
      ? this.#reject(exceeded(request.id, "maxDepth", maxDepth))
      : request;
  }

  #isTooLarge(frame: unknown): boolean {
    const { maxPayload = Infinity } = this.#rules;
    // Binary frames are refused whatever their size.
    return this.#state !== "closed" && typeof frame === "string" &&
      3 * frame.length > maxPayload &&
      byteLength(frame, maxPayload) > maxPayload;
  }

  #rejectSize(): Effect {
    const reason = `a frame must be at most ${this.#rules.maxPayload} bytes`;
    const failure = `${reason}, see 'limits.maxPayload'`;
    return this.#close(CloseCode.MESSAGE_TOO_BIG, reason, { failure });
  }

  /** Checks the version before the token: protocol.md, "1. Login". */
  #checkVersion({ id, version }: LoginRequest): Effect | null {
    const kind = "invalid";
    const fatal = false;
    if (!isVersion(version)) {
      const code = ErrorCode.INVALID_CONTENT;
      const data = { current: "str", needed: "str" };
      const description = '"version" must be a version such as "1.0.0"';
      return this.#rejectLogin({ kind, id, code, data, description, fatal });
    }
    const needed = this.#rules.minimumVersion;
    if (needed === undefined || meetsMinimum(version, needed)) return null;
    const code = ErrorCode.BAD_VERSION;
    const description = `the server needs version ${needed} or later`;
    const data = { needed };
    return this.#rejectLogin({ kind, id, code, data, description, fatal });
  }

  /** Refuses a login whose token may be right, which a client of Hoist 1 is not told. */
  #postponeLogin(failure: string, description: string): Effect {
    return this.#named === undefined
      ? this.#closeLogin(failure, ErrorCode.LOGIN_FAILED)
      : this.#closeLogin(failure, ErrorCode.LIMIT_EXCEEDED, description);
  }

  #closeLogin(
    failure: string,
    code: ErrorCode,
    description: string | null = null,
  ): Effect {
    const frame = encodeError(this.#loginId, code, null, description);
    return this.#close(CloseCode.POLICY_VIOLATION, failure, { frame, failure });
  }

  /** Answers a broken login, which ends the connection. */
  #rejectLogin(invalid: InvalidFrame): Effect {
    const code = invalid.fatal
      ? CloseCode.UNSUPPORTED_DATA
      : CloseCode.POLICY_VIOLATION;
    const reason = invalid.fatal ? "invalid frame" : "login refused";
    return this.#close(code, reason, answerTo(invalid));
  }

  /** Answers a broken request, which ends the connection only if it is no object. */
  #reject(invalid: InvalidFrame): Effect {
    const answer = answerTo(invalid);
    return invalid.fatal
      ? this.#close(CloseCode.UNSUPPORTED_DATA, "invalid frame", answer)
      : { kind: "answer", ...answer };
  }

  #close(
    code: number,
    reason: string,
    rest: { readonly frame?: string; readonly failure?: string } = {},
  ): Effect {
    this.close();
    return { kind: "close", code, reason, ...rest };
  }
}

/** Whether the data of a request, or what it replies to, goes beyond the limit. */
function isTooDeep(
  request: MessageRequest | OperationRequest | ExtensionFrame,
  limit: number,
): boolean {
  if (limit === Infinity || !("data" in request)) return false;
  if (isDeeperThan(request.data, limit)) return true;
  let levels = 0;
  let replying: WireMessage | null = request.kind === "message"
    ? request.replying
    : null;
  for (; replying !== null; replying = replying.replying) {
    if (++levels > limit || isDeeperThan(replying.data, limit)) return true;
  }
  return false;
}
