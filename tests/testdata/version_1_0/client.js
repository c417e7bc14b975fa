var __defProp = Object.defineProperty;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __esm = (fn, res) =>
  function __init() {
    return fn && (res = (0, fn[__getOwnPropNames(fn)[0]])(fn = 0)), res;
  };
var __export = (target, all) => {
  for (var name in all) {
    __defProp(target, name, { get: all[name], enumerable: true });
  }
};

// common/hoist_error.ts
var HoistError;
var init_hoist_error = __esm({
  "common/hoist_error.ts"() {
    HoistError = class extends Error {
      /** The name of the class, which starts the output of an uncaught error */
      name = "HoistError";
    };
  },
});

// common/json.ts
function isJsonObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function isId(value) {
  return Number.isSafeInteger(value);
}
function clearMinusZeros(value) {
  const rest = [];
  const replace = (container, key) => {
    const inner = container[key];
    if (typeof inner === "object" && inner !== null) {
      rest.push(inner);
    } else if (Object.is(inner, -0)) container[key] = 0;
  };
  replace({
    value,
  }, "value");
  for (let each = rest.pop(); each !== void 0; each = rest.pop()) {
    if (Array.isArray(each)) {
      for (let index = 0; index < each.length; index++) replace(each, index);
    } else {
      for (const key in each) replace(each, key);
    }
  }
}
function escapeDigits(json) {
  return DIGITS.test(json) ? json.replaceAll(FIRST_DIGITS, '"\\u003$1') : json;
}
var DIGITS, FIRST_DIGITS;
var init_json = __esm({
  "common/json.ts"() {
    DIGITS = /"\d\d\d\d\d{0,5}"/;
    FIRST_DIGITS = /"(\d)(?=\d{3,8}")/g;
  },
});

// common/text.ts
function byteLength(text) {
  const { length } = text;
  let bytes = length;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 127) {
      bytes += unit > 2047 && (unit & 63488) !== 55296 ? 2 : 1;
    }
  }
  return bytes;
}
function fitsInto(text, limit2) {
  if (3 * text.length <= limit2) return true;
  return text.length <= limit2 && byteLength(text) <= limit2;
}
function assertLength(frame, limit2, subject, limitName) {
  if (fitsInto(frame, limit2)) return;
  const length = byteLength(frame);
  throw new RangeError(
    `Cannot send ${subject()}: it must be at most ${limit2} bytes long. It has ${length} bytes. Send less data, or raise '${limitName}' of the server.`,
  );
}
function describeMessage(name) {
  return `message ${quote(name)}`;
}
function describeOperation(name) {
  return `operation ${quote(name)}`;
}
function describeStream(name) {
  return `stream ${quote(name)}`;
}
function describeRequest(name) {
  return `request ${quote(name)}`;
}
function quoteName(name) {
  return `'${showName(name)}'`;
}
function showName(name) {
  return escapeControls(truncate(name));
}
function quote(name) {
  if (typeof name !== "string") return showValue(name);
  return escapeControls(JSON.stringify(truncate(name)));
}
function showValue(value) {
  if (typeof value === "string") return value === "" ? "empty" : quote(value);
  if (typeof value === "bigint") return `${truncate(String(value))}n`;
  if (typeof value === "symbol") return "a symbol";
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  return Array.isArray(value) ? "an array" : "an object";
}
function formatPath(path) {
  const steps = path.map((key, index) => {
    if (typeof key === "number") return `[${key}]`;
    if (!/^[\w$]+$/.test(key)) return `[${JSON.stringify(key)}]`;
    return index === 0 ? key : `.${key}`;
  });
  return escapeControls(truncate(steps.join(""), MAX_PATH));
}
function escapeControls(text, length = MAX_SHOWN) {
  return text.slice(0, length).replaceAll(CONTROL, encodeURIComponent);
}
function escapeLines(text) {
  return text.replaceAll(
    CONTROL,
    (character) => character === "\n" ? "\n  " : encodeURIComponent(character),
  );
}
function truncate(text, length = MAX_NAME) {
  return text.length > length ? `${text.slice(0, length)}\u2026` : text;
}
var MAX_PATH, MAX_SHOWN, CONTROL, MAX_NAME;
var init_text = __esm({
  "common/text.ts"() {
    MAX_PATH = 200;
    MAX_SHOWN = 1e3;
    CONTROL =
      /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
    MAX_NAME = 100;
  },
});

// common/issues.ts
function issuesOf(issues) {
  return Array.from(issues).slice(0, MAX_ISSUES).map(({ path, message }) => ({
    path: Array.from(path ?? []).slice(0, MAX_PATH2).map(keyOf),
    message: truncate(String(message), MAX_MESSAGE),
  }));
}
function keyOf(segment) {
  const key = typeof segment === "object" ? segment.key : segment;
  return typeof key === "number" ? key : truncate(String(key));
}
function readIssues(data) {
  const { issues } = Object(data);
  return Array.isArray(issues) ? issuesOf(issues.filter(isIssue)) : [];
}
function isIssue(value) {
  return isJsonObject(value) && typeof value.message === "string" &&
    Array.isArray(value.path) && value.path.every(isKey);
}
function isKey(value) {
  return typeof value === "string" || typeof value === "number";
}
function describeIssues(issues) {
  const parts = issues.slice(0, MAX_DESCRIBED).map(({ path, message }) => {
    const shown = escapeControls(message);
    return path.length === 0 ? shown : `${formatPath(path)}: ${shown}`;
  });
  const rest = issues.length - parts.length;
  if (rest > 0) parts.push(`and ${rest} more`);
  return parts.join("; ") || "the schema gives no reason";
}
var MAX_ISSUES, MAX_PATH2, MAX_MESSAGE, MAX_DESCRIBED;
var init_issues = __esm({
  "common/issues.ts"() {
    init_json();
    init_text();
    MAX_ISSUES = 16;
    MAX_PATH2 = 16;
    MAX_MESSAGE = 300;
    MAX_DESCRIBED = 3;
  },
});

// common/codes.ts
var ErrorCode, CloseCode;
var init_codes = __esm({
  "common/codes.ts"() {
    ErrorCode = {
      INVALID_JSON: 1,
      INVALID_CONTENT: 2,
      LOGIN_FAILED: 3,
      BAD_VERSION: 4,
      UNKNOWN_OPERATION: 5,
      SERVER_ERROR: 6,
      UNSUPPORTED_OPERATION: 7,
      INVALID_ACTION: 8,
      LIMIT_EXCEEDED: 9,
    };
    CloseCode = {
      NORMAL: 1e3,
      GOING_AWAY: 1001,
      UNSUPPORTED_DATA: 1003,
      ABNORMAL: 1006,
      POLICY_VIOLATION: 1008,
      MESSAGE_TOO_BIG: 1009,
      SERVICE_RESTART: 1012,
      TRY_AGAIN_LATER: 1013,
    };
  },
});

// common/response_error.ts
function problemOf(frame, issues) {
  if (issues.some(({ path }) => path.length > 0)) {
    return `the server rejected the data (${showName(frame.error)}). ${
      describeIssues(issues)
    }`;
  }
  const remedy = REMEDIES.get(frame.code) ?? "";
  const detail = escapeControls(detailOf(frame));
  return `the server answered ${showName(frame.error)}: ${detail}${remedy}`;
}
function detailOf({ description, message, data }) {
  if (description !== null) return withoutPeriod(description);
  const { exc, message: cause } = Object(data);
  if (typeof exc !== "string" || typeof cause !== "string") {
    return withoutPeriod(message);
  }
  return withoutPeriod(exc === HIDDEN_CLASS ? cause : `${exc}: ${cause}`);
}
function withoutPeriod(sentence) {
  return sentence.replace(/\.$/, "");
}
var ResponseError, REMEDIES, HIDDEN_CLASS;
var init_response_error = __esm({
  "common/response_error.ts"() {
    init_codes();
    init_hoist_error();
    init_issues();
    init_text();
    ResponseError = class extends HoistError {
      /** The name of the class */
      name = "ResponseError";
      /** The number of the error, see {@linkcode ErrorCode} */
      code;
      /** The name of the error, such as `UNKNOWN_OPERATION` */
      error;
      /** The details, whose keys depend on the code */
      data;
      /** What is wrong with the data, if it does not match the schema of the server */
      issues;
      /**
       * Constructs a `ResponseError`.
       *
       * @param subject The request, such as `operation "add"`
       * @param frame The error frame of the server
       */
      constructor(subject, frame) {
        const issues = readIssues(frame.data);
        super(`Cannot finish ${subject}: ${problemOf(frame, issues)}`);
        this.code = frame.code;
        this.error = frame.error;
        this.data = frame.data;
        this.issues = issues;
      }
    };
    REMEDIES = /* @__PURE__ */ new Map([
      [
        ErrorCode.UNKNOWN_OPERATION,
        ". Check the spelling, or register the operation on the server.",
      ],
      [
        ErrorCode.SERVER_ERROR,
        ". See the log of the server.",
      ],
    ]);
    HIDDEN_CLASS = "InternalError";
  },
});

// common/errors.ts
var ConnectError,
  LoginError,
  VersionError,
  NoReplyError,
  ValidationError,
  FeatureError,
  ConnectionClosedError,
  TimeoutError,
  BufferFullError;
var init_errors = __esm({
  "common/errors.ts"() {
    init_hoist_error();
    init_issues();
    init_text();
    init_codes();
    init_hoist_error();
    init_response_error();
    ConnectError = class extends HoistError {
      /** The name of the class */
      name = "ConnectError";
      /** The HTTP status that the server or a proxy answered; `undefined` if there is none */
      status;
      /** The delay that the server or a proxy asks for, in milliseconds, if there is one */
      retryAfter;
      /**
       * Constructs a `ConnectError`.
       *
       * @param message What failed, why, and what to do
       * @param options The cause, and the status and the delay of an HTTP response
       */
      constructor(message, options = {}) {
        super(message, options);
        this.status = options.status;
        this.retryAfter = options.retryAfter;
      }
    };
    LoginError = class extends HoistError {
      /** The name of the class */
      name = "LoginError";
    };
    VersionError = class extends HoistError {
      /** The name of the class */
      name = "VersionError";
      /** The minimum version of the side that rejected the other */
      needed;
      /** The version of the side that was rejected */
      current;
      /**
       * Constructs a `VersionError`.
       *
       * @param message What failed, why, and what to do
       * @param versions The minimum version and the current version
       */
      constructor(message, versions) {
        super(message);
        this.needed = versions.needed;
        this.current = versions.current;
      }
    };
    NoReplyError = class extends HoistError {
      /** The name of the class */
      name = "NoReplyError";
      /** Whether a listener on the other side failed */
      hasFailed;
      /**
       * Constructs a `NoReplyError`.
       *
       * @param subject The request, such as `request "hello"`
       * @param hasFailed Whether a listener failed
       */
      constructor(subject, hasFailed = false) {
        const reason = hasFailed
          ? "a listener on the other side failed, and no other listener replied. See the log of the other side."
          : "no listener on the other side replied. Register a listener that calls message.reply().";
        super(`Cannot finish ${subject}: ${reason}`);
        this.hasFailed = hasFailed;
      }
    };
    ValidationError = class extends HoistError {
      /** The name of the class */
      name = "ValidationError";
      /** What is wrong, and where */
      issues;
      /**
       * Constructs a `ValidationError`.
       *
       * @param subject What failed, such as `Cannot finish operation "add"`
       * @param problem Why, such as `the result does not match its schema`
       * @param issues What is wrong with the data
       */
      constructor(subject, problem, issues) {
        super(`${subject}: ${problem}: ${describeIssues(issues)}`);
        this.issues = issues;
      }
    };
    FeatureError = class extends HoistError {
      /** The name of the class */
      name = "FeatureError";
      /** The name of the extension: docs/reference/protocol.md, "Extensions" */
      feature;
      /**
       * Constructs a `FeatureError`.
       *
       * @param subject The request, such as `stream "rows"`
       * @param feature The name of the extension
       * @param peer The side that lacks the extension
       */
      constructor(subject, feature, peer) {
        super(
          `Cannot finish ${subject}: the ${peer} does not support the extension "${feature}" of this package. Update the ${peer}.`,
        );
        this.feature = feature;
      }
    };
    ConnectionClosedError = class extends HoistError {
      /** The name of the class */
      name = "ConnectionClosedError";
      /** The close code of the WebSocket, see {@linkcode CloseCode} */
      code;
      /**
       * The reason that the other side sent, `closed by the client` after `Connection.close()`, or
       * an empty string
       */
      reason;
      /**
       * Constructs a `ConnectionClosedError`.
       *
       * @param subject The request, such as `operation "add"`
       * @param close The close code and the reason of the WebSocket
       * @param rest The end of the message, if there is more to add
       */
      constructor(subject, close, rest = "") {
        const detail = close.reason === ""
          ? ""
          : `, ${showValue(close.reason)}`;
        super(
          `Cannot finish ${subject}: the connection is closed (${close.code}${detail})${rest}`,
        );
        this.code = close.code;
        this.reason = close.reason;
      }
    };
    TimeoutError = class extends HoistError {
      /** The name of the class. A timeout of `AbortSignal.timeout()` has the same name. */
      name = "TimeoutError";
    };
    BufferFullError = class extends HoistError {
      /** The name of the class */
      name = "BufferFullError";
    };
  },
});

// common/caller_stack.ts
async function withCallerStack(promise, onFailure) {
  try {
    return await promise;
  } catch (error) {
    const { captureStackTrace } = Error;
    if (error instanceof HoistError) {
      captureStackTrace?.(error, withCallerStack);
    }
    onFailure?.(error);
    throw error;
  }
}
var init_caller_stack = __esm({
  "common/caller_stack.ts"() {
    init_errors();
  },
});

// protocol/message.ts
function parseFrame(frame) {
  if (typeof frame !== "string") return void 0;
  try {
    const value = JSON.parse(escapeDigits(frame));
    if (frame.includes("-0")) clearMinusZeros(value);
    return value;
  } catch {
    return void 0;
  }
}
function isWireMessage(value) {
  for (let current = value; isJsonObject(current);) {
    if (
      typeof current.message !== "string" || !isJsonObject(current.data) ||
      !isId(current.id)
    ) return false;
    if (current.replying === null) return true;
    current = current.replying;
  }
  return false;
}
var Message;
var init_message = __esm({
  "protocol/message.ts"() {
    init_json();
    Message = class _Message {
      /** The number of the message, which is unique on its server */
      id;
      /** The name of the message, by which the listeners are chosen */
      name;
      /** The data of the message: the output of its schema, if it has one */
      data;
      #wire;
      #replying;
      /**
       * Constructs a `Message` from a message object.
       *
       * @param wire The message object: docs/reference/protocol.md, "2. A message"
       * @param checked The output of the schema of its data; by default, the data itself
       */
      constructor(wire, checked) {
        this.#wire = wire;
        this.id = wire.id;
        this.name = wire.message;
        this.data = (checked ?? wire).data;
      }
      /** The message that this one replies to, or `null` */
      get replying() {
        const { replying } = this.#wire;
        return replying === null
          ? null
          : this.#replying ??= new _Message(replying);
      }
      /**
       * Returns the message object: docs/reference/protocol.md, "2. A message".
       *
       * @returns The message object
       */
      toJSON() {
        return this.#wire;
      }
    };
  },
});

// client/message.ts
var ServerMessage, SentMessage;
var init_message2 = __esm({
  "client/message.ts"() {
    init_message();
    ServerMessage = class extends Message {
      #send;
      /**
       * Constructs a `ServerMessage`. Applications receive messages from a connection.
       *
       * @param wire The message object: docs/reference/protocol.md, "2. A message"
       * @param send Sends a reply to the message
       */
      constructor(wire, send) {
        super(wire);
        this.#send = send;
      }
      /**
       * Replies to the message. The reply is itself a message: the listeners of the server
       * receive it, with this message as its `replying`. The promise does not have to be awaited.
       *
       * Without a contract: `reply(name: string, data?: JsonObject, options?: MessageOptions)`.
       *
       * @param name The name of the reply
       * @param dataAndOptions The data (by default an empty object) and the options
       * @returns Resolves when the listeners of the server have finished, as
       * `Connection.message` does
       *
       * @example
       * ```ts
       * import { connect, serve } from "@hoist/cli";
       * import assert from "node:assert/strict";
       *
       * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
       * await using connection = await connect("test", { url: server.url });
       * connection.receive("ping", async (message) => {
       *   await message.reply("pong", { n: message.data.n });
       *   await connection.close();
       * });
       *
       * const [client] = server.clients;
       * const reply = await client?.request("ping", { n: 1 });
       * assert.deepEqual(reply?.data, { n: 1 });
       * await connection.closed;
       * ```
       */
      reply(name, ...dataAndOptions) {
        const [data, options] = dataAndOptions;
        return this.#send(this.toJSON(), name, data, options);
      }
    };
    SentMessage = class extends Message {
      /** The replies of the server's listeners, in the order of their arrival */
      replies;
      /**
       * Constructs a `SentMessage`. Applications receive it from `Connection.message`.
       *
       * @param wire The message object: docs/reference/protocol.md, "2. A message"
       * @param replies The replies to it
       */
      constructor(wire, replies) {
        super(wire);
        this.replies = replies;
      }
    };
  },
});

// common/suggest.ts
function suggestName(name, candidates, kind, quoted = quoteName) {
  const nearest = nearestName(name, candidates);
  if (nearest !== void 0) return `Did you mean ${quoted(nearest)}?`;
  const listed = candidates.slice(0, MAX_LISTED).join(", ");
  const rest = candidates.length - MAX_LISTED;
  if (candidates.length === 0) return `There are no ${kind}.`;
  return `The ${kind} are ${escapeControls(listed)}${
    rest > 0 ? ` and ${rest} more` : ""
  }.`;
}
function nearestName(name, candidates) {
  const wanted = normalize(truncate(name));
  return mistyped(wanted, candidates) ?? related(wanted, candidates);
}
function mistyped(wanted, candidates) {
  let nearest;
  let least = Infinity;
  for (const candidate of candidates) {
    const other = normalize(candidate);
    const distance = editDistance(wanted, other);
    const limit2 = Math.max(wanted.length, other.length) / 3;
    if (distance > limit2 || distance >= least) continue;
    nearest = candidate;
    least = distance;
  }
  return nearest;
}
function related(wanted, candidates) {
  const names = candidates.filter((each) =>
    Math.min(wanted.length, normalize(each).length) >= MIN_SHARED
  );
  const matches = (isMatch) => names.filter((each) => isMatch(normalize(each)));
  return commonStart(matches((other) => other.startsWith(wanted))) ??
    commonStart(matches((other) => other.includes(wanted))) ??
    longest(matches((other) => wanted.includes(other)));
}
function commonStart(names) {
  return names.find((name) => names.every((other) => other.startsWith(name)));
}
function longest(names) {
  return names.toSorted((one, other) => other.length - one.length)[0];
}
function normalize(name) {
  return name.toLowerCase().replaceAll(/[_-]/g, "");
}
function editDistance(one, other) {
  let beforeLast = [];
  let last = Array.from({
    length: other.length + 1,
  }, (_, index) => index);
  for (let row = 1; row <= one.length; row++) {
    const current = [
      row,
    ];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwap = one[row - 1] === other[column - 2] &&
        one[row - 2] === other[column - 1];
      current.push(
        Math.min(
          last[column] + 1,
          current[column - 1] + 1,
          last[column - 1] + (isSame ? 0 : 1),
          isSwap ? beforeLast[column - 2] + 1 : Infinity,
        ),
      );
    }
    [beforeLast, last] = [
      last,
      current,
    ];
  }
  return last[other.length];
}
var MAX_LISTED, MIN_SHARED;
var init_suggest = __esm({
  "common/suggest.ts"() {
    init_text();
    MAX_LISTED = 40;
    MIN_SHARED = 3;
  },
});

// common/check.ts
function checkKeys(subject, options, known2, parent) {
  if (options === void 0) return;
  if (!isObject(options)) {
    const what = parent === void 0 ? "the options" : quoteName(parent);
    throw invalidType(subject, what, "an object", options);
  }
  for (const name in options) {
    if (Object.hasOwn(known2, name) || !Object.hasOwn(options, name)) continue;
    throw new TypeError(describeUnknown(subject, name, known2, parent));
  }
}
function checkNumber(subject, name, value, range) {
  if (value === void 0 || isInRange(value, range)) return value;
  const needed = describeRange(range);
  throw typeof value === "number"
    ? outOfRange(subject, quoteName(name), needed, value)
    : invalidType(subject, quoteName(name), needed, value);
}
function isInRange(
  value,
  { min, max = Infinity, integer = false, infinity = false },
) {
  if (value === Infinity) return infinity;
  if (typeof value !== "number" || !(value >= min && value <= max)) {
    return false;
  }
  return !integer || Number.isSafeInteger(value);
}
function describeRange({ min, max, integer = false, unit, infinity = false }) {
  const kind = integer ? "a whole number" : "a number";
  const counted = unit === void 0 ? kind : `${kind} of ${unit}`;
  const bounds = max === void 0
    ? `of at least ${min}`
    : `from ${min} to ${max}`;
  return `${counted} ${bounds}${infinity ? ", or Infinity" : ""}`;
}
function checkToken(subject, what, token, remedy) {
  if (isNonEmpty(token)) return;
  throw new TypeError(
    `${textOf(subject)}: ${what} must be a non-empty string. ${remedy}`,
  );
}
function checkBoolean(subject, name, value) {
  if (value === void 0 || typeof value === "boolean") return value;
  throw invalidType(subject, quoteName(name), "true or false", value);
}
function checkFunction(subject, name, value) {
  if (value === void 0 || typeof value === "function") return value;
  throw invalidType(subject, quoteName(name), "a function", value);
}
function checkObject(subject, name, value) {
  if (value === void 0 || isObject(value)) return value;
  throw invalidType(subject, quoteName(name), "an object", value);
}
function checkSignal(subject, name, value) {
  if (value === void 0 || isSignal(value)) return value;
  throw invalidType(subject, quoteName(name), "an AbortSignal", value);
}
function checkOneOf(subject, name, value, allowed) {
  if (value === void 0 || allowed.includes(value)) return value;
  const needed = allowed.map((each) => JSON.stringify(each)).join(" or ");
  throw invalidType(subject, quoteName(name), needed, value);
}
function invalidType(subject, what, needed, value, hint = "") {
  return new TypeError(describeInvalid(subject, what, needed, value) + hint);
}
function outOfRange(subject, what, needed, value) {
  return new RangeError(describeInvalid(subject, what, needed, value));
}
function describeInvalid(subject, what, needed, value) {
  const verb = what.endsWith("options") ? "They are" : "It is";
  return `${textOf(subject)}: ${what} must be ${needed}. ${verb} ${
    showValue(value)
  }.`;
}
function describeUnknown(subject, name, known2, parent) {
  const place = parent === void 0 ? "" : ` in ${quoteName(parent)}`;
  return `${textOf(subject)}: unknown option ${quoteName(name)}${place}. ${
    remedyFor(name, known2)
  }`;
}
function remedyFor(name, known2) {
  const ours = PYTHON_NAMES.get(name);
  if (ours !== void 0 && Object.hasOwn(known2, ours)) {
    return `This package calls it '${ours}'.`;
  }
  if (ours === "http") return "Call debug({ http: true }) instead.";
  return suggestName(name, Object.keys(known2), "options");
}
function textOf(subject) {
  return typeof subject === "string" ? subject : subject();
}
function isNonEmpty(value) {
  return typeof value === "string" && value !== "";
}
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function isSignal(value) {
  return typeof value === "object" && value !== null && "aborted" in value &&
    "addEventListener" in value;
}
var MAX_TIMEOUT, DURATION, TIMEOUT, PYTHON_NAMES;
var init_check = __esm({
  "common/check.ts"() {
    init_suggest();
    init_text();
    MAX_TIMEOUT = 2 ** 31 - 1;
    DURATION = {
      min: 0,
      max: MAX_TIMEOUT,
      unit: "milliseconds",
    };
    TIMEOUT = {
      ...DURATION,
      infinity: true,
    };
    PYTHON_NAMES = /* @__PURE__ */ new Map([
      [
        "login_func",
        "login",
      ],
      [
        "minimum_version",
        "minimumVersion",
      ],
      [
        "default_token_len",
        "tokenLength",
      ],
      [
        "default_token_choices",
        "tokenAlphabet",
      ],
      [
        "hide_token",
        "hideToken",
      ],
      [
        "log_level",
        "logLevel",
      ],
      [
        "enable_uvicorn",
        "http",
      ],
    ]);
  },
});

// common/debug_state.ts
function pushDebugOptions(options) {
  calls = [
    ...calls,
    options,
  ];
  const remove = () => calls = calls.filter((other) => other !== options);
  return {
    [Symbol.dispose]: () => void remove(),
  };
}
function debugOptions() {
  return calls.at(-1);
}
function tracePrefix(caller) {
  return calls.at(-1)?.trace ? `(${caller()}) ` : "";
}
var calls;
var init_debug_state = __esm({
  "common/debug_state.ts"() {
    calls = [];
  },
});

// contract/schema.ts
function isSchema(value) {
  const isThing = typeof value === "object" || typeof value === "function";
  if (!isThing || value === null) return false;
  const { "~standard": standard } = value;
  return typeof standard?.validate === "function";
}
var init_schema = __esm({
  "contract/schema.ts"() {
  },
});

// contract/describe.ts
function describe({ messages, events, operations }) {
  return {
    messages: describeMessages(messages),
    events: describeMessages(events),
    operations: mapEntries(operations, describeOperation2),
  };
}
function describeMessages(entries) {
  return mapEntries(entries, describeMessage2);
}
function describeMessage2(entry) {
  const { data, replies = {} } = isSchema(entry)
    ? {
      data: entry,
    }
    : entry;
  return {
    data: jsonSchemaOf(data, "input"),
    replies: mapEntries(replies, (reply) => jsonSchemaOf(reply, "input")),
  };
}
function describeOperation2({ input, output, yields }) {
  const given = yields === void 0
    ? {
      output: jsonSchemaOf(output, "output"),
    }
    : {
      yields: jsonSchemaOf(yields, "output"),
    };
  return {
    input: jsonSchemaOf(input, "input"),
    ...given,
  };
}
function mapEntries(entries, map) {
  return Object.fromEntries(
    Object.entries(entries).map(([name, value]) => [
      name,
      map(value),
    ]),
  );
}
function jsonSchemaOf(schema, side) {
  const source = schema?.["~standard"];
  try {
    const json = source?.jsonSchema?.[side]?.({
      target: "draft-2020-12",
    });
    return isJsonObject(json) ? json : null;
  } catch {
    return null;
  }
}
var init_describe = __esm({
  "contract/describe.ts"() {
    init_json();
    init_schema();
  },
});

// contract/define.ts
function assertContract(parts) {
  assertObject(DEFINE, "contract", parts);
  checkKeys(DEFINE, parts, PARTS);
  const { messages = {}, events = {}, operations = {} } = parts;
  assertMessages("messages", messages);
  assertMessages("events", events);
  assertObject(DEFINE, "operations", operations);
  for (const [name, schemas] of Object.entries(operations)) {
    assertOperation(DEFINE, `operations.${name}`, schemas);
  }
}
function assertOperation(subject, place, schemas) {
  if (isSchema(schemas)) {
    throw new TypeError(
      `${subject}: ${
        quoteName(place)
      } is a schema. Pass an object such as { input: schema }.`,
    );
  }
  assertObject(subject, place, schemas);
  checkKeys(subject, schemas, OPERATION_KEYS, place);
  for (const [key, schema] of Object.entries(schemas)) {
    if (schema !== void 0) assertSchema(subject, `${place}.${key}`, schema);
  }
  const { output, yields } = schemas;
  if (output === void 0 || yields === void 0) return;
  throw new TypeError(
    `${subject}: ${
      quoteName(place)
    } has both 'output' and 'yields'. Remove one: an operation returns one result or a stream of items.`,
  );
}
function assertSchema(subject, place, schema) {
  if (isSchema(schema)) return;
  const needed = "a Standard Schema, for example of zod, valibot or arktype";
  throw invalidType(subject, quoteName(place), needed, schema);
}
function assertDefined(subject, contract) {
  if (contract === void 0) return;
  const { describe: describe4, messages, events, operations } = Object(
    contract,
  );
  const isWhole = [
    messages,
    events,
    operations,
  ].every(isObject2);
  if (typeof describe4 === "function" && isWhole) return;
  const needed = "the result of defineContract()";
  throw invalidType(subject, "'contract'", needed, contract);
}
function assertNamed(subject, entries, name) {
  if (entries === void 0 || Object.hasOwn(entries, name)) return;
  throw new TypeError(
    `${subject}: the contract does not have this name. ${
      suggestName(name, Object.keys(entries), "names", quote)
    }`,
  );
}
function assertMessages(place, entries) {
  assertObject(DEFINE, place, entries);
  for (const [name, entry] of Object.entries(entries)) {
    if (!isSchema(entry)) assertMessage(`${place}.${name}`, entry);
  }
}
function assertMessage(place, entry) {
  assertObject(DEFINE, place, entry);
  checkKeys(DEFINE, entry, MESSAGE_KEYS, place);
  const { data, replies = {} } = entry;
  if (data !== void 0) assertSchema(DEFINE, `${place}.data`, data);
  assertObject(DEFINE, `${place}.replies`, replies);
  for (const [name, reply] of Object.entries(replies)) {
    assertSchema(DEFINE, `${place}.replies.${name}`, reply);
  }
}
function assertObject(subject, place, value) {
  if (isObject2(value)) return;
  throw invalidType(subject, quoteName(place), "an object", value);
}
function isObject2(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function defineContract(parts) {
  assertContract(parts);
  const contract = {
    messages: parts.messages ?? {},
    events: parts.events ?? {},
    operations: parts.operations ?? {},
  };
  return {
    ...contract,
    describe: () => describe(contract),
  };
}
var DEFINE, PARTS, MESSAGE_KEYS, OPERATION_KEYS;
var init_define = __esm({
  "contract/define.ts"() {
    init_check();
    init_suggest();
    init_text();
    init_describe();
    init_schema();
    DEFINE = "Cannot define the contract";
    PARTS = {
      messages: true,
      events: true,
      operations: true,
    };
    MESSAGE_KEYS = {
      data: true,
      replies: true,
    };
    OPERATION_KEYS = {
      input: true,
      output: true,
      yields: true,
    };
  },
});

// protocol/batch.ts
function joinFrames(frames, limit2) {
  return groupFrames(frames, limit2).map(joinGroup);
}
function groupFrames(frames, limit2) {
  if (isSmall(frames, limit2)) {
    return [
      frames,
    ];
  }
  const groups = [];
  let group = [];
  let size = BRACKETS;
  for (const frame of frames) {
    const added = frame.length > limit2 ? frame.length : byteLength(frame);
    if (group.length > 0 && size + COMMA + added > limit2) {
      groups.push(group);
      group = [];
      size = BRACKETS;
    }
    size += (group.length > 0 ? COMMA : 0) + added;
    group.push(frame);
  }
  if (group.length > 0) groups.push(group);
  return groups;
}
function isSmall(frames, limit2) {
  let units = 0;
  for (const frame of frames) units += frame.length + COMMA;
  return units > 0 && BRACKETS + 3 * units <= limit2;
}
function joinGroup(group) {
  return group.length === 1 ? group[0] : `[${group.join(",")}]`;
}
var MAX_BATCH, BRACKETS, COMMA, BatchWriter;
var init_batch = __esm({
  "protocol/batch.ts"() {
    init_text();
    MAX_BATCH = 16384;
    BRACKETS = 2;
    COMMA = 1;
    BatchWriter = class {
      #sink;
      /** The maximum length of a batch, in bytes; `undefined` while batching is off */
      #limit;
      /** The frames that wait; `undefined` if there are none, to save memory */
      #frames;
      #units = 0;
      /**
       * Constructs a `BatchWriter`. Batching is off until `enableBatching` is called.
       *
       * @param sink The destination of the frames
       */
      constructor(sink) {
        this.#sink = sink;
      }
      /** Whether batching is on */
      get isBatching() {
        return this.#limit !== void 0;
      }
      /** The length of the frames that wait, in UTF-16 units */
      get units() {
        return this.#units;
      }
      /**
       * Turns batching on, because the peer supports it.
       *
       * @param limit The maximum length of a batch, in bytes
       */
      enableBatching(limit2) {
        this.#limit = limit2;
      }
      /** Sends a frame at once or, if batching is on, in one of the next microtasks. */
      push(frame) {
        if (this.#limit === void 0) return this.#sink.write(frame);
        this.#units += frame.length;
        if (this.#frames !== void 0) return void this.#frames.push(frame);
        this.#frames = [
          frame,
        ];
        queueMicrotask(() => this.#settle(1));
      }
      /** Sends all frames that wait. */
      flush() {
        const frames = this.#frames;
        if (this.#limit === void 0 || frames === void 0) return;
        this.#frames = void 0;
        this.#units = 0;
        if (frames.length === 1) return this.#sink.write(frames[0]);
        for (const frame of joinFrames(frames, this.#limit)) {
          this.#sink.write(frame);
        }
      }
      /**
       * Sends the frames when a round of microtasks has added none. This delays nothing,
       * because the socket writes after all microtasks.
       */
      #settle(seen) {
        const length = this.#frames?.length ?? 0;
        if (length === 0) return;
        if (length === seen) return this.flush();
        queueMicrotask(() => this.#settle(length));
      }
    };
  },
});

// common/json_changes.ts
function describeChange(value, name) {
  const change = changeOf(value);
  if (change === void 0) return void 0;
  const path = formatPath([
    name,
    ...change.path.reverse(),
  ]);
  const { kind, remedy } = describe2(change.value);
  const isNumber = typeof change.value === "number";
  return {
    text: `${path} is ${kind}. ${remedy}`,
    isNumber,
  };
}
function changeOf(value) {
  if (isKept(value) || value === void 0) return void 0;
  if (typeof value === "object") return changeInObject(value);
  return typeof value === "bigint" ? void 0 : {
    value,
    path: [],
  };
}
function isKept(value) {
  if (typeof value === "number") {
    return value - value === 0 && !Object.is(value, -0);
  }
  return typeof value === "string" || typeof value === "boolean" ||
    value === null;
}
function changeInObject(object) {
  if (hasToJSON(object)) return void 0;
  if (Array.isArray(object)) return changeInArray(object);
  if (object.constructor === Object) return changeInKeys(object);
  if (isChanged(object)) {
    return {
      value: object,
      path: [],
    };
  }
  return changeInKeys(object);
}
function changeInKeys(object) {
  for (const key in object) {
    const value = object[key];
    if (isKept(value)) continue;
    const change = changeOf(value);
    if (change === void 0 || !Object.hasOwn(object, key)) continue;
    return addTo(change, key);
  }
}
function changeInArray(array) {
  for (let index = 0; index < array.length; index++) {
    const value = array[index];
    if (isKept(value)) continue;
    const change = value === void 0
      ? {
        value,
        path: [],
      }
      : changeOf(value);
    if (change !== void 0) return addTo(change, index);
  }
}
function addTo(change, key) {
  change.path.push(key);
  return change;
}
function hasToJSON(object) {
  return typeof object.toJSON === "function";
}
function isChanged(object) {
  if (object instanceof Error || typeof object.then === "function") return true;
  const tag = object[Symbol.toStringTag];
  if (tag === void 0) return object instanceof RegExp;
  return CLASSES.has(tag) || ArrayBuffer.isView(object) ||
    Object.keys(object).length === 0;
}
function describe2(value) {
  switch (typeof value) {
    case "number":
      return describeNumber(value);
    case "undefined":
      return {
        kind: "undefined",
        remedy: "Use null in arrays.",
      };
    case "object":
      return describeObject(value);
    default:
      return {
        kind: `a ${typeof value}`,
        remedy: "Remove it.",
      };
  }
}
function describeNumber(value) {
  return value === 0
    ? {
      kind: "-0",
      remedy: "Add 0 to it, because JSON changes it to 0.",
    }
    : {
      kind: String(value),
      remedy: "Use null or a string.",
    };
}
function describeObject(object) {
  const type = Object.prototype.toString.call(object).slice(8, -1);
  const name = typeof object.then === "function" ? "Promise" : truncate(type);
  const other = ArrayBuffer.isView(object)
    ? "Use [...bytes], or a string."
    : "Convert it to a plain object.";
  return {
    kind: `${/^[AEIO]/.test(name) ? "an" : "a"} ${escapeControls(name)}`,
    remedy: REMEDIES2.get(name) ?? other,
  };
}
var CLASSES, REMEDIES2;
var init_json_changes = __esm({
  "common/json_changes.ts"() {
    init_text();
    CLASSES = /* @__PURE__ */ new Set([
      "Map",
      "Set",
      "WeakMap",
      "WeakSet",
      "ArrayBuffer",
      "SharedArrayBuffer",
    ]);
    REMEDIES2 = /* @__PURE__ */ new Map([
      [
        "Map",
        "Use Object.fromEntries(map).",
      ],
      [
        "Set",
        "Use [...set].",
      ],
      [
        "Promise",
        "Await it.",
      ],
      [
        "Error",
        "Use error.message.",
      ],
      [
        "RegExp",
        "Use pattern.source.",
      ],
      [
        "ArrayBuffer",
        "Use [...new Uint8Array(buffer)], or a string.",
      ],
      [
        "Response",
        "Use await response.json().",
      ],
      [
        "Headers",
        "Use Object.fromEntries(headers).",
      ],
      [
        "URLSearchParams",
        "Use Object.fromEntries(parameters).",
      ],
    ]);
  },
});

// common/encode_json.ts
function stringifyData(data, subject) {
  const json = isJsonObject(data) ? tryStringify(data, subject) : void 0;
  if (json?.startsWith("{")) return json;
  throw new TypeError(
    `Cannot send ${subject()}: its data must be a JSON object. Wrap the value in an object, for example { value }.`,
  );
}
function tryStringify(data, subject) {
  try {
    return encode(data, "data");
  } catch (error) {
    throw new TypeError(
      `Cannot send ${subject()}: its data cannot be encoded as JSON: ${
        reasonOf(error)
      }`,
      {
        cause: error,
      },
    );
  }
}
function encode(value, name) {
  const json = JSON.stringify(value);
  if (json === void 0) return void 0;
  const change = describeChange(value, name);
  if (change === void 0) return json;
  throw change.isNumber
    ? new NumberError(change.text)
    : new TypeError(change.text);
}
function isNumberError(error) {
  return error instanceof TypeError && error.cause instanceof NumberError;
}
function reasonOf(error) {
  return error instanceof Error
    ? error.message.split("\n", 1)[0]
    : "a method toJSON threw";
}
var NumberError;
var init_encode_json = __esm({
  "common/encode_json.ts"() {
    init_json();
    init_json_changes();
    NumberError = class extends TypeError {
    };
  },
});

// protocol/features.ts
function commonFeatures(named) {
  const common = FEATURES.filter((feature) => named.includes(feature));
  const key = common.join();
  const set = known.get(key) ?? new Set(common);
  known.set(key, set);
  return set;
}
var FEATURES, SUBPROTOCOL, NO_FEATURES, known;
var init_features = __esm({
  "protocol/features.ts"() {
    FEATURES = [
      "batch",
      "done-id",
      "max-payload",
      "request",
      "retry",
      "stream",
    ];
    SUBPROTOCOL = "hoist.v1";
    NO_FEATURES = /* @__PURE__ */ new Set();
    known = /* @__PURE__ */ new Map();
  },
});

// protocol/encode.ts
function encodeLogin(token, version, features = FEATURES) {
  return (id) =>
    JSON.stringify({
      id,
      token,
      version,
      features,
    });
}
function encodeMessageRequest(name, data, replying) {
  assertName(name);
  const payload = stringifyData(data, () => describeMessage(name));
  const rest = `,"action":"message","data":{"message":${
    JSON.stringify(name)
  },"data":${payload},"replying":${JSON.stringify(replying)}}}`;
  return (id) => `{"id":${id}${rest}`;
}
function encodeOperationRequest(name, data) {
  assertName(name);
  const payload = stringifyData(data, () => describeOperation(name));
  const rest = `,"action":"operation","data":{"operation":${
    JSON.stringify(name)
  },"data":${payload}}}`;
  return (id) => `{"id":${id}${rest}`;
}
function encodeStreamRequest(name, data, credit) {
  assertName(name);
  const payload = stringifyData(data, () => describeStream(name));
  const rest = `,"action":"stream","data":{"operation":${
    JSON.stringify(name)
  },"data":${payload},"credit":${credit}}}`;
  return (id) => `{"id":${id}${rest}`;
}
function encodeCredit(id, credit) {
  return `{"id":${id},"action":"credit","data":{"credit":${credit}}}`;
}
function encodeCancel(id) {
  return `{"id":${id},"action":"cancel","data":{}}`;
}
function encodeRequestDone(id, failed) {
  return `{"id":${id},"action":"done","data":{"failed":${failed}}}`;
}
function assertName(name) {
  if (typeof name === "string") return;
  throw invalidType(
    "Cannot send a message or a request",
    "the name",
    "a string",
    name,
  );
}
var GOODBYE;
var init_encode = __esm({
  "protocol/encode.ts"() {
    init_check();
    init_encode_json();
    init_text();
    init_features();
    GOODBYE = JSON.stringify({
      id: null,
      end: true,
    });
  },
});

// npm/std-semver/1.0.8/dist/index.js
function compareNumber(a, b) {
  if (isNaN(a) || isNaN(b)) {
    throw new Error("Cannot compare against non-numbers");
  }
  return a === b ? 0 : a < b ? -1 : 1;
}
function checkIdentifier(v1 = [], v2 = []) {
  if (v1.length && !v2.length) return -1;
  if (!v1.length && v2.length) return 1;
  return 0;
}
function compareIdentifier(v1 = [], v2 = []) {
  const length = Math.max(v1.length, v2.length);
  for (let i = 0; i < length; i++) {
    const a = v1[i];
    const b = v2[i];
    if (a === void 0 && b === void 0) return 0;
    if (b === void 0) return 1;
    if (a === void 0) return -1;
    if (typeof a === "string" && typeof b === "number") return 1;
    if (typeof a === "number" && typeof b === "string") return -1;
    if (a < b) return -1;
    if (a > b) return 1;
  }
  return 0;
}
function isValidNumber(value) {
  return typeof value === "number" && !Number.isNaN(value) &&
    (!Number.isFinite(value) || 0 <= value && value <= Number.MAX_SAFE_INTEGER);
}
function parsePrerelease(prerelease) {
  return prerelease.split(".").filter(Boolean).map((id) => {
    if (NUMERIC_IDENTIFIER_REGEXP.test(id)) {
      const number = Number(id);
      if (isValidNumber(number)) return number;
    }
    return id;
  });
}
function parseBuild(buildmetadata) {
  return buildmetadata.split(".").filter(Boolean);
}
function parseNumber(input, errorMessage) {
  const number = Number(input);
  if (!isValidNumber(number)) throw new TypeError(errorMessage);
  return number;
}
function compare(version1, version2) {
  if (version1 === version2) return 0;
  return compareNumber(version1.major, version2.major) ||
    compareNumber(version1.minor, version2.minor) ||
    compareNumber(version1.patch, version2.patch) ||
    checkIdentifier(version1.prerelease, version2.prerelease) ||
    compareIdentifier(version1.prerelease, version2.prerelease);
}
function parse(value) {
  if (typeof value !== "string") {
    throw new TypeError(
      `Cannot parse version as version must be a string: received ${typeof value}`,
    );
  }
  if (value.length > 256) {
    throw new TypeError(
      `Cannot parse version as version length is too long: length is ${value.length}, max length is 256`,
    );
  }
  value = value.trim();
  const groups = value.match(FULL_REGEXP)?.groups;
  if (!groups) throw new TypeError(`Cannot parse version: ${value}`);
  return {
    major: parseNumber(
      groups.major,
      `Cannot parse version ${value}: invalid major version`,
    ),
    minor: parseNumber(
      groups.minor,
      `Cannot parse version ${value}: invalid minor version`,
    ),
    patch: parseNumber(
      groups.patch,
      `Cannot parse version ${value}: invalid patch version`,
    ),
    prerelease: groups.prerelease ? parsePrerelease(groups.prerelease) : [],
    build: groups.buildmetadata ? parseBuild(groups.buildmetadata) : [],
  };
}
function tryParse(value) {
  try {
    return parse(value);
  } catch {
    return;
  }
}
function greaterOrEqual(version1, version2) {
  return compare(version1, version2) >= 0;
}
var NUMERIC_IDENTIFIER,
  NON_NUMERIC_IDENTIFIER,
  VERSION_CORE,
  PRERELEASE_IDENTIFIER,
  PRERELEASE,
  BUILD_IDENTIFIER,
  BUILD,
  FULL_VERSION,
  FULL_REGEXP,
  COMPARATOR,
  XRANGE_IDENTIFIER,
  XRANGE,
  OPERATOR_XRANGE_REGEXP,
  COMPARATOR_REGEXP,
  NUMERIC_IDENTIFIER_REGEXP,
  ANY,
  ALL;
var init_dist = __esm({
  "npm/std-semver/1.0.8/dist/index.js"() {
    NUMERIC_IDENTIFIER = "0|[1-9]\\d*";
    NON_NUMERIC_IDENTIFIER = "\\d*[a-zA-Z-][a-zA-Z0-9-]*";
    VERSION_CORE =
      `(?<major>${NUMERIC_IDENTIFIER})\\.(?<minor>${NUMERIC_IDENTIFIER})\\.(?<patch>${NUMERIC_IDENTIFIER})`;
    PRERELEASE_IDENTIFIER =
      `(?:${NUMERIC_IDENTIFIER}|${NON_NUMERIC_IDENTIFIER})`;
    PRERELEASE =
      `(?:-(?<prerelease>${PRERELEASE_IDENTIFIER}(?:\\.${PRERELEASE_IDENTIFIER})*))`;
    BUILD_IDENTIFIER = "[0-9A-Za-z-]+";
    BUILD =
      `(?:\\+(?<buildmetadata>${BUILD_IDENTIFIER}(?:\\.${BUILD_IDENTIFIER})*))`;
    FULL_VERSION = `v?${VERSION_CORE}${PRERELEASE}?${BUILD}?`;
    FULL_REGEXP = new RegExp(`^${FULL_VERSION}$`);
    COMPARATOR = "(?:<|>)?=?";
    XRANGE_IDENTIFIER = `${NUMERIC_IDENTIFIER}|x|X|\\*`;
    XRANGE =
      `[v=\\s]*(?<major>${XRANGE_IDENTIFIER})(?:\\.(?<minor>${XRANGE_IDENTIFIER})(?:\\.(?<patch>${XRANGE_IDENTIFIER})${PRERELEASE}?${BUILD}?)?)?`;
    OPERATOR_XRANGE_REGEXP = new RegExp(
      `^(?<operator>~>?|\\^|${COMPARATOR})\\s*${XRANGE}$`,
    );
    COMPARATOR_REGEXP = new RegExp(
      `^(?<operator>${COMPARATOR})\\s*(${FULL_VERSION})$|^$`,
    );
    NUMERIC_IDENTIFIER_REGEXP = new RegExp(`^${NUMERIC_IDENTIFIER}$`);
    ANY = {
      major: NaN,
      minor: NaN,
      patch: NaN,
      prerelease: [],
      build: [],
    };
    ALL = {
      operator: void 0,
      ...ANY,
    };
  },
});

// tools/links/std_semver/mod.ts
var init_mod = __esm({
  "tools/links/std_semver/mod.ts"() {
    init_dist();
  },
});

// version.ts
function isVersion(version) {
  return version === VERSION || tryParseStrictly(version) !== void 0;
}
function meetsMinimum(version, minimum) {
  return greaterOrEqual(parseVersion(version), parseVersion(minimum));
}
function tryParseStrictly(version) {
  return /^\d\S*$/.test(version) ? tryParse(version) : void 0;
}
function parseVersion(version) {
  const parsed = tryParseStrictly(version);
  if (parsed !== void 0) return parsed;
  throw new TypeError(
    `Cannot compare versions: ${
      JSON.stringify(String(version).slice(0, 100))
    } is not a version. Use a version such as "1.2.3".`,
  );
}
var VERSION;
var init_version = __esm({
  "version.ts"() {
    init_mod();
    init_mod();
    VERSION = "1.1.0";
  },
});

// common/ignorable.ts
function ignorable(promise) {
  const result = withCallerStack(promise, (error) => {
    if (!isMistake(error)) {
      result.catch(() => {
      });
    }
  });
  return result;
}
function isMistake(error) {
  if (isNumberError(error)) return false;
  return error instanceof TypeError || error instanceof RangeError;
}
var init_ignorable = __esm({
  "common/ignorable.ts"() {
    init_caller_stack();
    init_encode_json();
  },
});

// common/deadline.ts
var READING_TIME, MAX_GRACE, MAX_GRACES, Deadline;
var init_deadline = __esm({
  "common/deadline.ts"() {
    READING_TIME = 5;
    MAX_GRACE = 1e3;
    MAX_GRACES = 2;
    Deadline = class {
      #onExpired;
      #timer;
      /** When the timer should fire */
      #due = 0;
      #graces = 0;
      /**
       * Constructs a `Deadline`, which starts at once.
       *
       * @param timeout The time in milliseconds; it never expires if this is `Infinity`
       * @param onExpired Called when the time has passed, unless the deadline was cancelled
       */
      constructor(timeout, onExpired) {
        this.#onExpired = onExpired;
        if (timeout !== Infinity) this.#start(timeout);
      }
      /** Stops the timer. */
      cancel() {
        clearTimeout(this.#timer);
      }
      #start(delay) {
        this.#due = performance.now() + delay;
        this.#timer = setTimeout(() => this.#onTimer(), delay);
      }
      #onTimer() {
        const late = performance.now() - this.#due;
        if (!this.#deservesGrace(late)) return this.#onExpired();
        this.#graces++;
        this.#start(Math.min(Math.max(late, READING_TIME), MAX_GRACE));
      }
      /** The first grace period is unconditional, because input can just have arrived. */
      #deservesGrace(late) {
        return this.#graces === 0 ||
          late > READING_TIME && this.#graces < MAX_GRACES;
      }
    };
  },
});

// common/async.ts
async function runAfter(previous, waiting, next, fail) {
  waiting?.catch(() => {
  });
  await previous;
  try {
    await waiting;
  } catch (error) {
    return fail(error);
  }
  next();
}
function start(before) {
  try {
    const waiting = before();
    return isPromiseLike(waiting) ? Promise.resolve(waiting) : void 0;
  } catch (error) {
    return Promise.reject(error);
  }
}
function isPromiseLike(value) {
  return (typeof value === "object" || typeof value === "function") &&
    value !== null && "then" in value && typeof value.then === "function";
}
function mapMaybePromise(value, next) {
  return isPromiseLike(value) ? Promise.resolve(value).then(next) : next(value);
}
async function settlesWithin(promise, timeout) {
  const settled = promise.then(() => true, () => true);
  if (timeout === Infinity) return await settled;
  let deadline;
  const expired = new Promise((resolve2) => {
    deadline = new Deadline(timeout, () => resolve2(false));
  });
  try {
    return await Promise.race([
      settled,
      expired,
    ]);
  } finally {
    deadline?.cancel();
  }
}
async function within(promise, signal, timeout, reason) {
  if (signal === void 0 && timeout === void 0) return await promise;
  const { signal: limited, cancel } = limit(signal, timeout, reason);
  try {
    return await Promise.race([
      promise,
      aborted(limited),
    ]);
  } finally {
    cancel();
  }
}
function limit(signal, timeout, reason) {
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal?.reason);
  const deadline = timeout === void 0
    ? void 0
    : new Deadline(timeout, () => controller.abort(reason()));
  signal?.addEventListener("abort", onAbort);
  if (signal?.aborted) onAbort();
  const cancel = () => {
    deadline?.cancel();
    signal?.removeEventListener("abort", onAbort);
  };
  return {
    signal: controller.signal,
    cancel,
  };
}
function aborted(signal) {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), {
      once: true,
    });
  });
}
var SerialQueue;
var init_async = __esm({
  "common/async.ts"() {
    init_deadline();
    SerialQueue = class {
      /** The end of the last callback that still waits, if there is one */
      #tail;
      /** Resolves when all callbacks have run; `undefined` if none waits */
      get done() {
        return this.#tail;
      }
      /**
       * Adds a callback. It runs synchronously if nothing has to be waited for.
       *
       * @param before Starts at once, and has to finish before the callback runs
       * @param next Runs after `before` and after all callbacks that were added earlier; it
       * must not throw
       * @param fail Runs in place of `next` if `before` fails; it must not throw
       */
      add(before, next, fail) {
        const waiting = start(before);
        if (waiting === void 0 && this.#tail === void 0) return next();
        const tail = runAfter(this.#tail, waiting, next, fail).then(() => {
          if (this.#tail === tail) this.#tail = void 0;
        });
        this.#tail = tail;
      }
    };
  },
});

// common/listeners.ts
async function callEach(entries, message, onError) {
  let accepted = 0;
  let mismatches;
  for (const entry of entries) {
    if (entry.removed) continue;
    accepted++;
    const { listener } = entry;
    try {
      await listener(message);
    } catch (thrown) {
      if (!Mismatch.is(thrown)) onError(thrown);
      else {
        accepted--;
        (mismatches ??= []).push(thrown);
      }
    }
  }
  if (accepted === 0) mismatches?.forEach(({ error }) => onError(error));
  return accepted;
}
function entryOf(listener) {
  assertListener(listener);
  return {
    listener,
    removed: false,
  };
}
function assertListener(listener) {
  if (typeof listener === "function") return;
  throw invalidType(SUBJECT, "the listener", "a function", listener);
}
function namesOf(names) {
  const unique = new Set(
    Array.isArray(names) ? names : [
      names,
    ],
  );
  for (const name of unique) assertName2(name);
  if (unique.size > 0) return unique;
  throw new TypeError(
    `${SUBJECT}: the array of names is empty. Omit it to receive all messages.`,
  );
}
function assertName2(name) {
  if (typeof name === "string") return;
  throw invalidType(SUBJECT, "the name of a message", "a string", name);
}
var Mismatch, Listeners, SUBJECT;
var init_listeners = __esm({
  "common/listeners.ts"() {
    init_check();
    Mismatch = class {
      /** Describes why the data does not match */
      error;
      #isMismatch = true;
      /**
       * Constructs a `Mismatch`.
       *
       * @param error Describes why the data does not match
       */
      constructor(error) {
        this.error = error;
      }
      /** Returns whether a thrown value is a `Mismatch`; runs no code of the value. */
      static is(thrown) {
        return typeof thrown === "object" && thrown !== null &&
          #isMismatch in thrown;
      }
    };
    Listeners = class {
      #byName = /* @__PURE__ */ new Map();
      #toAll = [];
      /**
       * Adds a listener.
       *
       * @param names One or more names, or the listener to all messages
       * @param listener The listener, if names are passed
       * @returns An object that removes the listener when it is disposed of
       *
       * @throws {TypeError} If the listener is not a function, or a name is not a string
       */
      add(names, listener) {
        if (typeof names === "function") return this.#addToAll(entryOf(names));
        return this.#addToNames(namesOf(names), entryOf(listener));
      }
      /**
       * Calls the listeners to a message one after the other: first the listeners to its
       * name, then the listeners to all messages, each in the order of registration.
       *
       * A listener whose schema does not match the message is not called. This is an error
       * only if no other listener to the name accepts the message.
       *
       * @param message The message
       * @param onError Called with the error of a listener; the others still run
       * @param isNamed Whether the listeners to the name are called
       * @returns The number of listeners that were called
       */
      dispatch(message, onError, isNamed = true) {
        const named = isNamed ? this.#byName.get(message.name) : void 0;
        const toAll = this.#toAll;
        if (named === void 0) return callEach(toAll, message, onError);
        const called = callEach(named, message, onError);
        if (toAll.length === 0) return called;
        return called.then(async (count) =>
          count + await callEach(toAll, message, onError)
        );
      }
      #addToAll(entry) {
        this.#toAll = [
          ...this.#toAll,
          entry,
        ];
        return {
          [Symbol.dispose]: () => this.#remove(entry),
        };
      }
      #addToNames(names, entry) {
        for (const name of names) {
          this.#byName.set(name, [
            ...this.#byName.get(name) ?? [],
            entry,
          ]);
        }
        return {
          [Symbol.dispose]: () => this.#remove(entry),
        };
      }
      #remove(entry) {
        entry.removed = true;
        const isOther = (other) => other !== entry;
        this.#toAll = this.#toAll.filter(isOther);
        for (const [name, entries] of this.#byName) {
          const rest = entries.filter(isOther);
          if (rest.length > 0) this.#byName.set(name, rest);
          else this.#byName.delete(name);
        }
      }
    };
    SUBJECT = "Cannot receive messages";
  },
});

// client/dispatcher.ts
var Dispatcher;
var init_dispatcher = __esm({
  "client/dispatcher.ts"() {
    init_async();
    init_listeners();
    init_text();
    init_define();
    Dispatcher = class {
      #options;
      #listeners = new Listeners();
      #queue = new SerialQueue();
      /** The messages that wait for `open()`; `undefined` after it. */
      #early = [];
      /** Constructs a `Dispatcher`. */
      constructor(options) {
        this.#options = options;
      }
      /** Dispatches the messages that arrived together with the response to the login. */
      open() {
        if (this.#early === void 0) return;
        const early = this.#early;
        this.#early = void 0;
        for (const { wire, onDone } of early) this.#deliver(wire, onDone);
      }
      /** Adds a listener, as `Connection.receive` does. */
      add(names, listener) {
        for (
          const name of typeof names === "function" ? [] : [
            names,
          ].flat()
        ) {
          const subject = `Cannot receive ${describeMessage(name)}`;
          assertNamed(subject, this.#options.contract?.events, name);
        }
        if (this.#early !== void 0) queueMicrotask(() => this.open());
        return this.#listeners.add(names, listener);
      }
      onMessage(wire, onDone) {
        if (this.#early !== void 0) {
          this.#early.push({
            wire,
            onDone,
          });
        } else this.#deliver(wire, onDone);
      }
      onInvalid() {
        this.#options.log.warn("ignored a frame that is not of Hoist 1");
      }
      /** Validates a message and dispatches it after all earlier ones. */
      #deliver(wire, onDone) {
        const { checks } = this.#options;
        if (checks === void 0) return void this.#dispatch(wire, onDone);
        this.#queue.add(
          () => checks.message(wire),
          () => void this.#dispatch(wire, onDone),
          (error) => this.#ignore(error, onDone),
        );
      }
      #ignore(error, onDone) {
        this.#options.log.ignore(error);
        onDone?.(true);
      }
      async #dispatch(wire, onDone) {
        const { log, contract } = this.#options;
        const message = this.#options.toMessage(wire);
        if (message === void 0) return;
        let hasFailed = false;
        const onError = (error) => {
          hasFailed = true;
          log.report(error);
        };
        const isNamed = contract === void 0 || wire.replying === null;
        const called = await this.#listeners.dispatch(
          message,
          onError,
          isNamed,
        );
        if (called === 0 && wire.replying === null) log.unheard(wire.message);
        onDone?.(hasFailed);
      }
    };
  },
});

// common/request_options.ts
function checkRequestOptions(subject, options, known2 = REQUEST_KEYS) {
  if (options === void 0) return;
  checkKeys(subject, options, known2);
  checkSignal(subject, "signal", options.signal);
  checkNumber(subject, "timeout", options.timeout, TIMEOUT);
}
var REQUEST_KEYS;
var init_request_options = __esm({
  "common/request_options.ts"() {
    init_check();
    REQUEST_KEYS = {
      signal: true,
      timeout: true,
    };
  },
});

// contract/contract.ts
function dataSchemaOf(entry) {
  return isSchema(entry) ? entry : entry.data;
}
function repliesOf(entry) {
  return isSchema(entry) ? {} : entry.replies ?? {};
}
function repliesTo(entries, name) {
  const entry = ownEntry(entries, name);
  return entry === void 0 ? {} : repliesOf(entry);
}
function ownEntry(entries, name) {
  return Object.hasOwn(entries, name) ? entries[name] : void 0;
}
var init_contract = __esm({
  "contract/contract.ts"() {
    init_schema();
  },
});

// client/call_options.ts
function checkMessageOptions(options) {
  if (options === void 0) return;
  const subject = "Cannot send the message";
  checkRequestOptions(subject, options, MESSAGE_KEYS2);
  checkFunction(subject, "onReply", options.onReply);
}
function checkOperationOptions(options) {
  if (options === void 0) return;
  const subject = "Cannot call the operation";
  checkRequestOptions(subject, options, OPERATION_KEYS2);
  checkBoolean(subject, "idempotent", options.idempotent);
}
function resolveStreamOptions(options = {}) {
  const subject = "Cannot call the operation";
  checkKeys(subject, options, STREAM_KEYS);
  const { signal, buffer = DEFAULT_BUFFER } = options;
  checkSignal(subject, "signal", signal);
  return {
    signal,
    buffer: checkNumber(subject, "buffer", buffer, BUFFER),
  };
}
var MESSAGE_KEYS2, OPERATION_KEYS2, STREAM_KEYS, DEFAULT_BUFFER, BUFFER;
var init_call_options = __esm({
  "client/call_options.ts"() {
    init_check();
    init_request_options();
    MESSAGE_KEYS2 = {
      ...REQUEST_KEYS,
      onReply: true,
    };
    OPERATION_KEYS2 = {
      ...REQUEST_KEYS,
      idempotent: true,
    };
    STREAM_KEYS = {
      signal: true,
      buffer: true,
    };
    DEFAULT_BUFFER = 256;
    BUFFER = {
      min: 1,
      max: 65536,
      integer: true,
      unit: "items",
    };
  },
});

// client/replies.ts
var Replies;
var init_replies = __esm({
  "client/replies.ts"() {
    init_async();
    Replies = class {
      /** The number that the server gave to the message */
      messageId = 0;
      #name;
      #checks;
      #accept;
      #replies = [];
      /** Created by the first reply that is validated. */
      #queue;
      #failure;
      /**
       * Constructs `Replies`.
       *
       * @param name The name of the message
       * @param checks Validates each reply; `undefined` if the client trusts the server
       * @param accept Called with each valid reply, in order; must not throw
       */
      constructor(name, checks, accept) {
        this.#name = name;
        this.#checks = checks;
        this.#accept = accept;
      }
      onOpen(messageId) {
        this.messageId = messageId;
      }
      onReply(wire) {
        const checks = this.#checks;
        if (checks === void 0) return this.#add(wire);
        this.#queue ??= new SerialQueue();
        this.#queue.add(
          () => checks.reply(this.#name, wire),
          () => this.#add(wire),
          (error) =>
            this.#failure ??= {
              error,
            },
        );
      }
      /**
       * Waits until all replies are validated.
       *
       * @returns The replies
       *
       * @throws {ValidationError} If a reply does not match its schema
       */
      async all() {
        if (this.#queue?.done !== void 0) await this.#queue.done;
        if (this.#failure !== void 0) throw this.#failure.error;
        return this.#replies;
      }
      #add(wire) {
        this.#replies.push(this.#accept(wire));
      }
    };
  },
});

// client/buffer_errors.ts
function sendBufferFull(subject, maxBuffered) {
  return new BufferFullError(
    `Cannot send ${subject}: more than ${maxBuffered} bytes wait to be sent, because the server or the network is too slow. Await earlier requests first, or raise 'maxBuffered'.`,
  );
}
function queueFull(subject, maxBuffered) {
  return new BufferFullError(
    `Cannot send ${subject}: more than ${maxBuffered} bytes wait until the client has reconnected. Call again when the state is 'open', or raise 'maxBuffered'.`,
  );
}
function repliesFull(subject, maxBuffered) {
  return new BufferFullError(
    `Cannot finish ${subject}: the replies to the messages in progress have more than ${maxBuffered} bytes, and this message has most of them. Use a stream, or raise 'maxBuffered'.`,
  );
}
function streamFull(subject, limit2) {
  return new BufferFullError(
    `Cannot continue ${subject}: the items that wait to be consumed have more than ${limit2} bytes. Consume them faster, use a smaller 'buffer', or raise 'maxBuffered'.`,
  );
}
var init_buffer_errors = __esm({
  "client/buffer_errors.ts"() {
    init_errors();
  },
});

// client/queue.ts
var MAX_UNUSED, Queue;
var init_queue = __esm({
  "client/queue.ts"() {
    MAX_UNUSED = 1024;
    Queue = class {
      #items = [];
      /** How many items at the start of the array were removed. */
      #removed = 0;
      /** The number of items */
      get size() {
        return this.#items.length - this.#removed;
      }
      /** Appends an item. */
      add(item) {
        this.#items.push(item);
      }
      /** Removes and returns the first item; `undefined` if there is none. */
      remove() {
        if (this.size === 0) return void 0;
        const item = this.#items[this.#removed];
        this.#items[this.#removed++] = void 0;
        if (this.size === 0) this.clear();
        else if (this.#removed >= MAX_UNUSED && this.#removed >= this.size) {
          this.#items = this.#items.slice(this.#removed);
          this.#removed = 0;
        }
        return item;
      }
      /** Removes all items. */
      clear() {
        this.#items = [];
        this.#removed = 0;
      }
    };
  },
});

// client/stream_window.ts
function firstCredit(buffer, maxBuffered) {
  return maxBuffered === Infinity ? buffer : Math.min(buffer, FIRST_ITEMS);
}
var FIRST_ITEMS, StreamWindow;
var init_stream_window = __esm({
  "client/stream_window.ts"() {
    init_queue();
    FIRST_ITEMS = 16;
    StreamWindow = class {
      #buffer;
      #maxBuffered;
      #first;
      /** How many items are requested and have not arrived */
      #inFlight;
      /** The lengths of the items that wait, in UTF-16 units */
      #lengths = new Queue();
      #units = 0;
      #longest = 1;
      #received = 0;
      /**
       * Constructs a `StreamWindow`.
       *
       * @param buffer The maximum number of items that are in flight or wait
       * @param maxBuffered The length of the items that can wait, in bytes
       */
      constructor(buffer, maxBuffered) {
        this.#buffer = buffer;
        this.#maxBuffered = maxBuffered;
        this.#first = firstCredit(buffer, maxBuffered);
        this.#inFlight = this.#first;
      }
      /** Whether more items arrived than were requested */
      get isExceeded() {
        return this.#inFlight < 0;
      }
      /**
       * Whether the items that wait are too long. Items that are longer than all earlier items
       * can be in flight, therefore twice the length is allowed.
       */
      get isFull() {
        return this.#units > 2 * this.#maxBuffered;
      }
      /** Adds an item that has arrived, with its length in UTF-16 units. */
      add(length) {
        this.#inFlight--;
        this.#received++;
        this.#units += length;
        this.#longest = Math.max(this.#longest, length);
        this.#lengths.add(length);
      }
      /** Removes the first item that waits. */
      remove() {
        this.#units -= this.#lengths.remove() ?? 0;
      }
      /** Returns how many items to request now; 0 until half of the window is free. */
      grant() {
        const size = this.#size();
        const free = size - this.#inFlight - this.#lengths.size;
        if (2 * free < size) return 0;
        this.#inFlight += free;
        return free;
      }
      /** Returns how many items can be in flight or wait. */
      #size() {
        if (2 * this.#received < this.#first) return this.#first;
        const items = Math.floor(this.#maxBuffered / this.#longest);
        return Math.min(Math.max(1, items), this.#buffer);
      }
    };
  },
});

// client/stream.ts
var DONE, ItemStream;
var init_stream = __esm({
  "client/stream.ts"() {
    init_errors();
    init_ignorable();
    init_encode();
    init_buffer_errors();
    init_queue();
    init_stream_window();
    DONE = {
      done: true,
      value: void 0,
    };
    ItemStream = class {
      #parts;
      #controller = new AbortController();
      /** The items that wait for `next()`. */
      #items = new Queue();
      /** The calls of `next()` that wait for an item. A `for await` loop has at most one. */
      #waiters = [];
      #window;
      #send = () => {
      };
      #state = "idle";
      /** The error that the next call of `next()` rejects with. */
      #failure;
      /** Constructs an `ItemStream`, which calls the operation later. */
      constructor(parts) {
        this.#parts = parts;
        this.#window = new StreamWindow(parts.buffer, parts.maxBuffered);
      }
      next() {
        return ignorable(this.#next());
      }
      return() {
        this.#abort();
        return Promise.resolve(DONE);
      }
      async [Symbol.asyncDispose]() {
        await this.return();
      }
      [Symbol.asyncIterator]() {
        return this;
      }
      #next() {
        if (this.#state === "idle") this.#start();
        const item = this.#items.remove();
        if (item !== void 0) return this.#consume(item);
        if (this.#state === "ended") return this.#last();
        return new Promise((resolve2) => this.#waiters.push(resolve2));
      }
      #start() {
        const { signal } = this.#parts;
        this.#state = "open";
        if (signal?.aborted) return this.#onAbort();
        signal?.addEventListener("abort", this.#onAbort);
        this.#parts.call(this.#controller.signal, {
          onSent: (send) => this.#send = send,
          onItems: (items, units) => this.#receive(items, units),
        }).then(() => this.#onClosed(void 0), (error) =>
          this.#onClosed({
            error,
          }));
      }
      #onAbort = () => {
        this.#abort({
          error: this.#parts.signal?.reason,
        });
      };
      #receive(items, units) {
        const length = Math.ceil(units / items.length);
        for (const item of items) {
          if (this.#state === "ended") return;
          this.#window.add(length);
          const waiter = this.#waiters.shift();
          if (waiter === void 0) this.#items.add(item);
          else waiter(this.#consume(item));
        }
        const error = this.#excess();
        if (error !== void 0) {
          this.#abort({
            error,
          });
        }
      }
      /** Returns the error if the server has sent too much. */
      #excess() {
        const { subject, maxBuffered } = this.#parts;
        if (this.#window.isFull) return streamFull(subject, 2 * maxBuffered);
        if (!this.#window.isExceeded) return void 0;
        return new HoistError(
          `Cannot continue ${subject}: the server sent more items than the client requested. Update the server.`,
        );
      }
      /** Returns an item, and can request more items. */
      #consume(item) {
        const { check } = this.#parts;
        this.#window.remove();
        this.#grant(this.#window.grant());
        return check === void 0
          ? {
            done: false,
            value: item,
          }
          : this.#validate(check, item);
      }
      #grant(credit) {
        if (credit === 0) return;
        queueMicrotask(() => {
          if (this.#state !== "open") return;
          this.#send((id) => encodeCredit(id, credit));
        });
      }
      async #validate(check, item) {
        try {
          await check(item);
          return {
            done: false,
            value: item,
          };
        } catch (error) {
          this.#abort();
          throw error;
        }
      }
      /** Ends the stream on both sides. */
      #abort(failure) {
        if (this.#state === "open") this.#send(encodeCancel);
        this.#controller.abort();
        this.#items.clear();
        this.#failure = failure;
        this.#onClosed(failure);
        this.#release();
      }
      /** The call has ended; the items that wait can still be consumed. */
      #onClosed(failure) {
        if (this.#state === "ended") return;
        this.#state = "ended";
        this.#failure = failure;
        for (const waiter of this.#waiters.splice(0)) waiter(this.#last());
        if (this.#items.size === 0) this.#release();
      }
      /** Returns the end of the stream. An error is returned only once. */
      #last() {
        const failure = this.#failure;
        this.#failure = void 0;
        this.#release();
        return failure === void 0
          ? Promise.resolve(DONE)
          : Promise.reject(failure.error);
      }
      #release() {
        this.#parts.signal?.removeEventListener("abort", this.#onAbort);
      }
    };
  },
});

// client/requests.ts
var Requests;
var init_requests = __esm({
  "client/requests.ts"() {
    init_errors();
    init_ignorable();
    init_request_options();
    init_text();
    init_contract();
    init_define();
    init_encode();
    init_call_options();
    init_message2();
    init_replies();
    init_stream();
    init_stream_window();
    Requests = class {
      #link;
      #log;
      #contract;
      #checks;
      #maxBuffered;
      /** Constructs `Requests`. */
      constructor(options) {
        this.#link = options.link;
        this.#log = options.log;
        this.#contract = options.contract;
        this.#checks = options.checks;
        this.#maxBuffered = options.maxBuffered;
      }
      /** Converts a message of the server to a message that listeners can reply to. */
      toMessage = (wire) => new ServerMessage(wire, this.#reply);
      /** Sends a message, or a reply to the message `replying`. */
      async message(name, data = {}, options, replying = null) {
        checkMessageOptions(options);
        this.#assertMessage(name, replying);
        const accept = this.#acceptorOf(options?.onReply);
        const replies = new Replies(name, this.#checks, accept);
        await this.#link.request({
          name,
          describe: describeMessage,
          signal: options?.signal,
          timeout: options?.timeout,
          encode: encodeMessageRequest(name, data, replying),
          events: replies,
        });
        const wire = {
          message: name,
          data,
          id: replies.messageId,
          replying,
        };
        return new SentMessage(wire, await replies.all());
      }
      /** Sends a message and waits for the first reply. */
      async request(name, data = {}, options) {
        checkRequestOptions("Cannot send the request", options);
        this.#assertMessage(name, null);
        let first;
        await this.#link.request({
          name,
          describe: describeRequest,
          signal: options?.signal,
          timeout: options?.timeout,
          endsWithReply: true,
          encode: encodeMessageRequest(name, data, null),
          events: {
            onReply: (wire) => first ??= wire,
          },
        });
        if (first === void 0) throw new NoReplyError(describeRequest(name));
        await this.#checks?.reply(name, first);
        return this.toMessage(first);
      }
      /** Calls an operation. */
      async operation(name, data = {}, options) {
        checkOperationOptions(options);
        this.#assertOperation(name);
        const answer = await this.#link.request({
          name,
          describe: describeOperation,
          signal: options?.signal,
          timeout: options?.timeout,
          idempotent: options?.idempotent,
          encode: encodeOperationRequest(name, data),
        });
        const result = answer?.result ?? null;
        const checking = this.#checks?.result(name, result);
        if (checking !== void 0) await checking;
        return result;
      }
      /** Prepares a stream, which calls its operation when the first item is requested. */
      stream(name, data = {}, options) {
        const { signal, buffer } = resolveStreamOptions(options);
        this.#assertOperation(name);
        const maxBuffered = this.#maxBuffered;
        const credit = firstCredit(buffer, maxBuffered);
        const encode2 = encodeStreamRequest(name, data, credit);
        const checks = this.#checks;
        return new ItemStream({
          subject: describeStream(name),
          buffer,
          maxBuffered,
          signal,
          call: (ended, events) =>
            this.#link.request({
              name,
              describe: describeStream,
              needs: "stream",
              signal: ended,
              encode: encode2,
              events,
            }),
          check: checks && ((item) => checks.item(name, item)),
        });
      }
      /** Returns the function that converts each reply, and calls `onReply` with it. */
      #acceptorOf(onReply) {
        if (onReply === void 0) return this.toMessage;
        return (wire) => {
          const reply = this.toMessage(wire);
          void this.#log.run(() => onReply(reply));
          return reply;
        };
      }
      /** Sends the reply of a listener. */
      #reply = (replying, name, data, options) =>
        ignorable(this.message(name, data, options, replying));
      #assertOperation(name) {
        if (this.#contract === void 0) return;
        const subject = `Cannot call ${describeOperation(name)}`;
        assertNamed(subject, this.#contract.operations, name);
      }
      /** Accepts the messages of the contract, and the replies to the event `replying`. */
      #assertMessage(name, replying) {
        if (this.#contract === void 0) return;
        const { messages, events } = this.#contract;
        const replies = replying === null
          ? {}
          : repliesTo(events, replying.message);
        const subject = `Cannot send ${describeMessage(name)}`;
        assertNamed(subject, {
          ...messages,
          ...replies,
        }, name);
      }
    };
  },
});

// client/status.ts
function describeStatus(status) {
  switch (status.state) {
    case "connecting":
      return "started to reconnect";
    case "open":
      return "logged in";
    case "waiting":
      return describeWaiting(status);
    case "closed":
      return "ended";
  }
}
function describeWaiting({ delay, close }) {
  const failure = close.error === void 0
    ? ""
    : `: the last attempt failed: ${close.error.message}`;
  return `scheduled a reconnect in ${Math.round(delay)} ms${failure}`;
}
var StateNotifier, EVENTS;
var init_status = __esm({
  "client/status.ts"() {
    init_check();
    StateNotifier = class {
      #log;
      // One object for each registration, so that each can be removed alone.
      #entries = /* @__PURE__ */ new Set();
      #queued = [];
      #state = "connecting";
      /**
       * Constructs a `StateNotifier`.
       *
       * @param log Logs the errors of listeners
       */
      constructor(log) {
        this.#log = log;
      }
      /** The current state */
      get state() {
        return this.#state;
      }
      /** Adds a listener, which is called with each change until it is disposed. */
      listen(listener) {
        if (typeof listener !== "function") {
          const subject = "Cannot add the state listener";
          throw invalidType(subject, "the listener", "a function", listener);
        }
        const entry = {
          listener,
        };
        this.#entries.add(entry);
        return {
          [Symbol.dispose]: () => void this.#entries.delete(entry),
        };
      }
      /** Changes the state. */
      set(status) {
        this.#state = status.state;
        this.#log.debug(EVENTS[status.state], () => describeStatus(status));
        this.#queued.push(status);
        if (this.#queued.length > 1) return;
        for (const queued of this.#queued) this.#notify(queued);
        this.#queued.length = 0;
      }
      #notify(status) {
        for (
          const entry of [
            ...this.#entries,
          ]
        ) {
          if (!this.#entries.has(entry)) continue;
          const { listener } = entry;
          void this.#log.run(() => listener(status));
        }
      }
    };
    EVENTS = {
      connecting: "reconnect",
      open: "login",
      waiting: "reconnect",
      closed: "close",
    };
  },
});

// client/connection.ts
var Connection;
var init_connection = __esm({
  "client/connection.ts"() {
    init_ignorable();
    init_dispatcher();
    init_requests();
    init_status();
    Connection = class _Connection {
      /** Resolves when the connection has ended and does not reconnect; never rejects */
      closed;
      /** The URL of the server, without a user name, a password and a query */
      url;
      #status;
      #dispatcher;
      #link;
      #requests;
      /** @ignore Applications call `connect`. */
      constructor(parts) {
        const { log, contract, checks, maxBuffered } = parts;
        this.#status = new StateNotifier(log);
        const dispatcher = new Dispatcher({
          log,
          contract,
          checks,
          // Called only after the constructor: `#requests` needs the link, and the link needs
          // the dispatcher. An earlier listener may have closed the connection.
          toMessage: (wire) =>
            this.state === "closed" ? void 0 : this.#requests.toMessage(wire),
        });
        const link = parts.createLink(this.#status, dispatcher);
        this.#requests = new Requests({
          link,
          log,
          contract,
          checks,
          maxBuffered,
        });
        this.#dispatcher = dispatcher;
        this.#link = link;
        this.closed = link.closed;
        this.url = parts.url;
      }
      /** @ignore Applications call `connect`. */
      static async open(parts, signal) {
        const connection = new _Connection(parts);
        await connection.#link.open(signal);
        const timer = setTimeout(() => connection.#dispatcher.open(), 0);
        void connection.closed.then(() => clearTimeout(timer));
        return connection;
      }
      /** The current state; `waiting` and `connecting` need the option `reconnect` */
      get state() {
        return this.#status.state;
      }
      /**
       * Calls a listener whenever the state changes.
       *
       * @param listener The listener. Errors that it throws are logged
       * @returns A `Disposable`: `using` or `[Symbol.dispose]()` removes the listener
       *
       * @throws {TypeError} If the listener is not a function
       *
       * @example
       * ```ts
       * import { connect, serve } from "@hoist/cli";
       *
       * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
       * await using connection = await connect("test", {
       *   url: server.url,
       *   reconnect: true,
       * });
       * connection.onState((status) => {
       *   if (status.state === "waiting") {
       *     console.log(`lost (${status.close.code}), reconnecting in ${status.delay} ms`);
       *   }
       * });
       * ```
       */
      onState(listener) {
        return this.#status.listen(listener);
      }
      receive(names, listener) {
        return this.#dispatcher.add(names, listener);
      }
      message(name, data, options) {
        this.#dispatcher.open();
        return ignorable(this.#requests.message(name, data, options));
      }
      request(name, data, options) {
        this.#dispatcher.open();
        return ignorable(this.#requests.request(name, data, options));
      }
      operation(name, data, options) {
        this.#dispatcher.open();
        return ignorable(this.#requests.operation(name, data, options));
      }
      stream(name, data, options) {
        this.#dispatcher.open();
        return this.#requests.stream(name, data, options);
      }
      /**
       * Closes the connection, which does not reconnect. All requests in progress reject with
       * a `ConnectionClosedError`.
       *
       * @returns Resolves when the connection has ended. Further calls have no effect
       */
      close() {
        return this.#link.close();
      }
      /** Closes the connection at the end of an `await using` block. */
      [Symbol.asyncDispose]() {
        return this.close();
      }
    };
  },
});

// common/url.ts
function cutUrl(url) {
  if (typeof url !== "string") return url;
  const [scheme] = /^(?:\w+:\/\/)?/.exec(url);
  const at = url.lastIndexOf("@");
  const end = url.search(/[?#]/);
  if (end !== -1 && end < at) return `${scheme}\u2026`;
  const rest = at === -1 ? url.slice(scheme.length) : `\u2026${url.slice(at)}`;
  return scheme + rest.replace(/([?#]).*$/s, "$1\u2026");
}
function hidePasswords(text) {
  return text.replaceAll(/\/\/[^/\s]*@/g, "//");
}
var init_url = __esm({
  "common/url.ts"() {
  },
});

// client/endpoints.ts
function endpointsOf(url) {
  const base = parseUrl(url);
  const root = base.href.replace(/[?#].*$/, "").replace(/\/?$/, "/");
  const ack = new URL("hoist/ack", root);
  ack.protocol = base.protocol.replace("ws", "http");
  const socket = new URL("hoist", root);
  socket.protocol = base.protocol.replace("http", "ws");
  return {
    base: showUrl(base),
    ack,
    socket,
  };
}
function showUrl({ protocol, host, pathname }) {
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}
function parseUrl(url) {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed !== null && /^(http|ws)s?:$/.test(parsed.protocol)) return parsed;
  const needed = 'an HTTP or WebSocket URL such as "http://localhost:5000"';
  const value = url instanceof URL ? url.href : url;
  const hint = hintFor(value);
  throw invalidType("Cannot connect", "'url'", needed, cutUrl(value), hint);
}
function hintFor(url) {
  return typeof url === "string" && HOST.test(url)
    ? " Did you forget http://?"
    : "";
}
var HOST;
var init_endpoints = __esm({
  "client/endpoints.ts"() {
    init_check();
    init_url();
    HOST = /^([\w.-]+|\[[\da-f:.]+\])(:\d+)?(\/.*)?$/i;
  },
});

// common/bad_ports.ts
function isBadPort(port) {
  return BAD_PORTS.has(port);
}
var BAD_PORTS;
var init_bad_ports = __esm({
  "common/bad_ports.ts"() {
    BAD_PORTS = /* @__PURE__ */ new Set([
      0,
      1,
      7,
      9,
      11,
      13,
      15,
      17,
      19,
      20,
      21,
      22,
      23,
      25,
      37,
      42,
      43,
      53,
      69,
      77,
      79,
      87,
      95,
      101,
      102,
      103,
      104,
      109,
      110,
      111,
      113,
      115,
      117,
      119,
      123,
      135,
      137,
      139,
      143,
      161,
      179,
      389,
      427,
      465,
      512,
      513,
      514,
      515,
      526,
      530,
      531,
      532,
      540,
      548,
      554,
      556,
      563,
      587,
      601,
      636,
      989,
      990,
      993,
      995,
      1719,
      1720,
      1723,
      2049,
      3659,
      4045,
      4190,
      5060,
      5061,
      6e3,
      6566,
      6665,
      6666,
      6667,
      6668,
      6669,
      6679,
      6697,
      10080,
    ]);
  },
});

// client/certificate_errors.ts
function describeCertificate(detail) {
  if (!/certificate|\bCERT_|altname/i.test(detail)) return void 0;
  const problem = REASONS.find(([pattern]) => pattern.test(detail))?.[1] ??
    "was rejected. See the cause of this error.";
  return `the TLS certificate of the server ${problem}`;
}
var REASONS;
var init_certificate_errors = __esm({
  "client/certificate_errors.ts"() {
    REASONS = [
      [
        /CaUsedAsEndEntity/,
        "is the certificate of a certificate authority (CaUsedAsEndEntity). Let the server use a certificate that the authority has issued for it.",
      ],
      [
        /NotValidYet|not valid yet|NOT_YET_VALID/i,
        "is not valid yet. Check the clocks of the server and of this device.",
      ],
      [
        /Expired/i,
        "has expired. Renew it, or check the clock of this device.",
      ],
      [
        /NotValidForName|not valid for name|ALTNAME|altnames/i,
        "is for another host name. Use the name of the certificate in the URL.",
      ],
      [
        /Revoked/i,
        "was revoked. Let the server use another certificate.",
      ],
      [
        /UnknownIssuer|BadSignature|self.signed|UNABLE_TO_|issuer/i,
        "is not trusted. Add its certificate authority to this runtime.",
      ],
    ];
  },
});

// protocol/close.ts
function retryHint({ code, reason }) {
  if (code !== CloseCode.SERVICE_RESTART) return void 0;
  const delay = /\bretry in (\d+) ms$/.exec(reason)?.[1];
  return delay === void 0 ? void 0 : Math.min(Number(delay), MAX_RETRY_DELAY);
}
function describeDisconnect(code, reason) {
  return `closed by the server (${describeCode(code, reason)})`;
}
function describeCode(code, reason) {
  return reason === "" ? `${code}` : `${code}, ${escapeControls(reason)}`;
}
var MAX_RETRY_DELAY;
var init_close = __esm({
  "protocol/close.ts"() {
    init_check();
    init_codes();
    init_text();
    MAX_RETRY_DELAY = 6e4;
  },
});

// client/http_status.ts
function describeStatus2(status, retryAfter) {
  const meaning = MEANINGS.get(status) ??
    `the server or a proxy answered with the HTTP status ${status}. Check the URL.`;
  if (!TEMPORARY.has(status)) return meaning;
  const delay = retryAfter === void 0
    ? "later"
    : `in ${Math.ceil(retryAfter / 1e3)} s`;
  return `${meaning} This can be temporary: try again ${delay}.`;
}
function readRetryAfter(headers, now = Date.now()) {
  const value = headers.get("retry-after");
  if (value === null) return void 0;
  const delay = /^\d+$/.test(value)
    ? Number(value) * 1e3
    : Date.parse(value) - now;
  return delay >= 0 ? Math.min(delay, MAX_RETRY_DELAY) : void 0;
}
var NO_ANSWER, MEANINGS, TEMPORARY;
var init_http_status = __esm({
  "client/http_status.ts"() {
    init_close();
    NO_ANSWER =
      "Check that the server is running, and that the proxy forwards to it.";
    MEANINGS = /* @__PURE__ */ new Map([
      [
        401,
        "a proxy or the web server needs a login of its own (401). Let it forward requests below /hoist without one.",
      ],
      [
        403,
        "a proxy or the web server forbids the request (403). Let it forward requests below /hoist.",
      ],
      [
        404,
        "the path does not exist (404). Let the proxy forward requests below /hoist.",
      ],
      [
        429,
        "the server or a proxy received too many requests from this address (429).",
      ],
      [
        500,
        "the server or a proxy failed (500). Look at its log.",
      ],
      [
        502,
        `a proxy got no valid answer from the server (502). ${NO_ANSWER}`,
      ],
      [
        503,
        `the server or a proxy is not available (503). ${NO_ANSWER}`,
      ],
      [
        504,
        `a proxy got no answer from the server in time (504). ${NO_ANSWER}`,
      ],
    ]);
    TEMPORARY = /* @__PURE__ */ new Set([
      429,
      502,
      503,
      504,
    ]);
  },
});

// client/page.ts
function pageOrigin() {
  const { location } = globalThis;
  return location?.origin;
}
var init_page = __esm({
  "client/page.ts"() {
  },
});

// client/ack_errors.ts
function notHoist({ base, ack }, what, status) {
  const remedy = ack.pathname.endsWith("/hoist/hoist/ack")
    ? "Omit /hoist from the URL, because the client appends it."
    : "Check the URL.";
  return new ConnectError(
    `Cannot connect to ${base}: it is not a Hoist server, because ${
      showUrl(ack)
    } ${what}${status === void 0 ? "" : ` (${status})`}. ${remedy}`,
    {
      status,
    },
  );
}
function rejected(endpoints, { status, headers }) {
  if (status === 404) return notHoist(endpoints, "does not exist", 404);
  const retryAfter = readRetryAfter(headers);
  return new ConnectError(
    `Cannot connect to ${endpoints.base}: ${
      describeStatus2(status, retryAfter)
    }`,
    {
      status,
      retryAfter,
    },
  );
}
function redirected({ base, ack }, location) {
  const target = location !== null && URL.canParse(location, ack.href)
    ? targetOf(new URL(location, ack))
    : "another URL";
  return new ConnectError(
    `Cannot connect to ${base}: the server redirects to ${target}, and a WebSocket cannot follow a redirect. Pass the URL that the server redirects to.`,
  );
}
function targetOf(target) {
  const path = target.pathname.replace(/\/hoist\/ack$/, "");
  const { protocol, host } = target;
  return showName(`${protocol}//${host}${path}`);
}
function unreachable({ base, ack }, error) {
  const cause = withoutPassword(ack, causeOf(error));
  const detail = String(cause).replaceAll(showUrl(ack), "");
  return new ConnectError(
    `Cannot connect to ${base}: ${describeFailure(ack, error, detail)}`,
    {
      cause,
    },
  );
}
function causeOf(error) {
  return (error instanceof Error ? error.cause : void 0) ?? error;
}
function withoutPassword(ack, cause) {
  return hasPassword(ack) ? new Error(hidePasswords(String(cause))) : cause;
}
function hasPassword({ username, password }) {
  return username !== "" || password !== "";
}
function describeFailure(ack, error, detail) {
  if (error instanceof Error && error.name === "NotCapable") {
    return `the permission is missing. Run with --allow-net=${ack.host}.`;
  }
  if (hasPassword(ack) && /\bcredentials\b/.test(detail)) {
    return "this runtime accepts no user name and no password in a URL. Remove them.";
  }
  const isSilent = detail.startsWith("TypeError: ");
  if (isBadPort(portOf(ack)) && (isSilent || /\bport\b/.test(detail))) {
    return `fetch and browsers block port ${
      portOf(ack)
    }. Let the server listen on another port.`;
  }
  const page = pageOrigin();
  if (isSilent && page !== void 0) return describeBlocked(ack, page);
  return describeNetwork(ack, detail) ?? describeCertificate(detail) ??
    "no server answers there. Check the URL and that the server is running.";
}
function describeBlocked({ protocol }, page) {
  return protocol === "http:" && page.startsWith("https:")
    ? "a page with https: can only connect to a server with TLS. Write https: in the URL."
    : "no server answers there, or a proxy answers in its place, and this page cannot read that. Check the URL and that the server is running, and look at the network log of the browser.";
}
function portOf({ protocol, port }) {
  const standard = protocol === "https:" ? 443 : 80;
  return port === "" ? standard : Number(port);
}
function describeNetwork({ protocol, hostname }, detail) {
  if (/InvalidContentType|wrong version number/.test(detail)) {
    return "the server does not use TLS. Write http: instead of https: in the URL.";
  }
  if (/invalid HTTP|HTTPParserError|HPE_/.test(detail)) {
    const scheme = protocol === "http:"
      ? ", or write https: if it uses TLS"
      : "";
    return `the program that answers there does not use HTTP. Check the port${scheme}.`;
  }
  return /dns error|ENOTFOUND|EAI_AGAIN/.test(detail)
    ? `there is no address of the host ${hostname}. Check the URL, and the network of this device.`
    : void 0;
}
var init_ack_errors = __esm({
  "client/ack_errors.ts"() {
    init_bad_ports();
    init_errors();
    init_text();
    init_url();
    init_certificate_errors();
    init_endpoints();
    init_http_status();
    init_page();
  },
});

// client/server_info.ts
async function fetchServerInfo(endpoints, signal) {
  const value = parseFrame(await fetchBody(endpoints, signal));
  if (!isJsonObject(value) || typeof value.version !== "string") {
    throw notHoist(endpoints, "returned no version");
  }
  const { version, protocols, lockout } = value;
  return {
    version,
    protocols: Array.isArray(protocols) ? protocols : [],
    lockout: lockout === null || typeof lockout === "number" ? lockout : void 0,
  };
}
async function fetchBody(endpoints, signal) {
  try {
    const response = await fetch(endpoints.ack, {
      signal,
      redirect: "manual",
    });
    if (response.ok) return await readBody(endpoints, response);
    response.body?.cancel().catch(() => {
    });
    throw isRedirect(response)
      ? redirected(endpoints, response.headers.get("location"))
      : rejected(endpoints, response);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error instanceof ConnectError ? error : unreachable(endpoints, error);
  }
}
function isRedirect({ type, status, headers }) {
  return type === "opaqueredirect" ||
    status >= 300 && status < 400 && headers.has("location");
}
async function readBody(endpoints, { body }) {
  const decoder = new TextDecoder();
  const reader = body?.getReader();
  let text = "";
  let length = 0;
  while (reader !== void 0) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > MAX_RESPONSE) {
      reader.cancel().catch(() => {
      });
      throw notHoist(endpoints, `returned more than ${MAX_RESPONSE} bytes`);
    }
    text += decoder.decode(value, {
      stream: true,
    });
  }
  return text + decoder.decode();
}
var MAX_RESPONSE;
var init_server_info = __esm({
  "client/server_info.ts"() {
    init_errors();
    init_json();
    init_message();
    init_ack_errors();
    MAX_RESPONSE = 65536;
  },
});

// client/upgrade_errors.ts
function notOpened({ base, socket }, problem, lockout) {
  const status = statusOf(problem);
  const meaning = describeStatusOf(status, lockout) ??
    `the WebSocket at ${showUrl(socket)} did not open. ${
      describeAnswer(status) ?? describeSilence(problem)
    }`;
  const cause = problem === "" ? {} : {
    cause: new Error(hidePasswords(escapeControls(problem))),
  };
  return new ConnectError(`Cannot connect to ${base}: ${meaning}`, {
    ...cause,
    status,
  });
}
function statusOf(problem) {
  const status = /(?:status code|response): (\d{3})\b/.exec(problem)?.[1];
  return status === void 0 ? void 0 : Number(status);
}
function describeStatusOf(status, lockout) {
  if (status === 403) return describeOrigin();
  if (status === 503) {
    return "the server has too many connections, or is closing (503). Try again later.";
  }
  if (lockout !== void 0) return describeLockout(lockout);
  return status === 429
    ? "too many connections from this address are open (429). Close others first."
    : void 0;
}
function describeAnswer(status) {
  if (status === void 0) return void 0;
  if (status === 426 || status === 200) {
    return `The server received no request for a WebSocket (${status}), so a proxy probably removes the header Upgrade. Let the proxy forward WebSockets.`;
  }
  return status >= 300 && status < 400
    ? `The server redirects it (${status}), and a WebSocket cannot follow a redirect. Pass the URL that the server redirects to.`
    : capitalize(describeStatus2(status));
}
function capitalize(sentence) {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
function describeOrigin() {
  return `the server does not allow connections from this page (403). Add ${
    pageOrigin() ?? "its origin"
  } to the option 'allowedOrigins' of the server.`;
}
function describeLockout(lockout) {
  const remedy = lockout === null
    ? "Try again when the server has restarted."
    : `Try again in ${lockout} s.`;
  return `too many logins from this address failed (429). ${remedy}`;
}
function describeSilence(problem) {
  const certificate = describeCertificate(problem);
  if (certificate !== void 0) return capitalize(certificate);
  const origin = pageOrigin();
  const page = origin === void 0
    ? ""
    : `does not allow this page (add ${origin} to 'allowedOrigins'), `;
  return `Look at the log of the server: perhaps it ${page}is full or closing, or rejected too many logins. If the log contains nothing, check whether a proxy blocks WebSockets.`;
}
var init_upgrade_errors = __esm({
  "client/upgrade_errors.ts"() {
    init_errors();
    init_text();
    init_url();
    init_certificate_errors();
    init_endpoints();
    init_http_status();
    init_page();
  },
});

// client/handshake.ts
function subprotocolOf({ protocols }) {
  return protocols.includes(SUBPROTOCOL) ? SUBPROTOCOL : void 0;
}
function assertMinimum(base, version, minimumVersion) {
  if (isVersion(version) && meetsMinimum(version, minimumVersion)) return;
  const current = isVersion(version) ? showName(version) : showValue(version);
  throw new VersionError(
    `Cannot connect to ${base}: the server has version ${current}, but 'minimumVersion' is ${minimumVersion}. Update the server or lower 'minimumVersion'.`,
    {
      needed: minimumVersion,
      current: version,
    },
  );
}
async function tryToOpen(create, signal) {
  const socket = createSocket(create);
  if (typeof socket === "string") return socket;
  const outcome = new Promise((resolve2) => {
    socket.addEventListener("open", () => resolve2(socket));
    socket.addEventListener("error", (event) => resolve2(messageOf(event)));
    socket.addEventListener("close", () => resolve2(""));
  });
  let opened = "";
  try {
    opened = await Promise.race([
      outcome,
      aborted(signal),
    ]);
    return opened;
  } finally {
    if (opened !== socket) discard(socket);
  }
}
function createSocket(create) {
  try {
    return create();
  } catch (error) {
    return messageOf(error) || "the class WebSocket threw an error";
  }
}
function discard(socket) {
  const abort = () => abortSocket(socket);
  socket.addEventListener("open", abort);
  abort();
}
function abortSocket(socket) {
  try {
    if (socket.terminate !== void 0) return socket.terminate();
  } catch {
  }
  closeSocket(socket);
}
function closeSocket(socket, code) {
  try {
    if (code === void 0) socket.close();
    else socket.close(code);
  } catch {
    if (code !== void 0) closeSocket(socket);
  }
}
function messageOf(event) {
  const { message } = Object(event);
  return typeof message === "string" ? message : "";
}
var ASK_AGAIN_TIMEOUT, Dialer;
var init_handshake = __esm({
  "client/handshake.ts"() {
    init_async();
    init_errors();
    init_text();
    init_features();
    init_version();
    init_server_info();
    init_upgrade_errors();
    ASK_AGAIN_TIMEOUT = 2e3;
    Dialer = class {
      /** The server to connect to */
      target;
      #info;
      /** Constructs a `Dialer`. */
      constructor(target) {
        this.target = target;
      }
      /** Opens a WebSocket. The first call asks what server this is, before it does so. */
      async open(signal) {
        const isFirst = this.#info === void 0;
        const info = await this.#currentInfo(signal);
        const opened = await this.#tryToOpen(info, signal);
        if (typeof opened !== "string") return opened;
        if (!isFirst) return await this.#openAgain(info, opened, signal);
        throw notOpened(this.target.endpoints, opened, info.lockout);
      }
      /** Only `minimumVersion` needs to know the version of a server that has restarted. */
      async #currentInfo(signal) {
        const known2 = this.#info;
        if (known2 === void 0) return await this.#ask(signal);
        if (this.target.minimumVersion === void 0) return known2;
        return await this.#askAgain(signal) ?? known2;
      }
      /** Asks again after a failure, because the server can be another one by now. */
      async #openAgain(known2, problem, signal) {
        const info = await this.#askAgain(signal) ?? known2;
        const opened = subprotocolOf(info) === subprotocolOf(known2)
          ? problem
          : await this.#tryToOpen(info, signal);
        if (typeof opened !== "string") return opened;
        throw notOpened(this.target.endpoints, opened, info.lockout);
      }
      /** Resolves to `undefined` if the server does not answer in time. */
      async #askAgain(callerSignal) {
        const noReason = () => void 0;
        const { signal, cancel } = limit(
          callerSignal,
          ASK_AGAIN_TIMEOUT,
          noReason,
        );
        try {
          return await this.#ask(signal);
        } catch (error) {
          if (signal.aborted && !callerSignal.aborted) return void 0;
          throw error;
        } finally {
          cancel();
        }
      }
      async #ask(signal) {
        const { endpoints, minimumVersion } = this.target;
        const info = await fetchServerInfo(endpoints, signal);
        if (minimumVersion !== void 0) {
          assertMinimum(endpoints.base, info.version, minimumVersion);
        }
        return this.#info = info;
      }
      async #tryToOpen(info, signal) {
        const { WebSocket, endpoints: { socket: { href } } } = this.target;
        const subprotocol = subprotocolOf(info);
        const create = () =>
          subprotocol === void 0
            ? new WebSocket(href)
            : new WebSocket(href, subprotocol);
        return await tryToOpen(create, signal);
      }
    };
  },
});

// common/format_error.ts
function formatError(error) {
  const seen = /* @__PURE__ */ new Set();
  const lines = [];
  const rest = [
    {
      label: "",
      error,
    },
  ];
  for (let part = rest.pop(); part !== void 0; part = rest.pop()) {
    if (seen.has(part.error)) {
      lines.push(`${part.label}an error that is shown above`);
    } else if (seen.size >= MAX_ERRORS) {
      lines.push("More errors were omitted");
      break;
    } else {
      seen.add(part.error);
      lines.push(part.label + describe3(part.error));
      rest.push(...partsOf(part.error));
    }
  }
  return lines.join("\n");
}
function describe3(error) {
  try {
    const text = isErrorLike(error) ? stackOf(error) : describeValue(error);
    return truncate(text, MAX_LENGTH);
  } catch {
    return "an error that cannot be formatted";
  }
}
function isErrorLike(error) {
  return error instanceof Error || typeof Object(error).stack === "string";
}
function stackOf(error) {
  const stack = String(error.stack ?? "");
  const message = String(error.message);
  if (stack !== "" && stack.includes(message)) return stack;
  return `${error.name}: ${message}
${stack}`.trimEnd();
}
function describeValue(value) {
  if (typeof value !== "object" || value === null) return String(value);
  return JSON.stringify(value) ?? String(value);
}
function partsOf(error) {
  try {
    if (!isErrorLike(error)) return [];
    const { cause, errors } = error;
    const causes = cause === void 0 ? [] : [
      {
        label: "Caused by: ",
        error: cause,
      },
    ];
    return [
      ...causes,
      ...membersOf(errors),
    ].reverse();
  } catch {
    return [];
  }
}
function membersOf(errors) {
  if (!Array.isArray(errors)) return [];
  return errors.slice(0, MAX_ERRORS).map((error, index) => ({
    label: `Error ${index + 1} of ${errors.length}: `,
    error,
  }));
}
var MAX_ERRORS, MAX_LENGTH;
var init_format_error = __esm({
  "common/format_error.ts"() {
    init_text();
    MAX_ERRORS = 10;
    MAX_LENGTH = 4e3;
  },
});

// common/rate_limiter.ts
var MAX_PAUSE, TokenBucket, LogThrottle;
var init_rate_limiter = __esm({
  "common/rate_limiter.ts"() {
    MAX_PAUSE = 3e4;
    TokenBucket = class {
      #perSecond;
      #burst;
      #tokens;
      #filled = -Infinity;
      #paused;
      /**
       * Constructs a `TokenBucket`.
       *
       * @param perSecond The number of tokens that are added per second
       * @param burst The maximum number of tokens
       * @param paused The length of all pauses before the first attempt, in milliseconds
       */
      constructor(perSecond, burst, paused = 0) {
        this.#perSecond = perSecond;
        this.#burst = burst;
        this.#tokens = burst;
        this.#paused = paused;
      }
      /**
       * Takes tokens. Creates a debt if there are not enough.
       *
       * @param now The current time in milliseconds, from a clock that never goes back
       * @param paused The length of all pauses until now, in milliseconds
       * @param count The number of tokens
       */
      take(now, paused = 0, count = 1) {
        if (this.#perSecond === Infinity || this.#burst === Infinity) {
          return "allow";
        }
        this.#fill(now, paused);
        this.#tokens -= count;
        if (this.#tokens >= 0) return "allow";
        return this.#tokens > -this.#burst ? "reject" : "disconnect";
      }
      /** Takes tokens and returns true, or returns false and creates no debt. */
      tryTake(now, paused = 0, count = 1) {
        this.#fill(now, paused);
        if (this.#tokens < count) return false;
        this.#tokens -= count;
        return true;
      }
      /** Gives a token back. */
      restore() {
        if (this.#tokens < this.#burst) this.#tokens++;
      }
      #fill(now, paused) {
        const pause = Math.min(paused - this.#paused, MAX_PAUSE);
        const gained = this.#gain(now - this.#filled - pause);
        const capped = Math.min(this.#burst, this.#tokens + gained);
        const most = this.#burst + this.#gain(MAX_PAUSE);
        const tokens = Math.max(this.#tokens, capped) + this.#gain(pause);
        this.#tokens = Math.min(most, tokens);
        this.#filled = now;
        this.#paused = paused;
      }
      /** Returns the number of tokens that are added in a time in milliseconds. */
      #gain(time) {
        return time * this.#perSecond / 1e3;
      }
    };
    LogThrottle = class {
      #bucket;
      #omitted = 0;
      /**
       * Constructs a `LogThrottle`.
       *
       * @param perSecond The number of lines per second in the long run
       * @param burst The maximum number of lines at once
       */
      constructor(perSecond, burst) {
        this.#bucket = new TokenBucket(perSecond, burst);
      }
      /**
       * Returns the line to log, or `undefined` if it exceeds the limit.
       *
       * @param line The line
       * @param now The current time, in milliseconds
       */
      pass(line, now = performance.now()) {
        if (!this.#bucket.tryTake(now)) {
          this.#omitted++;
          return void 0;
        }
        const note = this.#omitted === 0
          ? ""
          : ` (${this.#omitted} earlier lines were omitted)`;
        this.#omitted = 0;
        return `${line}${note}`;
      }
      /** Does not count a line that was logged. */
      restore() {
        this.#bucket.restore();
      }
    };
  },
});

// common/secrets.ts
function showFrame(frame, secrets) {
  const start2 = redactStart(frame, secrets);
  return escapeControls(start2.replaceAll(TOKEN_FIELD, `$1"${REDACTED}"`));
}
function redactStart(text, secrets) {
  const start2 = text.slice(0, MAX_SHOWN + secrets.longest);
  const shown = secrets.redact(start2);
  const uncertain = start2.length < text.length ? secrets.longest : 0;
  return shown.slice(0, Math.min(MAX_SHOWN, shown.length - uncertain));
}
var MIN_SECRET, REDACTED, TOKEN_FIELD;
var init_secrets = __esm({
  "common/secrets.ts"() {
    init_text();
    MIN_SECRET = 12;
    REDACTED = "[redacted]";
    TOKEN_FIELD = /("token"\s*:\s*)"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)/gs;
  },
});

// client/log_caller.ts
function callerOf(event) {
  return BY_EVENT.get(event) ?? "receive";
}
function senderOf(frame) {
  if (frame === GOODBYE) return "close";
  const action = /^\[?\{"id":\d+,"action":"(\w+)"/.exec(frame)?.[1];
  return BY_ACTION.get(action) ?? "receive";
}
var BY_EVENT, BY_ACTION;
var init_log_caller = __esm({
  "client/log_caller.ts"() {
    init_encode();
    BY_EVENT = /* @__PURE__ */ new Map([
      [
        "connect",
        "connect",
      ],
      [
        "login",
        "connect",
      ],
      [
        "reconnect",
        "connect",
      ],
      [
        "disconnect",
        "close",
      ],
      [
        "close",
        "close",
      ],
    ]);
    BY_ACTION = /* @__PURE__ */ new Map([
      [
        "message",
        "message",
      ],
      [
        "operation",
        "operation",
      ],
      [
        "stream",
        "stream",
      ],
      [
        "credit",
        "stream",
      ],
      [
        "cancel",
        "stream",
      ],
    ]);
  },
});

// client/log.ts
function messageOf2(error) {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return "the thrown value cannot be converted to a string";
  }
}
var MAX_LINES, LINES_PER_SECOND, MAX_NAMES, ClientLog;
var init_log = __esm({
  "client/log.ts"() {
    init_debug_state();
    init_format_error();
    init_rate_limiter();
    init_secrets();
    init_text();
    init_log_caller();
    MAX_LINES = 20;
    LINES_PER_SECOND = 1;
    MAX_NAMES = 100;
    ClientLog = class {
      #logger;
      #url;
      #secret;
      #throttle = new LogThrottle(LINES_PER_SECOND, MAX_LINES);
      /** The names of the events that had no listener */
      #unheard = /* @__PURE__ */ new Set();
      /** Constructs a `ClientLog`. */
      constructor({ logger, url, token }) {
        this.#logger = logger;
        this.#url = url;
        this.#secret = token.length < MIN_SECRET ? "" : token;
      }
      /** Runs a callback of the application and reports its error; never rejects. */
      async run(callback) {
        try {
          await callback();
        } catch (error) {
          this.report(error);
        }
      }
      /** Reports the error of a callback of the application. */
      report(error) {
        const details = () => `
${formatError(error)}`;
        this.#log("error", "error", "a listener failed", details);
      }
      /** Reports that an invalid message was not passed to the listeners. */
      ignore(error) {
        const details = () => `
${messageOf2(error)}`;
        this.#log("warn", "receive", "ignored a message", details);
      }
      /** Logs what the server did wrong. */
      warn(message) {
        this.#log("warn", "receive", message);
      }
      /** Reports an event without a listener, once for each name. */
      unheard(name) {
        if (this.#unheard.size >= MAX_NAMES) return;
        const shown = quote(name);
        if (this.#unheard.has(shown)) return;
        this.#unheard.add(shown);
        const message = `no listener received ${shown}`;
        this.#log("warn", "event", `${message}. Add one with receive().`);
      }
      /** Logs a debug line if `debug()` was called. Calls `detail` only then. */
      debug(event, detail, caller = () => callerOf(event)) {
        if (debugOptions() === void 0) return;
        const line = () => `${event}: ${this.#url} ${detail()}`;
        this.#write("debug", () => tracePrefix(caller) + line());
      }
      /** Logs a frame to the server. The content of the login is not shown. */
      sent(frame, isLogin) {
        if (debugOptions() === void 0) return;
        this.debug(
          "send",
          () => `sent ${isLogin ? "the login" : this.#show(frame)}`,
          () => isLogin ? "connect" : senderOf(frame),
        );
      }
      /** Logs a frame of the server. */
      received(frame) {
        if (debugOptions() === void 0) return;
        this.debug("receive", () => `received ${this.#show(String(frame))}`);
      }
      #show(frame) {
        const redact = (text) => this.#redact(text);
        return showFrame(frame, {
          longest: this.#secret.length,
          redact,
        });
      }
      #redact(text) {
        if (this.#secret === "") return text;
        return text.replaceAll(this.#secret, REDACTED);
      }
      /** The server and the listeners can cause any number of these lines. */
      #log(level, event, message, details = () => "") {
        const line = `${event}: ${this.#url}: ${message}`;
        const passed = this.#throttle.pass(line);
        if (passed === void 0) return;
        const trace = () => tracePrefix(() => callerOf(event));
        this.#write(level, () => trace() + passed + details());
      }
      /** If the logger fails, nothing can report that, and it must not end the process. */
      #write(level, line) {
        try {
          const escaped = escapeLines(this.#redact(line()));
          const result = this.#logger[level]?.(escaped);
          if (result instanceof Promise) {
            result.catch(() => {
            });
          }
        } catch {
          return;
        }
      }
    };
  },
});

// client/reconnect_policy.ts
function resolveReconnectOptions(options) {
  const subject = "Cannot connect";
  checkKeys(subject, options, DEFAULTS, "reconnect");
  const { minDelay = DEFAULTS.minDelay, maxQueue = DEFAULTS.maxQueue } =
    options;
  checkNumber(subject, "reconnect.minDelay", minDelay, MIN_DELAY);
  const { maxDelay = Math.max(DEFAULTS.maxDelay, minDelay) } = options;
  const longest2 = {
    ...MIN_DELAY,
    min: minDelay,
  };
  checkNumber(subject, "reconnect.maxDelay", maxDelay, longest2);
  const { maxAttempts = DEFAULTS.maxAttempts } = options;
  checkNumber(subject, "reconnect.maxAttempts", maxAttempts, MAX_ATTEMPTS);
  checkNumber(subject, "reconnect.maxQueue", maxQueue, MAX_QUEUE);
  return {
    minDelay,
    maxDelay,
    maxAttempts,
    maxQueue,
  };
}
function longestDelay(attempt, { minDelay, maxDelay }) {
  return Math.min(maxDelay, minDelay * 2 ** attempt);
}
function backoffDelay(attempt, options, random = Math.random) {
  return Math.round(random() * longestDelay(attempt, options));
}
function isCausedByClient(code) {
  return CLIENT_ERRORS.has(code);
}
function isDeliberate(code) {
  return code === CloseCode.NORMAL || code >= 3e3 && code <= 4999;
}
function isFinal(error) {
  if (error instanceof LoginError || error instanceof VersionError) return true;
  const cause = error instanceof Error ? error.cause : void 0;
  return cause instanceof ConnectionClosedError &&
    (isDeliberate(cause.code) || cause.code === CloseCode.MESSAGE_TOO_BIG);
}
var DEFAULTS,
  MIN_DELAY,
  MAX_ATTEMPTS,
  MAX_QUEUE,
  ReconnectPolicy,
  CLIENT_ERRORS;
var init_reconnect_policy = __esm({
  "client/reconnect_policy.ts"() {
    init_check();
    init_errors();
    init_close();
    DEFAULTS = {
      minDelay: 500,
      maxDelay: 3e4,
      maxAttempts: Infinity,
      maxQueue: 0,
    };
    MIN_DELAY = {
      min: 1,
      max: MAX_TIMEOUT,
      unit: "milliseconds",
    };
    MAX_ATTEMPTS = {
      min: 1,
      integer: true,
      infinity: true,
    };
    MAX_QUEUE = {
      min: 0,
      integer: true,
    };
    ReconnectPolicy = class {
      #rules;
      #random;
      /** The number of attempts since the last stable connection. */
      #attempts = 0;
      /** When the connection last opened, in milliseconds. */
      #openedAt = Infinity;
      /**
       * Constructs a `ReconnectPolicy`.
       *
       * @param rules How often to reconnect, and after which delays
       * @param random Returns random numbers from 0 to 1
       */
      constructor(rules, random = Math.random) {
        this.#rules = rules;
        this.#random = random;
      }
      /** Records that the connection has opened, at a time in milliseconds. */
      onOpen(now) {
        this.#openedAt = now;
      }
      /**
       * Decides what follows when the connection has ended, unless this side closed it.
       *
       * @param close The close code and the reason
       * @param now The time in milliseconds
       * @returns The delay before the next attempt in milliseconds; `undefined` to give up
       */
      afterClose(close, now) {
        if (isDeliberate(close.code)) return void 0;
        const lasted = now - this.#openedAt;
        if (lasted >= longestDelay(this.#attempts, this.#rules)) {
          this.#attempts = 0;
        }
        return this.#next(retryHint(close));
      }
      /**
       * Decides what follows when an attempt has failed.
       *
       * @param error The error of the attempt
       * @returns The delay before the next attempt in milliseconds; `undefined` to give up
       */
      afterFailure(error) {
        if (isFinal(error)) return void 0;
        const delay = this.#next();
        if (delay === void 0 || !(error instanceof ConnectError)) return delay;
        return delay + (error.retryAfter ?? 0);
      }
      /** Uses the server's hint for the first attempt only, so that a server that closes
       * repeatedly cannot make every attempt immediate. */
      #next(hint) {
        if (this.#attempts >= this.#rules.maxAttempts) return void 0;
        const attempt = this.#attempts++;
        if (attempt === 0 && hint !== void 0) return hint;
        return backoffDelay(attempt, this.#rules, this.#random);
      }
    };
    CLIENT_ERRORS = /* @__PURE__ */ new Set([
      CloseCode.UNSUPPORTED_DATA,
      CloseCode.POLICY_VIOLATION,
      CloseCode.MESSAGE_TOO_BIG,
    ]);
  },
});

// common/timed_out.ts
function timedOut(subject, timeout) {
  return new TimeoutError(
    `Cannot finish ${subject}: no response within ${timeout} ms. Raise 'timeout' to wait longer.`,
  );
}
var init_timed_out = __esm({
  "common/timed_out.ts"() {
    init_errors();
  },
});

// protocol/server_frames.ts
function serverFeaturesOf(data) {
  const named = Array.isArray(data?.features) ? data.features : [];
  const features = commonFeatures(named);
  const limit2 = features.has("max-payload") ? data?.maxPayload : void 0;
  const isLimit = isId(limit2) && limit2 > 0;
  return {
    features,
    maxPayload: isLimit ? limit2 : Infinity,
  };
}
function decodeServerFrame(frame) {
  return read(parseFrame(frame));
}
function decodeServerFrames(frame) {
  const value = parseFrame(frame);
  return Array.isArray(value) ? value.map(read) : [
    read(value),
  ];
}
function read(value) {
  if (!isJsonObject(value)) return null;
  const id = isId(value.id) ? value.id : null;
  return value.success === true ? readSuccess(id, value) : readError(id, value);
}
function readSuccess(id, { message: kind, data }) {
  if (kind === "newmsg" || kind === "s_newmsg") {
    return isWireMessage(data)
      ? {
        kind: "message",
        id,
        message: data,
      }
      : null;
  }
  if (kind === "request") {
    return isWireMessage(data)
      ? {
        kind,
        message: data,
      }
      : null;
  }
  if (id === null) return null;
  if (kind === "items") {
    const items = isJsonObject(data) ? data.items : void 0;
    return Array.isArray(items)
      ? {
        kind,
        id,
        items,
      }
      : null;
  }
  const messageId = isJsonObject(data) && isId(data.id) ? data.id : null;
  if (kind === "done") {
    return {
      kind,
      id,
      messageId,
    };
  }
  if (kind === "open") {
    return messageId === null ? null : {
      kind,
      id,
      messageId,
    };
  }
  return {
    kind: "answer",
    id,
    data: isJsonObject(data) ? data : NO_DATA,
  };
}
function readError(id, { code, error, message, desc, data = null }) {
  if (
    typeof code !== "number" || typeof error !== "string" ||
    typeof message !== "string"
  ) return null;
  const description = typeof desc === "string" ? desc : null;
  return {
    kind: "error",
    id,
    error: {
      code,
      error,
      message,
      description,
      data,
    },
  };
}
var NO_DATA;
var init_server_frames = __esm({
  "protocol/server_frames.ts"() {
    init_json();
    init_features();
    init_message();
    NO_DATA = Object.freeze({});
  },
});

// client/link.ts
function subjectOf({ name, describe: describe4 }) {
  return describe4(name);
}
var CLOSED_HERE;
var init_link = __esm({
  "client/link.ts"() {
    init_errors();
    CLOSED_HERE = {
      code: CloseCode.NORMAL,
      reason: "closed by the client",
    };
  },
});

// client/login_errors.ts
function loginError(base, { code, data, description, error, message }) {
  if (code === ErrorCode.LOGIN_FAILED) {
    return new LoginError(
      `Cannot log in to ${base}: the server rejected the token. Check that it matches the server's token.`,
    );
  }
  const needed = isJsonObject(data) ? data.needed : void 0;
  if (code === ErrorCode.BAD_VERSION && typeof needed === "string") {
    return new VersionError(
      `Cannot log in to ${base}: the server needs a client of version ${
        showName(needed)
      } or later, but this client has version ${VERSION}. Update the client.`,
      {
        needed,
        current: VERSION,
      },
    );
  }
  return new ConnectError(
    `Cannot log in to ${base}: the server answered ${showName(error)}: ${
      escapeControls(description ?? message.replace(/\.$/, ""))
    }`,
  );
}
function connectTimeout(base, timeout) {
  return new TimeoutError(
    `Cannot connect to ${base}: no response within ${timeout} ms. Check the URL or raise 'timeout'.`,
  );
}
function loginTooLarge(base, cause) {
  return new ConnectError(
    `Cannot connect to ${base}: the login is too large for the server (${cause.code}). Use a shorter token, or raise 'limits.maxLoginPayload' of the server.`,
    {
      cause,
    },
  );
}
function loginOffence(base, offence) {
  return new ConnectError(
    `Cannot log in to ${base}: ${offence}. Check that it is a Hoist server.`,
  );
}
function connectionLost(base, cause) {
  const { code, reason } = cause;
  if (code === CloseCode.MESSAGE_TOO_BIG) return loginTooLarge(base, cause);
  const detail = reason === "" ? "" : `, ${quote(reason)}`;
  return new ConnectError(
    `Cannot connect to ${base}: the server closed the connection before it answered the login (${code}${detail}). Look at the log of the server.`,
    {
      cause,
    },
  );
}
var init_login_errors = __esm({
  "client/login_errors.ts"() {
    init_errors();
    init_json();
    init_text();
    init_version();
  },
});

// client/pending_requests.ts
function measure(value) {
  try {
    return JSON.stringify(value).length;
  } catch {
    return Number.MAX_SAFE_INTEGER;
  }
}
var MAX_ABANDONED, PendingRequests;
var init_pending_requests = __esm({
  "client/pending_requests.ts"() {
    init_errors();
    init_buffer_errors();
    init_link();
    MAX_ABANDONED = 1024;
    PendingRequests = class {
      // Maps keep the order of insertion: the first request is the oldest.
      #requests = /* @__PURE__ */ new Map();
      /**
       * Requests that the caller abandoned and the server can still answer. Only the latest
       * are kept, because a server that never answers would let the set grow without limit.
       * If a server is further behind than that, its next error fails the wrong request.
       */
      #abandoned = /* @__PURE__ */ new Set();
      /** Whether each error of the server names the request that it belongs to. */
      #namesErrors = false;
      #nextId = 0;
      #maxKept;
      /** The length of the replies to all requests that wait, in UTF-16 units. */
      #kept = 0;
      /**
       * Constructs `PendingRequests`.
       *
       * @param maxKept The maximum length of the replies to all requests that wait
       */
      constructor(maxKept = Infinity) {
        this.#maxKept = maxKept;
      }
      /** The number of requests that wait */
      get size() {
        return this.#requests.size;
      }
      /** Returns whether a request waits. */
      has(id) {
        return this.#requests.has(id);
      }
      /** Relies on it, from now on, that each error of the server names its request. */
      expectIds() {
        this.#namesErrors = true;
        this.#abandoned.clear();
      }
      /** Returns an unused number, starting with 0. */
      nextId() {
        return this.#nextId++;
      }
      /**
       * Adds a request that is about to be sent.
       *
       * @param id The number of the request
       * @param request The request
       * @returns The data of the response. Rejects if the server answers with an error, or if
       * the connection ends
       */
      add(id, request) {
        return new Promise((resolve2, reject) => {
          this.#requests.set(id, {
            request,
            resolve: resolve2,
            reject,
            kept: 0,
          });
        });
      }
      /** Forgets a request, because its caller has stopped waiting. */
      abandon(id) {
        if (this.#take(id) === void 0 || this.#namesErrors) return;
        this.#remember(id);
      }
      #remember(id) {
        this.#abandoned.add(id);
        const [first] = this.#abandoned;
        if (first !== void 0 && this.#abandoned.size > MAX_ABANDONED) {
          this.#abandoned.delete(first);
        }
      }
      /**
       * Passes a frame of the server to the request that it belongs to.
       *
       * @param frame The frame
       * @param units The length of a reply, or of all items of the frame, in UTF-16 units;
       * measured if omitted
       */
      handle(frame, units) {
        switch (frame.kind) {
          case "open":
            return this.#open(frame.id, frame.messageId);
          case "message":
            return this.#reply(frame.id, frame.message, units);
          case "items":
            return this.#requests.get(frame.id)?.request.events?.onItems?.(
              frame.items,
              units ?? measure(frame.items),
            );
          case "request":
            return;
          case "answer":
            return this.#resolve(frame.id, frame.data);
          case "done":
            this.#open(frame.id, frame.messageId);
            return this.#resolve(frame.id, null);
          case "error":
            return this.#reject(frame.id, frame.error);
        }
      }
      /** Rejects all requests, because the connection has ended. */
      onClosed(close) {
        const entries = [
          ...this.#requests.values(),
        ];
        this.#requests.clear();
        this.#abandoned.clear();
        this.#kept = 0;
        for (const { request, reject } of entries) {
          reject(new ConnectionClosedError(subjectOf(request), close));
        }
      }
      #open(id, messageId) {
        if (messageId === null) return;
        this.#requests.get(id)?.request.events?.onOpen?.(messageId);
      }
      #reply(id, message, units) {
        const entry = id === null ? void 0 : this.#requests.get(id);
        if (entry === void 0) return;
        const { request, resolve: resolve2 } = entry;
        request.events?.onReply?.(message);
        if (request.endsWithReply) return resolve2(null);
        const length = units ?? measure(message);
        entry.kept += length;
        this.#kept += length;
        if (this.#kept > this.#maxKept) this.#rejectLargest();
      }
      /** A server can send any number of replies to one message. */
      #rejectLargest() {
        let largest;
        let kept = 0;
        for (const [id, entry2] of this.#requests) {
          if (entry2.kept <= kept) continue;
          largest = id;
          kept = entry2.kept;
        }
        const entry = largest === void 0 ? void 0 : this.#take(largest);
        if (largest === void 0 || entry === void 0) return;
        if (!this.#namesErrors) this.#remember(largest);
        entry.reject(repliesFull(subjectOf(entry.request), this.#maxKept));
      }
      #resolve(id, data) {
        const entry = this.#remove(id);
        if (entry === void 0) return;
        entry.request.events?.onAnswer?.(data);
        entry.resolve(data);
      }
      #reject(id, frame) {
        const failed = id ?? this.#oldest();
        const entry = failed === void 0 ? void 0 : this.#remove(failed);
        if (entry === void 0) return;
        const { request, reject } = entry;
        const error = request.toError?.(frame);
        reject(error ?? new ResponseError(subjectOf(request), frame));
      }
      /**
       * Returns the request that an error without an id belongs to. A Python server answers
       * one request after the other, including the abandoned ones. See
       * docs/reference/protocol.md, "Behavior of the Python server".
       */
      #oldest() {
        let [oldest] = this.#requests.keys();
        for (const id of this.#abandoned) {
          if (oldest === void 0 || id < oldest) oldest = id;
        }
        return oldest;
      }
      #remove(id) {
        const entry = this.#take(id);
        for (const abandoned of this.#abandoned) {
          if (abandoned <= id) this.#abandoned.delete(abandoned);
        }
        return entry;
      }
      #take(id) {
        const entry = this.#requests.get(id);
        this.#requests.delete(id);
        this.#kept -= entry?.kept ?? 0;
        return entry;
      }
    };
  },
});

// client/send_buffer.ts
var SendBuffer;
var init_send_buffer = __esm({
  "client/send_buffer.ts"() {
    init_text();
    init_batch();
    SendBuffer = class {
      #maxBuffered;
      #events;
      #writer = new BatchWriter({
        write: (frame) => this.#write(frame),
      });
      #socket;
      /**
       * Constructs a `SendBuffer`.
       *
       * @param maxBuffered The maximum data that waits, in bytes
       * @param events Receives what happens to the frames
       */
      constructor(maxBuffered, events) {
        this.#maxBuffered = maxBuffered;
        this.#events = events;
      }
      /** Sends the frames over a socket. */
      attach(socket) {
        this.#socket = socket;
      }
      /** Whether frames of one tick are sent as one batch */
      get isBatching() {
        return this.#writer.isBatching;
      }
      /**
       * Sends frames as batches from now on.
       *
       * @param limit The maximum length of a batch, in bytes
       */
      enableBatching(limit2) {
        this.#writer.enableBatching(limit2);
      }
      /**
       * Whether a frame fits behind the frames that wait. If none waits, any frame does,
       * because the server limits its length.
       *
       * @param frame The frame
       * @param maxBuffered The maximum data that waits, in bytes
       */
      fits(frame, maxBuffered = this.#maxBuffered) {
        const { units } = this.#writer;
        const buffered = this.#buffered;
        if (buffered + units === 0) return true;
        if (buffered + 3 * (units + frame.length) <= maxBuffered) return true;
        this.#writer.flush();
        const unsent = this.#buffered;
        return unsent === 0 || fitsInto(frame, maxBuffered - unsent);
      }
      /**
       * Whether a frame fits that the client sends by itself. Requests can fill their part of
       * the buffer, so these frames can use as much again.
       */
      fitsOwn(frame) {
        return this.fits(frame, 2 * this.#maxBuffered);
      }
      /** Sends a frame; does not throw. */
      push(frame) {
        this.#writer.push(frame);
      }
      /** Sends all frames that wait. */
      flush() {
        this.#writer.flush();
      }
      /** The bytes that the socket has not sent yet. */
      get #buffered() {
        return this.#socket?.bufferedAmount ?? 0;
      }
      #write(frame) {
        this.#events.onSend(frame);
        try {
          this.#socket?.send(frame);
        } catch {
          this.#events.onFailure();
        }
      }
    };
  },
});

// client/socket_link.ts
function describeEnd(info) {
  if (info === CLOSED_HERE) return "disconnected: closed by the client";
  return info.code === CloseCode.ABNORMAL
    ? "disconnected: connection lost"
    : `disconnected: ${describeDisconnect(info.code, info.reason)}`;
}
function lengthOf(data) {
  return typeof data === "string" ? data.length : 0;
}
function lengthOfEach(length, frames) {
  if (frames.length === 1) return length;
  let replies = 0;
  for (const frame of frames) {
    if (frame?.kind === "items") return void 0;
    if (frame?.kind !== "message") continue;
    if (frame.id === null) return void 0;
    replies++;
  }
  return Math.ceil(length / replies);
}
var LOST, CLOSED, CLOSE_TIMEOUT, SocketLink;
var init_socket_link = __esm({
  "client/socket_link.ts"() {
    init_async();
    init_deadline();
    init_errors();
    init_text();
    init_timed_out();
    init_close();
    init_encode();
    init_features();
    init_server_frames();
    init_buffer_errors();
    init_handshake();
    init_link();
    init_login_errors();
    init_pending_requests();
    init_send_buffer();
    LOST = {
      code: CloseCode.ABNORMAL,
      reason: "",
    };
    CLOSED = 3;
    CLOSE_TIMEOUT = 1e3;
    SocketLink = class {
      closed;
      #dialer;
      #events;
      #pending;
      #buffer;
      #socket;
      /** The protocol extensions that both sides support. */
      #features = NO_FEATURES;
      /** The longest frame that the server accepts, in bytes. */
      #maxPayload = Infinity;
      #isLoggedIn = false;
      /** The length of what came before the login was answered, in UTF-16 units. */
      #early = 0;
      #closeInfo;
      #failing;
      /** Why this side ended the connection, if the server is to blame. */
      #offence;
      #resolveClosed = (_info) => {
      };
      /**
       * Constructs a `SocketLink`, which does not connect before `open` is called.
       *
       * @param dialer Opens the WebSocket
       * @param events Receives what happens
       */
      constructor(dialer, events) {
        this.#dialer = dialer;
        const { maxBuffered } = dialer.target;
        this.#pending = new PendingRequests(maxBuffered);
        this.#buffer = new SendBuffer(maxBuffered, {
          onSend: (frame) => this.#log.sent(frame, !this.#isLoggedIn),
          onFailure: () => this.abort(),
        });
        this.#events = events;
        this.closed = new Promise((resolve2) => this.#resolveClosed = resolve2);
      }
      async open(callerSignal) {
        const { endpoints, timeout } = this.#dialer.target;
        const onTimeout = () => connectTimeout(endpoints.base, timeout);
        const { signal, cancel } = limit(callerSignal, timeout, onTimeout);
        try {
          this.#attach(await this.#dialer.open(signal));
          await this.#logIn(signal);
        } finally {
          cancel();
        }
      }
      async request(request) {
        this.#assertSendable(request);
        const { signal, timeout } = request;
        const id = this.#pending.nextId();
        const frame = request.encode(id);
        const subject = () => subjectOf(request);
        assertLength(frame, this.#maxPayload, subject, "limits.maxPayload");
        this.#assertFits(frame, request);
        try {
          const answer = this.#pending.add(id, request);
          this.#buffer.push(frame);
          request.events?.onSent?.((encode2) => this.#sendAbout(id, encode2));
          if (signal === void 0 && timeout === void 0) return await answer;
          const onTimeout = () => timedOut(subject(), timeout);
          return await within(answer, signal, timeout, onTimeout);
        } finally {
          this.#pending.abandon(id);
        }
      }
      async close() {
        if (this.#closeInfo !== void 0) return void await this.closed;
        this.#rejectAll(CLOSED_HERE);
        this.#buffer.push(GOODBYE);
        this.#buffer.flush();
        if (await settlesWithin(this.closed, CLOSE_TIMEOUT)) return;
        if (this.#socket !== void 0) {
          closeSocket(this.#socket, CloseCode.NORMAL);
        }
        this.#onClosed(CLOSED_HERE);
      }
      /** Ends the connection without a goodbye. */
      abort() {
        this.#fail(LOST);
      }
      /** Ends the connection because the socket has failed. */
      #fail(info = this.#closeInfo ?? LOST) {
        if (this.#socket !== void 0) abortSocket(this.#socket);
        this.#onClosed(info);
      }
      #assertOpen(request) {
        if (this.#closeInfo === void 0) return;
        throw new ConnectionClosedError(subjectOf(request), this.#closeInfo);
      }
      #assertFits(frame, request) {
        if (request.hasWaited !== true && !this.#buffer.fits(frame)) {
          const { maxBuffered } = this.#dialer.target;
          throw sendBufferFull(subjectOf(request), maxBuffered);
        }
        this.#assertOpen(request);
      }
      #assertSendable(request) {
        const { signal, needs } = request;
        signal?.throwIfAborted();
        this.#assertOpen(request);
        if (needs === void 0 || this.#features.has(needs)) return;
        throw new FeatureError(subjectOf(request), needs, "server");
      }
      get #log() {
        return this.#dialer.target.log;
      }
      #attach(socket) {
        this.#socket = socket;
        this.#buffer.attach(socket);
        this.#log.debug("connect", () => "connected");
        socket.addEventListener("message", ({ data }) => this.#receive(data));
        socket.addEventListener(
          "close",
          ({ code, reason = "" }) =>
            this.#onClosed({
              code: code || CloseCode.ABNORMAL,
              reason,
            }),
        );
        socket.addEventListener("error", () => {
          this.#failing ??= new Deadline(0, () => this.#fail());
        });
        if (socket.readyState === CLOSED) this.#onClosed(LOST);
      }
      /** Logs in: docs/reference/protocol.md, "1. Login". */
      async #logIn(signal) {
        const { endpoints: { base }, encodeLogin: encodeLogin2 } =
          this.#dialer.target;
        try {
          await this.request({
            name: "",
            describe: () => "the login",
            encode: encodeLogin2,
            signal,
            toError: (frame) => loginError(base, frame),
            events: {
              onAnswer: (data) => this.#onLogin(data),
            },
          });
        } catch (error) {
          this.abort();
          if (this.#offence !== void 0) throw loginOffence(base, this.#offence);
          throw error instanceof ConnectionClosedError
            ? connectionLost(base, error)
            : error;
        }
      }
      #onLogin(data) {
        const { features, maxPayload } = serverFeaturesOf(data);
        this.#isLoggedIn = true;
        this.#features = features;
        this.#maxPayload = maxPayload;
        if (features.has("batch")) {
          this.#buffer.enableBatching(
            Math.min(this.#dialer.target.maxBatch, maxPayload),
          );
        }
        if (features.size > 0) this.#pending.expectIds();
        this.#events.onOpen(this);
      }
      #sendAbout(id, encode2) {
        if (this.#pending.has(id)) this.#pushOwn(encode2(id));
      }
      /** Sends a frame that the client sends by itself, and for which no caller waits. */
      #pushOwn(frame) {
        if (this.#buffer.fitsOwn(frame)) return this.#buffer.push(frame);
        this.#end(CloseCode.TRY_AGAIN_LATER, "the server reads too slowly");
      }
      #receive(data) {
        if (this.#closeInfo !== void 0) return;
        const { maxPayload } = this.#dialer.target;
        if (typeof data === "string" && !fitsInto(data, maxPayload)) {
          const reason =
            `a frame of the server was larger than 'maxPayload', ${maxPayload} bytes`;
          return this.#end(CloseCode.MESSAGE_TOO_BIG, reason);
        }
        if (!this.#isLoggedIn && !this.#acceptsEarly(lengthOf(data))) return;
        this.#log.received(data);
        if (!this.#buffer.isBatching) {
          return this.#handle(decodeServerFrame(data), lengthOf(data));
        }
        const frames = decodeServerFrames(data);
        const units = lengthOfEach(lengthOf(data), frames);
        for (const frame of frames) this.#handle(frame, units);
      }
      /** Messages that come before the login is answered wait until it is answered. */
      #acceptsEarly(units) {
        const { maxBuffered } = this.#dialer.target;
        this.#early += units;
        if (this.#early <= maxBuffered) return true;
        const reason =
          `the server sent more than 'maxBuffered', ${maxBuffered} bytes, before it answered the login`;
        this.#end(CloseCode.MESSAGE_TOO_BIG, reason);
        return false;
      }
      #handle(frame, units) {
        if (this.#closeInfo !== void 0) return;
        if (frame === null) return this.#events.onInvalid();
        this.#pending.handle(frame, units);
        if (frame.kind === "message") this.#events.onMessage(frame.message);
        if (frame.kind === "request") this.#onRequest(frame.message);
      }
      /** Ends the connection because of what the server did. */
      #end(code, reason) {
        this.#offence = reason;
        if (this.#socket !== void 0) closeSocket(this.#socket, code);
        this.#onClosed({
          code,
          reason,
        });
        this.#log.warn(`closed the connection, because ${reason}`);
      }
      /** The server sent a request: docs/reference/protocol.md, `request`. */
      #onRequest(message) {
        this.#events.onMessage(message, (hasFailed) => {
          if (this.#closeInfo !== void 0) return;
          this.#pushOwn(encodeRequestDone(message.id, hasFailed));
        });
      }
      /** Only the first event counts: some implementations report more than one. */
      #onClosed(info) {
        this.#failing?.cancel();
        this.#rejectAll(info);
        this.#resolveClosed(info);
      }
      /** Rejects what waits, and every further request. */
      #rejectAll(info) {
        if (this.#closeInfo !== void 0) return;
        this.#closeInfo = info;
        this.#log.debug("disconnect", () => describeEnd(info));
        this.#pending.onClosed(info);
        this.#events.onClosed(this, info);
      }
    };
  },
});

// contract/validate.ts
function validate(schema, value) {
  const result = schema["~standard"].validate(value);
  return isPromiseLike(result)
    ? Promise.resolve(result).then(checkedOf)
    : checkedOf(result);
}
function checkedOf(result) {
  const { issues } = Object(result);
  if (Array.isArray(issues)) {
    return {
      issues: issuesOf(issues),
    };
  }
  const answer = Object(result);
  if (issues === void 0 && "value" in answer) {
    return {
      value: answer.value,
    };
  }
  throw new TypeError(
    "the result of the schema has neither a value nor issues. See Standard Schema v1.",
  );
}
var init_validate = __esm({
  "contract/validate.ts"() {
    init_async();
    init_issues();
  },
});

// client/validate.ts
var validate_exports = {};
__export(validate_exports, {
  ContractChecks: () => ContractChecks,
});
function assertKnown(kind, entries, { message: name, data }) {
  const subject = () => `Cannot accept ${describeMessage(name)}`;
  const entry = ownEntry(entries, name);
  if (entry !== void 0) {
    return assertMatches(subject, "its data", dataSchemaOf(entry), data);
  }
  const names = Object.keys(entries).join(", ") || "none";
  const issue = {
    path: [],
    message: `the ${kind} are ${names}`,
  };
  throw new ValidationError(subject(), "it is not in the contract", [
    issue,
  ]);
}
function assertMatches(subject, what, schema, value) {
  if (schema === void 0) return;
  return mapMaybePromise(validate(schema, value), ({ issues }) => {
    if (issues === void 0) return;
    const problem = `${what} does not match its schema`;
    throw new ValidationError(subject(), problem, issues);
  });
}
function assertOutput(subject, what, schema, value) {
  if (schema === void 0 || value !== null) {
    return assertMatches(subject, what, schema, value);
  }
  return mapMaybePromise(
    validate(schema, void 0),
    ({ issues }) => issues && assertMatches(subject, what, schema, value),
  );
}
var ContractChecks;
var init_validate2 = __esm({
  "client/validate.ts"() {
    init_async();
    init_errors();
    init_text();
    init_contract();
    init_validate();
    ContractChecks = class {
      #contract;
      /**
       * Constructs `ContractChecks`.
       *
       * @param contract The contract
       */
      constructor(contract) {
        this.#contract = contract;
      }
      /** Validates an event, or a reply to the message that the server says it replies to. */
      message(wire) {
        const { replying } = wire;
        if (replying !== null) return this.reply(replying.message, wire);
        return assertKnown("events", this.#contract.events, wire);
      }
      /** Validates a reply to a message of this client. */
      reply(name, wire) {
        const kind = `replies to ${describeMessage(name)}`;
        return assertKnown(
          kind,
          repliesTo(this.#contract.messages, name),
          wire,
        );
      }
      /** Validates the result of an operation. */
      result(operation, result) {
        const subject = () => `Cannot finish ${describeOperation(operation)}`;
        const { output } = ownEntry(this.#contract.operations, operation) ?? {};
        return assertOutput(subject, "the result", output, result);
      }
      /** Validates an item of a stream. */
      item(operation, item) {
        const subject = () => `Cannot continue ${describeStream(operation)}`;
        const { yields } = ownEntry(this.#contract.operations, operation) ?? {};
        return assertOutput(subject, "an item", yields, item);
      }
    };
  },
});

// client/reconnecting_link.ts
var reconnecting_link_exports = {};
__export(reconnecting_link_exports, {
  OfflineQueue: () => OfflineQueue,
  ReconnectingLink: () => ReconnectingLink,
});
function bytesOf(request) {
  return byteLength(request.encode(0));
}
function closedError(subject, close) {
  const { error } = close;
  const rest = error === void 0
    ? ""
    : `, and the client does not reconnect: ${error.message}`;
  return new ConnectionClosedError(subject, close, rest);
}
function adviceFor(maxQueue) {
  return maxQueue === 0
    ? "Set 'reconnect.maxQueue' to let requests wait, or call again when the state is 'open'."
    : `The queue already contains ${maxQueue} requests. Raise 'reconnect.maxQueue', or call again when the state is 'open'.`;
}
var OfflineQueue, ReconnectingLink;
var init_reconnecting_link = __esm({
  "client/reconnecting_link.ts"() {
    init_async();
    init_errors();
    init_text();
    init_timed_out();
    init_buffer_errors();
    init_link();
    init_reconnect_policy();
    OfflineQueue = class {
      #entries = /* @__PURE__ */ new Set();
      #bytes = 0;
      /** The number of requests that wait */
      get size() {
        return this.#entries.size;
      }
      /** The length of the requests that wait, in bytes */
      get bytes() {
        return this.#bytes;
      }
      /**
       * Waits for a link, then starts. Requests start in the order of the calls.
       *
       * @param subject The description of the request, such as `operation "add"`
       * @param signal Stops waiting when aborted
       * @param start Called with the link
       * @param bytes The length of the request, in bytes
       * @returns What `start` resolves to
       */
      async add(subject, signal, start2, bytes = 0) {
        let remove = () => {
        };
        const result = new Promise((resolve2, reject) => {
          const entry = {
            bytes,
            start: (link) => resolve2(start2(link)),
            abort: (close) => reject(closedError(subject, close)),
          };
          this.#entries.add(entry);
          this.#bytes += bytes;
          remove = () => this.#remove(entry);
        });
        try {
          return await within(result, signal, void 0, () => void 0);
        } finally {
          remove();
        }
      }
      /** Starts all requests synchronously, so that no later request overtakes them. */
      start(link) {
        for (const entry of this.#removeAll()) entry.start(link);
      }
      /** Rejects all requests, because the connection does not come back. */
      abort(close) {
        for (const entry of this.#removeAll()) entry.abort(close);
      }
      #remove(entry) {
        if (this.#entries.delete(entry)) this.#bytes -= entry.bytes;
      }
      #removeAll() {
        const entries = [
          ...this.#entries,
        ];
        this.#entries.clear();
        this.#bytes = 0;
        return entries;
      }
    };
    ReconnectingLink = class {
      closed;
      #options;
      #events;
      #policy;
      #queue = new OfflineQueue();
      /** The link that is open; `undefined` while there is none. */
      #link;
      /** How the last link ended. */
      #lastClose = CLOSED_HERE;
      #timer;
      /** Cancels the attempt to reconnect that is in progress. */
      #attempt;
      #resolveClosed = (_info) => {
      };
      /** Constructs a `ReconnectingLink`, which does not connect before `open` is called. */
      constructor(options) {
        const { receiver } = options;
        this.#options = options;
        this.#policy = new ReconnectPolicy(options.rules);
        this.closed = new Promise((resolve2) => this.#resolveClosed = resolve2);
        this.#events = {
          onOpen: (link) => this.#onOpen(link),
          onClosed: (link, info) => this.#onClosed(link, info),
          onMessage: (wire, onDone) => receiver.onMessage(wire, onDone),
          onInvalid: () => receiver.onInvalid(),
        };
      }
      get #status() {
        return this.#options.status;
      }
      /** Connects for the first time. If that fails, there is no further attempt. */
      async open(signal) {
        await this.#options.createLink(this.#events).open(signal);
      }
      async request(request) {
        if (this.#link !== void 0 && request.idempotent !== true) {
          return await this.#link.request(request);
        }
        const { signal, cancel } = limit(
          request.signal,
          request.timeout,
          () => timedOut(subjectOf(request), request.timeout),
        );
        try {
          signal.throwIfAborted();
          this.#assertAccepted(request);
          const timeout = void 0;
          return await this.#repeat({
            ...request,
            signal,
            timeout,
          });
        } finally {
          cancel();
        }
      }
      async close() {
        if (this.#status.state === "closed") return void await this.closed;
        const link = this.#link;
        this.#abort(CLOSED_HERE);
        await link?.close();
        this.#resolveClosed(await link?.closed ?? CLOSED_HERE);
      }
      /** Sends a request until it is answered; more than once only if that is allowed. */
      async #repeat(request) {
        while (true) {
          try {
            return await this.#send(request);
          } catch (error) {
            if (!this.#isRepeatable(request, error)) throw error;
          }
        }
      }
      #send(request) {
        return this.#link?.request(request) ??
          this.#queue.add(
            subjectOf(request),
            request.signal,
            (link) =>
              link.request({
                ...request,
                hasWaited: true,
              }),
            bytesOf(request),
          );
      }
      #isRepeatable({ idempotent }, error) {
        return idempotent === true && error instanceof ConnectionClosedError &&
          !isCausedByClient(error.code) && this.#status.state !== "closed";
      }
      #assertAccepted(request) {
        if (this.#link !== void 0) return;
        if (this.#status.state === "closed") {
          throw new ConnectionClosedError(subjectOf(request), this.#lastClose);
        }
        const { rules: { maxQueue }, maxBuffered } = this.#options;
        if (this.#queue.size >= maxQueue) {
          throw new ConnectionClosedError(
            subjectOf(request),
            this.#lastClose,
            `, and the client has not reconnected yet. ${adviceFor(maxQueue)}`,
          );
        }
        if (this.#queue.size === 0) return;
        if (this.#queue.bytes + bytesOf(request) <= maxBuffered) return;
        throw queueFull(subjectOf(request), maxBuffered);
      }
      #onOpen(link) {
        this.#link = link;
        this.#attempt = void 0;
        this.#policy.onOpen(performance.now());
        this.#queue.start(link);
        if (this.#link === link) {
          this.#status.set({
            state: "open",
          });
        }
      }
      #onClosed(link, info) {
        if (link !== this.#link) return;
        this.#link = void 0;
        this.#schedule(info, this.#policy.afterClose(info, performance.now()));
      }
      #onFailure(error) {
        const { code, reason } = this.#lastClose;
        const info = error instanceof Error
          ? {
            code,
            reason,
            error,
          }
          : this.#lastClose;
        this.#schedule(info, this.#policy.afterFailure(error));
      }
      /** Schedules the next attempt; there is none if `delay` is `undefined`. */
      #schedule(close, delay) {
        this.#lastClose = close;
        if (delay === void 0) {
          this.#abort(close);
          return this.#resolveClosed(close);
        }
        this.#timer = setTimeout(() => this.#reconnect(), delay);
        this.#status.set({
          state: "waiting",
          delay,
          close,
        });
      }
      async #reconnect() {
        const attempt = new AbortController();
        const { signal } = attempt;
        this.#attempt = attempt;
        this.#status.set({
          state: "connecting",
        });
        try {
          await this.#options.createLink(this.#events).open(signal);
        } catch (error) {
          if (!signal.aborted) this.#onFailure(error);
        }
      }
      /** Ends reconnecting and everything that waits for it. */
      #abort(info) {
        this.#link = void 0;
        this.#lastClose = info;
        clearTimeout(this.#timer);
        this.#attempt?.abort();
        this.#status.set({
          state: "closed",
        });
        this.#queue.abort(info);
      }
    };
  },
});

// client/connect.ts
var connect_exports = {};
__export(connect_exports, {
  openConnection: () => openConnection,
});
async function openConnection(token, options) {
  const { target, rules, signal, contract, validate: validate2 } = resolve(
    token,
    options,
  );
  const checks = validate2 ? await loadChecks(contract) : void 0;
  const createLink = await linkFactory(target, rules);
  const { log, endpoints: { base: url }, maxBuffered } = target;
  const parts = {
    url,
    log,
    contract,
    checks,
    maxBuffered,
    createLink,
  };
  return await Connection.open(parts, signal);
}
function resolve(token, options) {
  checkKeys(SUBJECT2, options, KNOWN);
  checkToken(SUBJECT2, "the token", token, "Pass the token of the server.");
  const { signal, contract, reconnect = false } = options;
  checkSignal(SUBJECT2, "signal", signal);
  assertDefined(SUBJECT2, contract);
  const rules = reconnect === false
    ? void 0
    : resolveReconnectOptions(reconnect === true ? {} : reconnect);
  return {
    target: resolveTarget(token, rules, options),
    rules,
    signal,
    contract,
    validate: resolveValidate(options),
  };
}
function resolveTarget(token, rules, options) {
  const { url = DEFAULT_URL, timeout = DEFAULT_TIMEOUT } = options;
  const { minimumVersion, WebSocket = globalThis.WebSocket } = options;
  const { logger = console } = options;
  const { maxPayload = DEFAULT_BYTES, maxBuffered = DEFAULT_BYTES } = options;
  const endpoints = endpointsOf(url);
  assertVersion(minimumVersion);
  checkNumber(SUBJECT2, "timeout", timeout, TIMEOUT);
  checkNumber(SUBJECT2, "maxPayload", maxPayload, {
    ...BYTES,
    min: 128,
  });
  checkNumber(SUBJECT2, "maxBuffered", maxBuffered, {
    ...BYTES,
    min: 1024,
  });
  assertImplementation(WebSocket);
  checkObject(SUBJECT2, "logger", logger);
  return {
    endpoints,
    minimumVersion,
    timeout,
    maxPayload,
    maxBuffered,
    WebSocket,
    encodeLogin: encodeLogin(token, VERSION, featuresOf(rules)),
    maxBatch: maxBatchOf(WebSocket),
    log: new ClientLog({
      logger,
      url: endpoints.base,
      token,
    }),
  };
}
function resolveValidate({ validate: validate2 = "none", contract }) {
  checkOneOf(SUBJECT2, "validate", validate2, [
    "none",
    "all",
  ]);
  if (validate2 === "none") return false;
  if (contract !== void 0) return true;
  throw new TypeError(
    `${SUBJECT2}: 'validate' needs a contract. Pass one as the option 'contract'.`,
  );
}
function assertVersion(minimumVersion) {
  if (minimumVersion === void 0 || isVersion(minimumVersion)) return;
  const needed = 'a version such as "1.2.3"';
  throw invalidType(SUBJECT2, "'minimumVersion'", needed, minimumVersion);
}
function assertImplementation(WebSocket) {
  if (typeof WebSocket === "function") return;
  throw new TypeError(
    `${SUBJECT2}: this runtime has no WebSocket. Pass one as the option 'WebSocket', for example from npm:ws.`,
  );
}
function featuresOf(rules) {
  return rules === void 0
    ? FEATURES.filter((feature) => feature !== "retry")
    : FEATURES;
}
function maxBatchOf(WebSocket) {
  const isOfDeno = "Deno" in globalThis && WebSocket === globalThis.WebSocket;
  return isOfDeno ? MAX_DENO_FRAME : MAX_BATCH;
}
async function loadChecks(contract) {
  if (contract === void 0) return void 0;
  const { ContractChecks: ContractChecks2 } = await Promise.resolve().then(
    () => (init_validate2(), validate_exports),
  );
  return new ContractChecks2(contract);
}
async function linkFactory(target, rules) {
  const dialer = new Dialer(target);
  if (rules === void 0) {
    return (status, receiver) =>
      new SocketLink(dialer, {
        onOpen: () =>
          status.set({
            state: "open",
          }),
        onClosed: () =>
          status.set({
            state: "closed",
          }),
        onMessage: (wire, onDone) => receiver.onMessage(wire, onDone),
        onInvalid: () => receiver.onInvalid(),
      });
  }
  const { ReconnectingLink: ReconnectingLink2 } = await Promise.resolve().then(
    () => (init_reconnecting_link(), reconnecting_link_exports),
  );
  return (status, receiver) =>
    new ReconnectingLink2({
      createLink: (events) => new SocketLink(dialer, events),
      rules,
      maxBuffered: target.maxBuffered,
      status,
      receiver,
    });
}
var KNOWN,
  SUBJECT2,
  DEFAULT_URL,
  DEFAULT_TIMEOUT,
  DEFAULT_BYTES,
  BYTES,
  MAX_DENO_FRAME;
var init_connect = __esm({
  "client/connect.ts"() {
    init_check();
    init_define();
    init_batch();
    init_encode();
    init_features();
    init_version();
    init_connection();
    init_endpoints();
    init_handshake();
    init_log();
    init_reconnect_policy();
    init_socket_link();
    KNOWN = {
      url: true,
      minimumVersion: true,
      signal: true,
      timeout: true,
      reconnect: true,
      contract: true,
      validate: true,
      maxPayload: true,
      maxBuffered: true,
      WebSocket: true,
      logger: true,
    };
    SUBJECT2 = "Cannot connect";
    DEFAULT_URL = "http://localhost:5000";
    DEFAULT_TIMEOUT = 1e4;
    DEFAULT_BYTES = 16777216;
    BYTES = {
      integer: true,
      unit: "bytes",
      infinity: true,
    };
    MAX_DENO_FRAME = 1024;
  },
});

// client.ts
init_caller_stack();
init_message2();
init_errors();

// common/debug.ts
init_check();
init_debug_state();
var DEBUG_KEYS = {
  trace: true,
  http: true,
};
function debug(options = {}) {
  checkKeys("Cannot enable debug logging", options, DEBUG_KEYS);
  checkBoolean("Cannot enable debug logging", "trace", options.trace);
  checkBoolean("Cannot enable debug logging", "http", options.http);
  return pushDebugOptions({
    ...options,
  });
}

// contract/mod.ts
init_define();

// client.ts
init_message();
function connect(token, options = {}) {
  const connection = open(token, options);
  return withCallerStack(connection);
}
async function open(token, options) {
  const { openConnection: openConnection2 } = await Promise.resolve().then(
    () => (init_connect(), connect_exports),
  );
  return await openConnection2(token, options);
}
export {
  BufferFullError,
  CloseCode,
  connect,
  ConnectError,
  ConnectionClosedError,
  debug,
  defineContract,
  ErrorCode,
  FeatureError,
  HoistError,
  LoginError,
  Message,
  NoReplyError,
  ResponseError,
  SentMessage,
  ServerMessage,
  TimeoutError,
  ValidationError,
  VersionError,
};
