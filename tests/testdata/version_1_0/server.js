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
function isDeeperThan(value, limit2) {
  if (typeof value !== "object" || value === null) return false;
  if (limit2 <= 0) return true;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const inner = value[index];
      if (typeof inner === "object" && isDeeperThan(inner, limit2 - 1)) {
        return true;
      }
    }
    return false;
  }
  for (const key in value) {
    const inner = value[key];
    if (typeof inner === "object" && isDeeperThan(inner, limit2 - 1)) {
      return true;
    }
  }
  return false;
}
var DIGITS = /"\d\d\d\d\d{0,5}"/;
var FIRST_DIGITS = /"(\d)(?=\d{3,8}")/g;
function escapeDigits(json) {
  return DIGITS.test(json) ? json.replaceAll(FIRST_DIGITS, '"\\u003$1') : json;
}

// common/text.ts
function byteLength(text2) {
  const { length } = text2;
  let bytes = length;
  for (let index = 0; index < length; index++) {
    const unit = text2.charCodeAt(index);
    if (unit > 127) {
      bytes += unit > 2047 && (unit & 63488) !== 55296 ? 2 : 1;
    }
  }
  return bytes;
}
function fitsInto(text2, limit2) {
  if (3 * text2.length <= limit2) return true;
  return text2.length <= limit2 && byteLength(text2) <= limit2;
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
var MAX_PATH = 200;
function formatPath(path) {
  const steps = path.map((key, index) => {
    if (typeof key === "number") return `[${key}]`;
    if (!/^[\w$]+$/.test(key)) return `[${JSON.stringify(key)}]`;
    return index === 0 ? key : `.${key}`;
  });
  return escapeControls(truncate(steps.join(""), MAX_PATH));
}
var MAX_SHOWN = 1e3;
var CONTROL =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
function escapeControls(text2, length = MAX_SHOWN) {
  return text2.slice(0, length).replaceAll(CONTROL, encodeURIComponent);
}
function escapeLines(text2) {
  return text2.replaceAll(
    CONTROL,
    (character) => character === "\n" ? "\n  " : encodeURIComponent(character),
  );
}
function escapeJson(json) {
  return json.replaceAll(
    CONTROL,
    (character) =>
      `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
var MAX_NAME = 100;
function truncate(text2, length = MAX_NAME) {
  return text2.length > length ? `${text2.slice(0, length)}\u2026` : text2;
}

// common/json_changes.ts
function describeChange(value, name) {
  const change = changeOf(value);
  if (change === void 0) return void 0;
  const path = formatPath([
    name,
    ...change.path.reverse(),
  ]);
  const { kind, remedy } = describe(change.value);
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
var CLASSES = /* @__PURE__ */ new Set([
  "Map",
  "Set",
  "WeakMap",
  "WeakSet",
  "ArrayBuffer",
  "SharedArrayBuffer",
]);
function isChanged(object) {
  if (object instanceof Error || typeof object.then === "function") return true;
  const tag = object[Symbol.toStringTag];
  if (tag === void 0) return object instanceof RegExp;
  return CLASSES.has(tag) || ArrayBuffer.isView(object) ||
    Object.keys(object).length === 0;
}
function describe(value) {
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
var REMEDIES = /* @__PURE__ */ new Map([
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
function describeObject(object) {
  const type = Object.prototype.toString.call(object).slice(8, -1);
  const name = typeof object.then === "function" ? "Promise" : truncate(type);
  const other = ArrayBuffer.isView(object)
    ? "Use [...bytes], or a string."
    : "Convert it to a plain object.";
  return {
    kind: `${/^[AEIO]/.test(name) ? "an" : "a"} ${escapeControls(name)}`,
    remedy: REMEDIES.get(name) ?? other,
  };
}

// common/encode_json.ts
var OUTPUTS = {
  result: "the result of the handler",
  item: "the item of the stream",
};
function stringifyValue(value, output = "result") {
  let json;
  try {
    json = encode(value ?? null, output);
  } catch (cause) {
    throw new TypeError(
      `${OUTPUTS[output]} cannot be encoded as JSON: ${reasonOf(cause)}`,
      {
        cause,
      },
    );
  }
  if (json !== void 0) return json;
  throw new TypeError(
    `${
      OUTPUTS[output]
    } cannot be encoded as JSON: it is of type ${typeof value}`,
  );
}
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
var NumberError = class extends TypeError {
};
function isNumberError(error) {
  return error instanceof TypeError && error.cause instanceof NumberError;
}
function reasonOf(error) {
  return error instanceof Error
    ? error.message.split("\n", 1)[0]
    : "a method toJSON threw";
}

// common/hoist_error.ts
var HoistError = class extends Error {
  /** The name of the class, which starts the output of an uncaught error */
  name = "HoistError";
};

// common/issues.ts
var MAX_ISSUES = 16;
var MAX_PATH2 = 16;
var MAX_MESSAGE = 300;
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
var MAX_DESCRIBED = 3;
function placesOf(issues) {
  const places = issues.slice(0, MAX_DESCRIBED).map(({ path }) =>
    formatPath(path)
  ).filter((place) => place !== "");
  return places.length === 0 ? "" : ` at ${places.join(", ")}`;
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

// common/codes.ts
var ErrorCode = {
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
var CloseCode = {
  NORMAL: 1e3,
  GOING_AWAY: 1001,
  UNSUPPORTED_DATA: 1003,
  ABNORMAL: 1006,
  POLICY_VIOLATION: 1008,
  MESSAGE_TOO_BIG: 1009,
  SERVICE_RESTART: 1012,
  TRY_AGAIN_LATER: 1013,
};

// common/response_error.ts
var ResponseError = class extends HoistError {
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
var REMEDIES2 = /* @__PURE__ */ new Map([
  [
    ErrorCode.UNKNOWN_OPERATION,
    ". Check the spelling, or register the operation on the server.",
  ],
  [
    ErrorCode.SERVER_ERROR,
    ". See the log of the server.",
  ],
]);
function problemOf(frame, issues) {
  if (issues.some(({ path }) => path.length > 0)) {
    return `the server rejected the data (${showName(frame.error)}). ${
      describeIssues(issues)
    }`;
  }
  const remedy = REMEDIES2.get(frame.code) ?? "";
  const detail = escapeControls(detailOf(frame));
  return `the server answered ${showName(frame.error)}: ${detail}${remedy}`;
}
var HIDDEN_CLASS = "InternalError";
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

// common/errors.ts
var NoReplyError = class extends HoistError {
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
var ValidationError = class extends HoistError {
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
var FeatureError = class extends HoistError {
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
var ConnectionClosedError = class extends HoistError {
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
    const detail = close.reason === "" ? "" : `, ${showValue(close.reason)}`;
    super(
      `Cannot finish ${subject}: the connection is closed (${close.code}${detail})${rest}`,
    );
    this.code = close.code;
    this.reason = close.reason;
  }
};
var TimeoutError = class extends HoistError {
  /** The name of the class. A timeout of `AbortSignal.timeout()` has the same name. */
  name = "TimeoutError";
};

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

// common/rate_limiter.ts
var MAX_PAUSE = 3e4;
var TokenBucket = class {
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
var LogThrottle = class {
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

// protocol/features.ts
var FEATURES = [
  "batch",
  "done-id",
  "max-payload",
  "request",
  "retry",
  "stream",
];
var SUBPROTOCOL = "hoist.v1";
var NO_FEATURES = /* @__PURE__ */ new Set();
var known = /* @__PURE__ */ new Map();
function commonFeatures(named) {
  const common = FEATURES.filter((feature) => named.includes(feature));
  const key = common.join();
  const set = known.get(key) ?? new Set(common);
  known.set(key, set);
  return set;
}

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
var NUMERIC_IDENTIFIER = "0|[1-9]\\d*";
var NON_NUMERIC_IDENTIFIER = "\\d*[a-zA-Z-][a-zA-Z0-9-]*";
var VERSION_CORE =
  `(?<major>${NUMERIC_IDENTIFIER})\\.(?<minor>${NUMERIC_IDENTIFIER})\\.(?<patch>${NUMERIC_IDENTIFIER})`;
var PRERELEASE_IDENTIFIER =
  `(?:${NUMERIC_IDENTIFIER}|${NON_NUMERIC_IDENTIFIER})`;
var PRERELEASE =
  `(?:-(?<prerelease>${PRERELEASE_IDENTIFIER}(?:\\.${PRERELEASE_IDENTIFIER})*))`;
var BUILD_IDENTIFIER = "[0-9A-Za-z-]+";
var BUILD =
  `(?:\\+(?<buildmetadata>${BUILD_IDENTIFIER}(?:\\.${BUILD_IDENTIFIER})*))`;
var FULL_VERSION = `v?${VERSION_CORE}${PRERELEASE}?${BUILD}?`;
var FULL_REGEXP = new RegExp(`^${FULL_VERSION}$`);
var COMPARATOR = "(?:<|>)?=?";
var XRANGE_IDENTIFIER = `${NUMERIC_IDENTIFIER}|x|X|\\*`;
var XRANGE =
  `[v=\\s]*(?<major>${XRANGE_IDENTIFIER})(?:\\.(?<minor>${XRANGE_IDENTIFIER})(?:\\.(?<patch>${XRANGE_IDENTIFIER})${PRERELEASE}?${BUILD}?)?)?`;
var OPERATOR_XRANGE_REGEXP = new RegExp(
  `^(?<operator>~>?|\\^|${COMPARATOR})\\s*${XRANGE}$`,
);
var COMPARATOR_REGEXP = new RegExp(
  `^(?<operator>${COMPARATOR})\\s*(${FULL_VERSION})$|^$`,
);
function isValidNumber(value) {
  return typeof value === "number" && !Number.isNaN(value) &&
    (!Number.isFinite(value) || 0 <= value && value <= Number.MAX_SAFE_INTEGER);
}
var NUMERIC_IDENTIFIER_REGEXP = new RegExp(`^${NUMERIC_IDENTIFIER}$`);
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
var ANY = {
  major: NaN,
  minor: NaN,
  patch: NaN,
  prerelease: [],
  build: [],
};
var ALL = {
  operator: void 0,
  ...ANY,
};
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

// version.ts
var VERSION = "1.1.0";
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

// server/handshake.ts
var PROTOCOL_HEADER = "sec-websocket-protocol";
var VERSION_HEADER = "sec-websocket-version";
var SOCKET_VERSION = "13";
var KEY_HEADER = "sec-websocket-key";
var KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;
var DROPPED = {
  status: 426,
  reason:
    "a proxy dropped the header 'Upgrade' or 'Connection'. Configure the proxy to forward 'Upgrade: websocket' and 'Connection: Upgrade'.",
};
var NOT_UPGRADABLE = {
  status: 400,
  reason: "the request was already handled",
};
function isUpgrade({ method, headers }) {
  return method === "GET" &&
    headers.get("upgrade")?.toLowerCase() === "websocket";
}
function lacksUpgrade({ method, headers }) {
  return method === "GET" && headers.get(KEY_HEADER) !== null;
}
function lacksConnection({ headers }) {
  const options = valuesOf(headers.get("connection"));
  return !options.some((option) => option.toLowerCase() === "upgrade");
}
function findProblem({ headers }, hasHost) {
  if (!hasHost) {
    return {
      status: 400,
      reason: "the header Host is missing",
    };
  }
  if (headers.get(VERSION_HEADER) !== SOCKET_VERSION) {
    return {
      status: 426,
      reason: `use WebSocket version ${SOCKET_VERSION}`,
    };
  }
  if (KEY.test(headers.get(KEY_HEADER) ?? "")) return void 0;
  const reason = "the header Sec-WebSocket-Key must be 16 bytes in base64";
  return {
    status: 400,
    reason,
  };
}
function offersSubprotocol({ headers }) {
  return valuesOf(headers.get(PROTOCOL_HEADER)).includes(SUBPROTOCOL);
}
function valuesOf(header) {
  return header?.split(",").map((value) => value.trim()) ?? [];
}

// server/http.ts
var SOCKET_PATH = "/hoist";
var ACK_PATH = "/hoist/ack";
var HEALTH_PATH = "/hoist/health";
var CONTRACT_PATH = "/hoist/contract";
var PAGE = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Hoist ${VERSION}</title>
<h1>Hoist ${VERSION}</h1>
<p>This is a Hoist server. Programs connect to it over a WebSocket, with a token.</p>
</html>
`;
var PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'",
  "x-content-type-options": "nosniff",
};
var ACK = {
  version: VERSION,
  protocols: [
    SUBPROTOCOL,
  ],
};
var ACK_HEADERS = {
  "access-control-allow-origin": "*",
};
function makeHandler(host) {
  const readPath = makePathReader();
  return (request, info) => {
    const start3 = performance.now();
    const hostHeader = request.headers.get("host") ?? "";
    const target = {
      method: request.method,
      pathname: readPath(request.url, hostHeader),
      hasHost: hostHeader !== "",
      isUpgrade: isUpgrade(request),
    };
    const report = (response2) => {
      host.log.http(() =>
        formatLine(host.log, target, response2.status, start3)
      );
      return response2;
    };
    const response = respond(host, request, target, info?.remoteAddr);
    return response instanceof Promise
      ? response.then(report)
      : report(response);
  };
}
function formatLine(
  log,
  { method, pathname, isUpgrade: isUpgrade2 },
  status,
  start3,
) {
  const time = (performance.now() - start3).toFixed(1);
  const path = log.redact(pathname ?? "(invalid Host header)");
  const line = `${method} ${path} ${status} in ${time} ms`;
  return isUpgrade2 && status !== 101 ? `${line}, upgrade rejected` : line;
}
function respond(host, request, target, remote) {
  const { method, pathname } = target;
  if (pathname === void 0) {
    return text(400, "Bad request: the Host header is invalid");
  }
  if (target.isUpgrade) {
    return upgrade(target, request, () => host.accept(request, remote));
  }
  if (pathname === SOCKET_PATH && lacksUpgrade(request)) {
    host.logRejection(request, remote, DROPPED.reason);
    return rejectHandshake(DROPPED);
  }
  const description = pathname === CONTRACT_PATH && isRead(method)
    ? host.describeContract(request, remote)
    : void 0;
  if (description !== void 0) return description;
  return pathname === ACK_PATH && isRead(method)
    ? acknowledge(host.lockout(request, remote))
    : answer(method, pathname, host);
}
function makePathReader() {
  let known2;
  return (url, hostHeader) => {
    const start3 = url.indexOf("//") + 2;
    const end = url.indexOf("/", start3);
    const authority = url.slice(start3, end);
    const host = hostHeader || authority;
    if (host !== known2) {
      if (end < 0 || !isHost(host)) return void 0;
      known2 = host;
    }
    if (authority !== host && !isHost(authority)) return void 0;
    return url.slice(end).split("?", 1)[0];
  };
}
function isHost(host) {
  return !/[\/\\?#@\s]/.test(host) && URL.canParse(`http://${host}`);
}
function upgrade({ pathname, hasHost }, request, accept) {
  if (pathname !== SOCKET_PATH) {
    return text(404, `Not found: the WebSocket is at ${SOCKET_PATH}`);
  }
  const problem = findProblem(request, hasHost);
  return problem === void 0 ? accept() : rejectHandshake(problem);
}
function rejectHandshake({ status, reason }) {
  if (status === 400) return text(status, `Cannot upgrade: ${reason}`);
  return text(status, `Upgrade required: ${reason}`, {
    upgrade: "websocket",
    [VERSION_HEADER]: SOCKET_VERSION,
  });
}
function answer(method, pathname, host) {
  if (!isRead(method)) {
    return text(405, "Method not allowed", {
      allow: "GET, HEAD",
    });
  }
  return pathname === HEALTH_PATH ? health(host) : new Response(PAGE, {
    headers: PAGE_HEADERS,
  });
}
function acknowledge(lockout) {
  if (lockout === 0) {
    return Response.json(ACK, {
      headers: ACK_HEADERS,
    });
  }
  const body = {
    ...ACK,
    lockout: Math.ceil(lockout / 1e3),
  };
  return Response.json(body, {
    headers: ACK_HEADERS,
  });
}
function health({ isClosing, isFailing, lostUpgrades }) {
  const status = isClosing ? "closing" : isFailing ? "failing" : "ok";
  return Response.json({
    status,
    lostUpgrades,
  }, {
    status: status === "ok" ? 200 : 503,
    headers: {
      "cache-control": "no-store",
    },
  });
}
function text(status, body, headers = {}) {
  return new Response(
    `${body}
`,
    {
      status,
      headers,
    },
  );
}
function isRead(method) {
  return method === "GET" || method === "HEAD";
}

// common/deadline.ts
var READING_TIME = 5;
var MAX_GRACE = 1e3;
var MAX_GRACES = 2;
var Deadline = class {
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

// common/async.ts
var SerialQueue = class {
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

// protocol/batch.ts
var MAX_BATCH = 16384;
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
var BRACKETS = 2;
var COMMA = 1;
function isSmall(frames, limit2) {
  let units = 0;
  for (const frame of frames) units += frame.length + COMMA;
  return units > 0 && BRACKETS + 3 * units <= limit2;
}
function joinGroup(group) {
  return group.length === 1 ? group[0] : `[${group.join(",")}]`;
}
var BatchWriter = class {
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

// common/ip.ts
function networkOf(address) {
  const normal = parseAddress(address);
  if (normal === void 0 || !normal.includes(":")) return address;
  const groups = groupsOf(normal);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) &&
    groups[5] === 65535;
  return isMapped
    ? ipv4Of(groups[6], groups[7])
    : `${groups.slice(0, 4).map((group) => group.toString(16)).join(":")}::/64`;
}
function parseAddress(text2) {
  const [, ipv4] = text2.match(/^(\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?$/) ?? [];
  if (ipv4 !== void 0) return isIpv4(ipv4) ? copyIpv4(ipv4) : void 0;
  const [, bracketed] = text2.match(/^\[(.*)\](?::\d+)?$/) ?? [];
  const ipv6 = bracketed ?? text2;
  if (!ipv6.includes(":") || !/^[\da-f:.]+$/i.test(ipv6)) return void 0;
  const url = `http://[${ipv6}]`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : void 0;
}
function copyIpv4(text2) {
  return text2.split(".").map(Number).join(".");
}
function isIpv4(text2) {
  return text2.split(".").every((part) => Number(part) <= 255);
}
function groupsOf(address) {
  const [left = "", right] = address.split("::");
  const before = left.split(":").filter((group) => group !== "");
  const after = right?.split(":").filter((group) => group !== "") ?? [];
  const zeros = Array(8 - before.length - after.length).fill("0");
  return [
    ...before,
    ...zeros,
    ...after,
  ].map((group) => parseInt(group, 16));
}
function ipv4Of(high, low) {
  return [
    high >> 8,
    high & 255,
    low >> 8,
    low & 255,
  ].join(".");
}
function formatAddress(address) {
  if (address === void 0) return "unknown address";
  const { hostname, port, path, transport } = address;
  return hostname !== void 0 && port !== void 0
    ? `${bracket(hostname)}:${port}`
    : path ?? transport;
}
function bracket(hostname) {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

// common/suggest.ts
var MAX_LISTED = 40;
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
var MIN_SHARED = 3;
function related(wanted, candidates) {
  const names = candidates.filter((each) =>
    Math.min(wanted.length, normalize(each).length) >= MIN_SHARED
  );
  const matches2 = (isMatch) =>
    names.filter((each) => isMatch(normalize(each)));
  return commonStart(matches2((other) => other.startsWith(wanted))) ??
    commonStart(matches2((other) => other.includes(wanted))) ??
    longest(matches2((other) => wanted.includes(other)));
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

// common/check.ts
var MAX_TIMEOUT = 2 ** 31 - 1;
var DURATION = {
  min: 0,
  max: MAX_TIMEOUT,
  unit: "milliseconds",
};
var TIMEOUT = {
  ...DURATION,
  infinity: true,
};
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
function checkString(subject, name, value) {
  if (value === void 0 || isNonEmpty(value)) return value;
  throw invalidType(subject, quoteName(name), "a non-empty string", value);
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
function checkArray(subject, name, value, of) {
  if (value === void 0 || Array.isArray(value)) return value;
  throw invalidType(subject, quoteName(name), `an array of ${of}`, value);
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
var PYTHON_NAMES = /* @__PURE__ */ new Map([
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

// server/origins.ts
function makeOriginCheck(allowed) {
  if (allowed === void 0) return hasSameName;
  checkArray("Cannot serve", "allowedOrigins", allowed, "origins");
  const entries = new Set(allowed);
  if (entries.has("*")) return () => true;
  const patterns = allowed.filter((entry) => entry !== "null").map(patternOf);
  return (header) => {
    const origin = parseOrigin(header);
    return origin === void 0
      ? header === "null" && entries.has(header)
      : patterns.some((pattern) => matches(pattern, origin));
  };
}
function hasSameName(origin, { host, isSecure }) {
  const page = parseOrigin(origin);
  if (page?.hostname !== parseOrigin(`http://${host}`)?.hostname) return false;
  return page?.protocol === "https:" || page?.protocol === "http:" && !isSecure;
}
var SCHEME_HEADER = "x-forwarded-proto";
function originTarget({ headers, url }) {
  const { host, protocol } = new URL(url);
  const [scheme] = headers.get(SCHEME_HEADER)?.split(",") ?? [];
  const isSecure = protocol === "https:" ||
    scheme?.trim().toLowerCase() === "https";
  return {
    host,
    isSecure,
  };
}
function matches(pattern, origin) {
  return pattern.protocol === origin.protocol &&
    pattern.hostname === origin.hostname &&
    (pattern.port === "*" || pattern.port === origin.port);
}
function patternOf(entry) {
  const pattern = String(entry);
  const isAnyPort = /:\*$/.test(pattern);
  const origin = parseOrigin(pattern.replace(/:\*$/, ""));
  if (origin !== void 0 && !(isAnyPort && origin.port !== "")) {
    return isAnyPort
      ? {
        ...origin,
        port: "*",
      }
      : origin;
  }
  throw invalidType(
    "Cannot serve",
    "each entry of 'allowedOrigins'",
    'an origin such as "https://example.org" or "http://localhost:*"',
    cutUrl(entry),
  );
}
function parseOrigin(value) {
  if (
    !/^[a-z][a-z\d+.-]*:\/\/[^\/?#@*\s]+$/i.test(value) || !URL.canParse(value)
  ) {
    return void 0;
  }
  const { protocol, hostname, port } = new URL(value);
  return {
    protocol,
    hostname: hostname.toLowerCase(),
    port,
  };
}

// server/places.ts
var SHARE = 1 / 16;
var Counter = class {
  total = 0;
  #byNetwork = /* @__PURE__ */ new Map();
  of(network) {
    return this.#byNetwork.get(network) ?? 0;
  }
  add(network) {
    this.total++;
    this.#byNetwork.set(network, this.of(network) + 1);
  }
  remove(network) {
    this.total--;
    const left = this.of(network) - 1;
    if (left > 0) this.#byNetwork.set(network, left);
    else this.#byNetwork.delete(network);
  }
};
var Places = class {
  #limits;
  /** Connections that have never logged in, also while they close */
  waiting = new Counter();
  /** Connections that are logged in */
  members = new Counter();
  /** Connections that were logged in, and are closing */
  leaving = new Counter();
  constructor(limits) {
    this.#limits = limits;
  }
  /** Returns the limit that rejects a new connection; `undefined` if it can enter. */
  exceededByUpgrade(network) {
    const exceeded2 = this.exceededByLogin(network);
    if (exceeded2 !== void 0) return exceeded2;
    return this.#hasPlaceFor(network) ? void 0 : "maxUnauthenticated";
  }
  /** Returns the limit that another client exceeds when it logs in. */
  exceededByLogin(network) {
    const { maxConnections, maxConnectionsPerAddress: limit2 } = this.#limits;
    const members = this.members.of(network);
    const all = members + this.leaving.of(network);
    if (members >= limit2 || all >= 2 * limit2) {
      return "maxConnectionsPerAddress";
    }
    const total = this.members.total + this.leaving.total;
    return total >= maxConnections ? "maxConnections" : void 0;
  }
  /**
   * Whether another connection that is not logged in can enter. Up to the limit, all networks
   * can. Beyond it there is a reserve of the same size for networks that hold few places.
   */
  #hasPlaceFor(network) {
    const { maxUnauthenticated: limit2 } = this.#limits;
    const { total } = this.waiting;
    if (total < limit2) return true;
    return this.waiting.of(network) < SHARE * (2 * limit2 - total);
  }
};
var Place = class {
  #places;
  #network;
  #counter;
  constructor(places, network) {
    this.#places = places;
    this.#network = network;
    this.#counter = places.waiting;
    this.#counter.add(network);
  }
  /** The client logs in; returns the limit that it exceeds, if it cannot. */
  admit() {
    const exceeded2 = this.#places.exceededByLogin(this.#network);
    if (exceeded2 === void 0) this.#moveTo(this.#places.members);
    return exceeded2;
  }
  /** The connection has ended, but its socket can still be closing. */
  close() {
    const { members, leaving } = this.#places;
    if (this.#counter === members) this.#moveTo(leaving);
  }
  /** The socket is gone; call it once. */
  leave() {
    this.#counter.remove(this.#network);
  }
  #moveTo(counter) {
    this.#counter.remove(this.#network);
    this.#counter = counter;
    counter.add(this.#network);
  }
};

// server/admission.ts
var FORWARDED_HEADER = "x-forwarded-for";
function forwardedAddress(forwarded, proxies) {
  const entry = forwarded?.split(",").at(-proxies)?.trim();
  return entry === void 0 ? void 0 : parseAddress(entry);
}
var RETRY_AFTER = 5;
var MAX_LOST = 20;
var LOST_WINDOW = 6e4;
var Admission = class {
  #options;
  #failures;
  #lost = new AddressFailures(MAX_LOST, LOST_WINDOW);
  #places;
  constructor(options) {
    const { maxLoginFailures, loginFailureWindow } = options.limits;
    this.#options = options;
    this.#failures = new AddressFailures(maxLoginFailures, loginFailureWindow);
    this.#places = new Places(options.limits);
  }
  /** Returns the remote end of a request. */
  peerOf({ headers }, remote) {
    const { trustProxy } = this.#options;
    const forwarded = trustProxy === 0
      ? void 0
      : forwardedAddress(headers.get(FORWARDED_HEADER), trustProxy);
    if (forwarded !== void 0) {
      return {
        address: forwarded,
        network: networkOf(forwarded),
      };
    }
    const address = formatAddress(remote);
    const network = remote !== void 0 && "hostname" in remote
      ? networkOf(remote.hostname)
      : address;
    return {
      address,
      network,
    };
  }
  /** Checks a request; returns `undefined` if it is allowed. */
  rejection(request, peer) {
    return this.#checkOrigin(request) ?? this.lockoutRejection(peer) ??
      this.#checkLost(peer) ?? this.#checkPlaces(peer);
  }
  /** Counts a new connection, or an HTTP request that waits for its login. */
  enter({ network }) {
    return new Place(this.#places, network);
  }
  /** Counts a rejected token, or a malformed login. */
  fail({ network }) {
    this.#failures.add(network, performance.now());
  }
  /** Counts an upgrade that never opened: it costs a descriptor until the process ends. */
  countLost({ network }) {
    this.#lost.add(network, performance.now());
  }
  /** Returns how long the address is still locked out, in milliseconds, or 0. */
  lockout({ network }) {
    return this.#failures.lockout(network, performance.now());
  }
  /** Returns how many more logins of a network can fail; 0 if it is locked out. */
  failuresLeft(network) {
    return this.#failures.left(network, performance.now());
  }
  /** Returns the response for an address that is locked out. */
  lockoutRejection(peer) {
    const lockout = this.lockout(peer);
    if (lockout === 0) return void 0;
    const seconds = String(Math.ceil(lockout / 1e3));
    const headers = lockout === Infinity ? {} : {
      "retry-after": seconds,
    };
    return {
      reason:
        "too many failed logins. To allow more, raise 'limits.maxLoginFailures'.",
      response: text(
        429,
        "Too many failed logins from this address. Try again later.",
        headers,
      ),
    };
  }
  #checkOrigin(request) {
    const origin = request.headers.get("origin");
    if (origin === null) return void 0;
    const isAllowed = this.#options.isAllowed(origin, originTarget(request));
    if (isAllowed) return void 0;
    return {
      reason: `origin ${
        escapeControls(JSON.stringify(truncate(origin)))
      } is not allowed. To allow it, add it to 'allowedOrigins'.`,
      response: text(
        403,
        "Forbidden: this server does not accept connections from pages of this origin. Add the origin to the option 'allowedOrigins' of the server.",
      ),
    };
  }
  #checkLost({ network }) {
    const rest = this.#lost.lockout(network, performance.now());
    if (rest === 0) return void 0;
    const headers = {
      "retry-after": String(Math.ceil(rest / 1e3)),
    };
    return {
      reason: `${MAX_LOST} upgrades of this address never opened`,
      response: text(
        429,
        "Too many upgrades from this address never opened. Try again later.",
        headers,
      ),
    };
  }
  #checkPlaces({ network }) {
    const exceeded2 = this.#places.exceededByUpgrade(network);
    if (exceeded2 === void 0) return void 0;
    const limit2 = this.#options.limits[exceeded2];
    const { reason, status, body } = REJECTIONS[exceeded2];
    const headers = status === 503
      ? {
        "retry-after": String(RETRY_AFTER),
      }
      : {};
    return {
      reason: `${
        reason(limit2, network)
      }. To allow more, raise 'limits.${exceeded2}'.`,
      response: text(status, body, headers),
    };
  }
};
var REJECTIONS = {
  maxConnections: {
    status: 503,
    body: "The server has too many connections. Try again later.",
    reason: (limit2) => `${limit2} clients are logged in`,
  },
  maxConnectionsPerAddress: {
    status: 429,
    body: "Too many connections from this address. Close one of them first.",
    reason: (limit2, network) =>
      `${limit2} clients from ${network} are logged in`,
  },
  maxUnauthenticated: {
    status: 503,
    body: "Too many connections are not logged in. Try again later.",
    reason: (limit2, network) =>
      `more than ${limit2} connections are not logged in, and ${network} has too many of them`,
  },
};
var MAX_ADDRESSES = 1e4;
var AddressFailures = class {
  #limit;
  #window;
  /** In the order in which the windows end */
  #byAddress = /* @__PURE__ */ new Map();
  /**
   * Constructs `AddressFailures`.
   *
   * @param limit How many failures lock an address out
   * @param window How long they count after the first one, in milliseconds
   */
  constructor(limit2, window) {
    this.#limit = limit2;
    this.#window = window;
  }
  /** Counts a failure. */
  add(address, now) {
    this.#removeExpired(now);
    const failures = this.#byAddress.get(address);
    if (failures !== void 0) return void failures.count++;
    if (this.#byAddress.size >= MAX_ADDRESSES) this.#removeOldest();
    this.#byAddress.set(address, {
      count: 1,
      until: now + this.#window,
    });
  }
  /** Returns how long the address is still locked out, in milliseconds, or 0. */
  lockout(address, now) {
    const failures = this.#byAddress.get(address);
    if (failures === void 0 || failures.count < this.#limit) return 0;
    return Math.max(0, failures.until - now);
  }
  /** Returns how many more failures lock the address out. */
  left(address, now) {
    const failures = this.#byAddress.get(address);
    if (failures === void 0 || failures.until <= now) return this.#limit;
    return Math.max(0, this.#limit - failures.count);
  }
  #removeExpired(now) {
    for (const [address, { until }] of this.#byAddress) {
      if (until > now) return;
      this.#byAddress.delete(address);
    }
  }
  #removeOldest() {
    const [oldest] = this.#byAddress.keys();
    if (oldest !== void 0) this.#byAddress.delete(oldest);
  }
};

// auth.ts
function findToken(candidates, actual) {
  const other = digest(actual);
  let found;
  for (const candidate of candidates) {
    if (digestsMatch(digestOf(candidate), other)) found = candidate;
  }
  return found;
}
var digests = /* @__PURE__ */ new WeakMap();
function digestOf(candidate) {
  const { token } = candidate;
  const known2 = digests.get(candidate);
  if (known2?.token === token) return known2.hash;
  const made = digest(token);
  digests.set(candidate, {
    token,
    hash: made,
  });
  return made;
}
function digestsMatch(one, other) {
  let difference = 0;
  for (let index = 0; index < one.length; index++) {
    difference |= one.charCodeAt(index) ^ other.charCodeAt(index);
  }
  return difference === 0;
}
var crypto2;
function digest(token) {
  crypto2 ??= globalThis.process.getBuiltinModule("node:crypto");
  return crypto2.hash("sha256", JSON.stringify(token));
}

// server/scheduler.ts
var TimeoutQueue = class {
  #timeout;
  #onExpired;
  /** The time at which each item expires, the earliest first */
  #deadlines = /* @__PURE__ */ new Map();
  #next;
  /**
   * Constructs a `TimeoutQueue`.
   *
   * @param timeout The timeout of each item in milliseconds, or `Infinity` for none
   * @param onExpired Called with each item whose time has expired
   */
  constructor(timeout, onExpired) {
    this.#timeout = timeout;
    this.#onExpired = onExpired;
  }
  /** Starts the timeout of an item. */
  add(item) {
    if (this.#timeout === Infinity) return;
    this.#deadlines.set(item, performance.now() + this.#timeout);
    this.#next ??= this.#start(this.#timeout);
  }
  /** Cancels the timeout of an item. */
  delete(item) {
    if (this.#deadlines.delete(item) && this.#deadlines.size === 0) {
      this.#stop();
    }
  }
  #start(delay) {
    return new Deadline(delay, () => this.#expire());
  }
  #stop() {
    this.#next?.cancel();
    this.#next = void 0;
  }
  #expire() {
    this.#next = void 0;
    const now = performance.now();
    for (const [item, deadline] of this.#deadlines) {
      if (deadline > now) {
        this.#next ??= this.#start(deadline - now);
        return;
      }
      this.#deadlines.delete(item);
      this.#onExpired(item);
    }
  }
};
var ITEMS_PER_TURN = 64;
async function forEachPerTurn(items, callback) {
  for (let start3 = 0; start3 < items.length; start3 += ITEMS_PER_TURN) {
    if (start3 > 0) await new Promise((resolve2) => setImmediate(resolve2));
    for (const item of items.slice(start3, start3 + ITEMS_PER_TURN)) {
      callback(item);
    }
  }
}
var TASKS_PER_TURN = 2;
var MAX_TURNS = 8;
var FairScheduler = class {
  #defer;
  #tasks = [];
  /**
   * Constructs a `FairScheduler`.
   *
   * @param defer Calls a function in a later turn of the event loop
   */
  constructor(defer) {
    this.#defer = defer;
  }
  /** Adds a function; it must not throw. */
  add(task) {
    this.#tasks.push(task);
    if (this.#tasks.length === 1) this.#defer(this.#run);
  }
  #run = () => {
    const share = Math.ceil(this.#tasks.length / MAX_TURNS);
    const tasks = this.#tasks.slice(0, Math.max(TASKS_PER_TURN, share));
    for (const task of tasks) task();
    this.#tasks.splice(0, tasks.length);
    if (this.#tasks.length > 0) this.#defer(this.#run);
  };
};

// server/login_queue.ts
var LoginQueue = class {
  #admission;
  #lines = /* @__PURE__ */ new Map();
  /** Frees the slots of decisions that take too long */
  #timeouts;
  /**
   * Constructs a `LoginQueue`.
   *
   * @param admission Counts the failed logins of each network
   * @param timeout How long a decision occupies its slot at most, in milliseconds
   */
  constructor(admission, timeout) {
    this.#admission = admission;
    this.#timeouts = new TimeoutQueue(
      timeout,
      (decision) => this.#finish(decision),
    );
  }
  /**
   * Decides about a login when it is its turn.
   *
   * @param network The network that the login comes from
   * @param key Identifies the login for `abandon`
   * @param decide Decides; it must not throw or reject
   */
  run(network, key, decide) {
    const line = this.#lineOf(network);
    return new Promise((resolve2) => {
      line.waiting.set(key, () => resolve2(this.#start(line, decide)));
      this.#advance(line);
    });
  }
  /** Removes a login whose client is gone, unless its decision has begun. */
  abandon(network, key) {
    const line = this.#lines.get(network);
    if (line?.waiting.delete(key)) this.#advance(line);
  }
  /** Stops all timeouts, because the server is closed. */
  close() {
    for (const { running } of this.#lines.values()) {
      for (const decision of running) this.#timeouts.delete(decision);
    }
  }
  #lineOf(network) {
    const known2 = this.#lines.get(network);
    if (known2 !== void 0) return known2;
    const line = {
      network,
      running: /* @__PURE__ */ new Set(),
      waiting: /* @__PURE__ */ new Map(),
    };
    this.#lines.set(network, line);
    return line;
  }
  async #start(line, decide) {
    const decision = {
      line,
    };
    line.running.add(decision);
    this.#timeouts.add(decision);
    const result = await decide();
    this.#finish(decision);
    return result;
  }
  #finish(decision) {
    this.#timeouts.delete(decision);
    const { line } = decision;
    if (line.running.delete(decision)) this.#advance(line);
  }
  /** Starts the decisions whose turn it is. A network that is locked out starts all. */
  #advance(line) {
    const { network, running, waiting } = line;
    for (const [key, start3] of waiting) {
      const left = this.#admission.failuresLeft(network);
      if (left > 0 && running.size >= left) return;
      waiting.delete(key);
      start3();
    }
    if (running.size === 0) this.#lines.delete(network);
  }
};

// server/authenticator.ts
var MAX_LINES = 100;
var LINES_PER_SECOND = 1;
var Authenticator = class {
  #options;
  #lines = new LogThrottle(LINES_PER_SECOND, MAX_LINES);
  /** The logins that wait for the login function */
  #queue;
  constructor(options) {
    this.#options = options;
    this.#queue = new LoginQueue(options.admission, options.loginTimeout);
  }
  /** Returns what a login needs of a request, which cannot be read after the upgrade. */
  contextOf(request, peer) {
    if (this.#options.login === void 0) {
      return {
        peer,
      };
    }
    const url = new URL(request.url);
    const headers = new Headers(request.headers);
    return {
      peer,
      request: {
        url,
        headers,
      },
    };
  }
  /** Returns whether an address is locked out. */
  locksOut(peer) {
    return this.#options.admission.lockout(peer) > 0;
  }
  /** Counts a malformed login. */
  countFailure(peer) {
    this.#options.admission.fail(peer);
  }
  /** Decides whether a client can log in; never rejects. */
  authenticate(token, version, upgrade2) {
    const { login } = this.#options;
    const { peer } = upgrade2;
    if (this.locksOut(peer)) return "locked out";
    if (login !== void 0) {
      const call = () => login(token, loginContext(upgrade2, version));
      const decide = () => this.#callLogin(peer, token, call);
      return this.#queue.run(peer.network, upgrade2, decide);
    }
    return this.#find(token, peer);
  }
  /** Drops a login that waits for its turn, because its client is gone. */
  abandon(upgrade2) {
    this.#queue.abandon(upgrade2.peer.network, upgrade2);
  }
  /** Stops all timeouts, because the server is closed. */
  close() {
    this.#queue.close();
  }
  /** Checks again at the admission that the token of a login is still valid. */
  confirm(result) {
    if (typeof result === "string" || result.credential === void 0) {
      return result;
    }
    const isValid = this.#options.credentials.accepts(result.credential);
    return isValid ? result : "refused";
  }
  /** Calls the login function of the application. */
  async #callLogin(peer, token, login) {
    if (this.locksOut(peer)) return "locked out";
    try {
      return this.#checked(authenticatedBy(await login()), peer);
    } catch (error) {
      const line = `${peer.address}: the login function failed`;
      this.#logFailure(line, error, token);
      const result = this.#checked(void 0, peer);
      return result === "refused" ? "failed" : result;
    }
  }
  /** Logs an exception of the login function. Throttled, because strangers can cause it. */
  #logFailure(text2, error, token) {
    const line = this.#lines.pass(text2);
    if (line === void 0) return;
    this.#options.log.loginException(line, error, token);
  }
  #find(token, peer) {
    const { credentials } = this.#options;
    const credential = findToken(credentials.current(), token);
    if (credential !== void 0) {
      return this.#checked({
        identity: credential.identity,
        credential,
      }, peer);
    }
    const isRevoked = findToken(credentials.revoked, token) !== void 0;
    return isRevoked ? "refused" : this.#checked(void 0, peer);
  }
  /** Counts a rejected token. While an address is locked out, even the right token fails. */
  #checked(authenticated, peer) {
    const { admission } = this.#options;
    const isLockedOut = admission.lockout(peer) > 0;
    if (authenticated === void 0) admission.fail(peer);
    return isLockedOut ? "locked out" : authenticated ?? "refused";
  }
};
function loginContext({ peer: { address }, request }, version) {
  if (request !== void 0) {
    return {
      address,
      version,
      ...request,
    };
  }
  throw new TypeError(
    "Cannot call the login function: the upgrade request is missing",
  );
}
function authenticatedBy(decision) {
  if (decision === true) {
    return {
      identity: void 0,
    };
  }
  if (decision === false || decision === null || decision === void 0) {
    return void 0;
  }
  if (decision instanceof Error) throw decision;
  const type = typeName(decision);
  if (type === "Object") {
    return {
      identity: decision,
    };
  }
  throw new TypeError(
    `Cannot log a client in: the login function returned a value of the type ${type}. Return true or an object to accept the client, and false, null or undefined to reject it.`,
  );
}
function typeName(value) {
  return typeof value === "object"
    ? Object.prototype.toString.call(value).slice(8, -1)
    : typeof value;
}

// server/broadcaster.ts
var MIN_SENDS = 32;
var SPREAD = 1e5;
var BroadcastBatch = class {
  /** One frame for each broadcast, in their order */
  single;
  /** The same broadcasts for clients that support batches */
  batched;
  constructor(frames, maxBatch = MAX_BATCH) {
    this.single = frames.map((frame) =>
      broadcastFrame([
        frame,
      ])
    );
    this.batched = groupFrames(frames, maxBatch).map(broadcastFrame);
  }
};
function broadcastFrame(group) {
  const data = joinGroup(group);
  return {
    data,
    bytes: byteLength(data),
    count: group.length,
  };
}
var NO_CLIENTS = {
  delivered: 0,
  skipped: 0,
  failed: 0,
};
var EMPTY_BATCH = {
  from: 0,
  to: 0,
  value: new BroadcastBatch([]),
};
var Broadcaster = class {
  #recipients = /* @__PURE__ */ new Set();
  #defer;
  #maxBatch;
  /** The broadcasts that some recipient lacks, the oldest first */
  #entries = [];
  /** The number of the oldest entry */
  #start = 0;
  /**
   * The position in the current round. It is `undefined` between broadcasts, because V8
   * keeps every value that a set has held since its oldest live iterator was created.
   */
  #round;
  #isRunning = false;
  /** The batch of the last recipient; most recipients lack the same broadcasts */
  #batch = EMPTY_BATCH;
  /**
   * Constructs a `Broadcaster`.
   *
   * @param defer Calls a function in a later turn of the event loop
   * @param maxBatch The maximum size of a batch, in bytes
   */
  constructor(defer, maxBatch = MAX_BATCH) {
    this.#defer = defer;
    this.#maxBatch = maxBatch;
  }
  /** The number of recipients */
  get size() {
    return this.#recipients.size;
  }
  /** Adds a recipient. It receives the broadcasts that are sent from now on. */
  join(recipient) {
    recipient.cursor = this.#end;
    this.#recipients.add(recipient);
  }
  /** Removes a recipient. The broadcasts that it lacks count as failed. */
  leave(recipient) {
    this.#recipients.delete(recipient);
    this.#settle(recipient.cursor, this.#end, "failed");
    recipient.cursor = Infinity;
  }
  /**
   * Sends a frame to all recipients.
   *
   * @returns Resolves when every recipient has had its turn
   */
  send(frame) {
    const lacking = this.#recipients.size;
    if (lacking === 0) return Promise.resolve(NO_CLIENTS);
    return new Promise((resolve2) => {
      this.#entries.push({
        frame,
        lacking,
        delivered: 0,
        skipped: 0,
        failed: 0,
        resolve: resolve2,
      });
      if (this.#isRunning) return;
      this.#isRunning = true;
      queueMicrotask(this.#turn);
    });
  }
  /** Sends the broadcasts that a recipient lacks, before another frame is sent to it. */
  catchUp(recipient) {
    if (recipient.cursor < this.#end) this.#deliver(recipient);
  }
  get #end() {
    return this.#start + this.#entries.length;
  }
  #turn = () => {
    const budget = Math.max(MIN_SENDS, SPREAD / this.#recipients.size);
    for (let sent = 0; this.#entries.length > 0;) {
      if (sent >= budget) return this.#defer(this.#turn);
      const recipient = this.#next();
      if (recipient.cursor < this.#end) sent += this.#deliver(recipient);
    }
    this.#isRunning = false;
    this.#round = void 0;
    this.#batch = EMPTY_BATCH;
  };
  /** Returns the next recipient. While there are entries, rounds follow each other. */
  #next() {
    for (;;) {
      this.#round ??= this.#recipients.values();
      const { done, value } = this.#round.next();
      if (!done) return value;
      this.#round = void 0;
    }
  }
  #deliver(recipient) {
    const from = recipient.cursor;
    const to = this.#end;
    recipient.cursor = to;
    const { delivered, rest, sends } = recipient.deliver(
      this.#batchOf(from, to),
    );
    this.#settle(from, from + delivered, "delivered");
    this.#settle(from + delivered, to, rest);
    return Math.max(sends, 1);
  }
  #batchOf(from, to) {
    if (this.#batch.from !== from || this.#batch.to !== to) {
      const entries = this.#entries.slice(from - this.#start, to - this.#start);
      const frames = entries.map(({ frame }) => frame);
      const value = new BroadcastBatch(frames, this.#maxBatch);
      this.#batch = {
        from,
        to,
        value,
      };
    }
    return this.#batch.value;
  }
  /** Records that a recipient no longer lacks the broadcasts of a range. */
  #settle(from, to, outcome) {
    const start3 = this.#start;
    for (let number = from; number < to; number++) {
      const entry = this.#entries[number - start3];
      entry.lacking--;
      entry[outcome]++;
    }
    while (this.#entries[0]?.lacking === 0) {
      const { resolve: resolve2, delivered, skipped, failed } = this.#entries
        .shift();
      this.#start++;
      resolve2({
        delivered,
        skipped,
        failed,
      });
    }
  }
};

// protocol/close.ts
var MAX_RETRY_DELAY = 6e4;
function retryDelay(clients, random = Math.random) {
  return Math.round(random() * Math.min(clients, MAX_RETRY_DELAY));
}
function retryReason(delay) {
  return `server closed, retry in ${delay} ms`;
}
var MAX_REASON = 123;
var SUBJECT = "Cannot close the connection";
function assertClose(code, reason) {
  const isFree = Number.isInteger(code) && code >= 3e3 && code <= 4999;
  if (code !== CloseCode.NORMAL && !isFree) {
    const needed = "1000, or a whole number from 3000 to 4999";
    throw outOfRange(SUBJECT, "the code", needed, code);
  }
  if (typeof reason !== "string") {
    throw invalidType(SUBJECT, "the reason", "a string", reason);
  }
  const { length } = new TextEncoder().encode(reason);
  if (length > MAX_REASON) {
    throw new RangeError(
      `${SUBJECT}: the reason must be at most ${MAX_REASON} bytes long. It has ${length} bytes. Shorten it.`,
    );
  }
}
function describeEnd({ code, reason, failure }) {
  return failure === void 0
    ? "closed by the client"
    : describeDisconnect(code, reason);
}
function describeDisconnect(code, reason) {
  return `closed by the server (${describeCode(code, reason)})`;
}
function describeClose(code, reason) {
  return code === 0 || code === CloseCode.ABNORMAL
    ? "connection lost"
    : `closed by the client (${describeCode(code, reason)})`;
}
function describeCode(code, reason) {
  return reason === "" ? `${code}` : `${code}, ${escapeControls(reason)}`;
}

// server/backlog.ts
var WORK_PER_TURN = 64;
var SHORT = 1024;
var MAX_WAITING = 2097152;
function workOf(frame) {
  return typeof frame === "string" ? 1 + Math.floor(frame.length / SHORT) : 1;
}
var Backlog = class {
  #owner;
  #scheduler;
  /** The entries of the batch in progress, and how many were handled */
  #entries = [];
  #handled = 0;
  #frames = [];
  /** The length of the frames, in UTF-16 units */
  #waiting = 0;
  #isScheduled = false;
  /** Whether frames wait although no earlier ones do */
  #isPaused = false;
  /** Called when nothing waits any more */
  #onEmpty;
  /**
   * Constructs a `Backlog`.
   *
   * @param owner Handles the entries and the frames
   * @param scheduler Shares the event loop with other clients
   */
  constructor(owner, scheduler) {
    this.#owner = owner;
    this.#scheduler = scheduler;
  }
  /** Whether earlier entries or frames wait */
  get isEmpty() {
    return !this.#isPaused && this.#handled === this.#entries.length &&
      this.#frames.length === 0;
  }
  /**
   * Keeps a frame if earlier ones wait.
   *
   * @returns Whether the frame waits. If not, the caller handles it now.
   */
  keep(frame, now) {
    if (!this.#hasCapacityFor(frame)) this.#makeCapacityFor(frame, now);
    if (this.isEmpty || typeof frame !== "string") return false;
    this.#frames.push(frame);
    this.#waiting += frame.length;
    return true;
  }
  /** Begins with the entries of a batch; `run()` handles them. */
  start(entries) {
    this.#entries = entries;
    this.#handled = 0;
  }
  /** Handles some entries and frames now, and the rest in later turns. */
  run(now) {
    for (let work = 0; work < WORK_PER_TURN;) {
      const done = this.#step(now);
      if (done === 0) break;
      work += done;
    }
    if (this.isEmpty) return this.#reportEmpty();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#scheduler.add(this.#continue);
  }
  /**
   * Lets the next frames wait until the next turn, because Deno can deliver thousands of
   * frames of one client in one turn.
   */
  pause() {
    if (!this.isEmpty || this.#isScheduled) return;
    this.#isPaused = true;
    this.#isScheduled = true;
    setImmediate(this.#continue);
  }
  /**
   * Handles what waits before the end of the connection, because the client has sent it.
   *
   * @param next Called when nothing waits any more
   * @returns Whether anything waits; if not, `next` is not called
   */
  finish(next) {
    if (this.isEmpty) return false;
    this.#onEmpty = next;
    return true;
  }
  /** Drops everything, because the connection has ended. */
  clear() {
    this.start([]);
    this.#frames = [];
    this.#waiting = 0;
    this.#isPaused = false;
    this.#reportEmpty();
  }
  #reportEmpty() {
    const onEmpty = this.#onEmpty;
    this.#onEmpty = void 0;
    onEmpty?.();
  }
  #continue = () => {
    this.#isScheduled = false;
    this.#isPaused = false;
    this.run(performance.now());
  };
  #hasCapacityFor(frame) {
    return typeof frame === "string" &&
      this.#waiting + frame.length <= MAX_WAITING;
  }
  /** Handles what waits, because the memory takes precedence over the other clients. */
  #makeCapacityFor(frame, now) {
    const start3 = performance.now();
    while (!this.#hasCapacityFor(frame) && this.#step(now) > 0);
    this.#owner.onOverrun(performance.now() - start3);
  }
  /** Handles the next entry or frame; returns how much work it was, or 0 without one. */
  #step(now) {
    if (this.#handled === this.#entries.length) return this.#receiveNext(now);
    const entry = this.#entries[this.#handled++];
    if (this.#handled === this.#entries.length) this.start([]);
    this.#owner.apply(entry, now);
    return 1;
  }
  #receiveNext(now) {
    const frame = this.#frames.shift();
    if (frame === void 0) return 0;
    this.#waiting -= frame.length;
    this.#owner.receive(frame, now);
    return workOf(frame);
  }
};

// protocol/encode.ts
var ERROR_SENTENCES = {
  1: [
    "INVALID_JSON",
    "Invalid JSON structure was received.",
  ],
  2: [
    "INVALID_CONTENT",
    "JSON content is invalid.",
  ],
  3: [
    "LOGIN_FAILED",
    "Login token is invalid.",
  ],
  4: [
    "BAD_VERSION",
    "Version of client is not high enough.",
  ],
  5: [
    "UNKNOWN_OPERATION",
    "Operation not found.",
  ],
  6: [
    "SERVER_ERROR",
    "Internal server error.",
  ],
  7: [
    "UNSUPPORTED_OPERATION",
    "Request operation is not supported by the server.",
  ],
  8: [
    "INVALID_ACTION",
    "Invalid action was sent.",
  ],
  9: [
    "LIMIT_EXCEEDED",
    "Limit of the server was exceeded.",
  ],
};
var GOODBYE = JSON.stringify({
  id: null,
  end: true,
});
function encodeSuccess(id, kind, data = "null") {
  const message = kind === null ? "null" : `"${kind}"`;
  return `{"success":true,"data":${data},"error":null,"code":0,"message":${message},"desc":null,"id":${id}}`;
}
function encodeLoginAnswer(id, features, maxPayload = Infinity) {
  if (features === null) return encodeSuccess(id, null);
  const hasLimit = features.has("max-payload") && maxPayload !== Infinity;
  const limits = hasLimit
    ? {
      maxPayload,
    }
    : {};
  const data = {
    features: [
      ...features,
    ],
    ...limits,
  };
  return encodeSuccess(id, null, JSON.stringify(data));
}
function encodeError(id, code, data = null, description = null) {
  const [error, message] = ERROR_SENTENCES[code];
  const success = false;
  const desc = description;
  return JSON.stringify({
    success,
    data,
    error,
    code,
    message,
    desc,
    id,
  });
}
function encodeMessage(name, data, replying, id) {
  assertName(name);
  const payload = stringifyData(data, () => describeMessage(name));
  return `{"message":${JSON.stringify(name)},"data":${payload},"replying":${
    JSON.stringify(replying)
  },"id":${id}}`;
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

// protocol/request_error.ts
var RequestError = class extends Error {
  /** The name of the class */
  name = "RequestError";
  /** The number of the error */
  code;
  /** The details, whose keys depend on the code */
  data;
  /** What is logged */
  note;
  #isRequestError = true;
  /**
   * Returns whether a value is a `RequestError`. Unlike `instanceof`, this runs no code
   * of the value, which comes from the application.
   */
  static is(error) {
    return typeof error === "object" && error !== null &&
      #isRequestError in error;
  }
  /**
   * Constructs a `RequestError`.
   *
   * @param code The number of the error
   * @param description What is wrong, and what to do
   * @param details The rest of the frame and of the log line
   */
  constructor(code, description, { data, note = description } = {}) {
    super(description);
    this.code = code;
    this.data = data ?? null;
    this.note = note;
  }
};
function issuesData(issues) {
  return {
    issues: issues.map((issue) => ({
      ...issue,
    })),
  };
}

// server/error_response.ts
var GENERIC_ERROR = {
  message: "the server could not carry out the request",
  exc: "InternalError",
};
var MAX_EXPOSED = 1e3;
function encodeErrorResponse(id, error, { exposeErrors, limits }) {
  if (!RequestError.is(error)) {
    const data2 = exposeErrors ? exposed(error) : GENERIC_ERROR;
    return encodeError(id, ErrorCode.SERVER_ERROR, data2);
  }
  const { code, data, message } = error;
  const { maxBuffered } = limits;
  const frame = encodeError(id, code, data, message);
  if (fitsInto(frame, maxBuffered)) return frame;
  const { issues: _, ...rest } = data ?? {};
  return encodeError(id, code, data && rest);
}
function exposed(error) {
  try {
    const { message, name } = error instanceof Error ? error : {
      message: error,
      name: "Error",
    };
    return {
      message: String(message).slice(0, MAX_EXPOSED),
      exc: String(name).slice(0, MAX_EXPOSED),
    };
  } catch {
    return GENERIC_ERROR;
  }
}
var OutputError = class extends ValidationError {
  #isOutputError = true;
  /** The text for the log, which contains nothing that the handler returned */
  note;
  /** Whether a thrown value is an `OutputError`; runs no code of the value. */
  static is(error) {
    return typeof error === "object" && error !== null &&
      #isOutputError in error;
  }
  /**
   * Constructs an `OutputError`.
   *
   * @param subject What failed, such as `Cannot answer operation "add"`
   * @param what The invalid value, such as `the result`
   * @param issues What is wrong with it
   */
  constructor(subject, what, issues) {
    const problem = `${what} does not match its schema`;
    super(subject, problem, issues);
    this.note = `${problem}${placesOf(issues)}`;
  }
};

// server/connection_log.ts
var MAX_LINES2 = 20;
var LINES_PER_SECOND2 = 1;
var MAX_STRANGER_LINES = 1e3;
var StrangerLines = class {
  /** Limits the lines about connections. The line of a client that logs in does not count. */
  connects = new LogThrottle(LINES_PER_SECOND2, MAX_STRANGER_LINES);
  warnings = new LogThrottle(LINES_PER_SECOND2, MAX_STRANGER_LINES);
};
var ConnectionLog = class {
  #log;
  /** The address of the client, and its name if it is known */
  #label;
  /** The address and the name, for lines in JSON */
  #fields;
  /** Limits the mistakes of the client. Created when needed: most clients make none */
  #mistakes;
  /** Limits the faults of the server, which no mistake of the client must suppress */
  #faults;
  /** `undefined` after the login */
  #strangers;
  /** Whether the connection was logged */
  #isAnnounced = false;
  /** The number of messages that the client has missed in a row */
  #missed = 0;
  /**
   * Constructs a `ConnectionLog`.
   *
   * @param log The log of the server
   * @param address The address of the client
   * @param strangers Limits the lines until the client has logged in
   */
  constructor(log, address, strangers) {
    this.#log = log;
    this.#label = address;
    this.#fields = {
      address,
    };
    this.#strangers = strangers;
  }
  /** Whether frames are logged */
  get debugs() {
    return this.#log.debugs;
  }
  /** Logs that the client has connected. Throttled until the client has logged in. */
  connected() {
    const text2 = `${this.#label} connected`;
    const line = this.#strangers?.connects.pass(text2);
    if (line === void 0) return;
    this.#isAnnounced = true;
    this.#log.info("connect", line, this.#fields);
  }
  /**
   * Logs that the client has disconnected.
   *
   * @param how The end of the connection in words
   */
  disconnected(how) {
    if (this.#strangers !== void 0 && !this.#isAnnounced) return;
    this.info("disconnect", `disconnected: ${how}`);
  }
  /**
   * Ends the limits for strangers, because the client has logged in. Adds the name of the
   * client to the following lines, if its identity has a name.
   */
  identify(identity) {
    if (this.#isAnnounced) this.#strangers?.connects.restore();
    this.#strangers = void 0;
    const name = nameOf(identity);
    if (name === "") return;
    this.#fields = {
      ...this.#fields,
      name,
    };
    this.#label = `${escapeControls(name)} (${this.#label})`;
  }
  /** Logs a normal event. */
  info(event, text2) {
    this.#log.info(event, `${this.#label} ${text2}`, this.#fields);
  }
  /** Logs a mistake of the client. Throttled, so that a client cannot fill the log. */
  warn(event, text2) {
    const line = this.#mistake(text2);
    if (line !== void 0) this.#log.warn(event, line, this.#fields);
  }
  /** Logs why a request was answered with an error. */
  rejected(subject, error) {
    const text2 = `${subject}: ${this.#log.redact(error.note)}`;
    if (!OutputError.is(error)) return this.warn("reject", text2);
    const hint = this.#log.debugs ? "" : '. The log level "debug" shows why.';
    const line = this.#fault(`${text2}${hint}`);
    if (line !== void 0) this.#log.error("error", line, this.#fields);
    const details = () => `${this.#label}: ${this.#log.redact(error.message)}`;
    this.#log.debug("error", details, this.#fields);
  }
  /** Logs an exception that a request of the client caused in the application. */
  exception(text2, error) {
    const line = this.#fault(text2);
    if (line !== void 0) this.#log.exception(line, error, this.#fields);
  }
  /** Logs a frame from the client. The content of its login is not shown. */
  received(frame, isLogin) {
    if (!this.#log.debugs) return;
    const what = () => isLogin ? "login" : this.#log.showFrame(String(frame));
    const text2 = () => `${this.#label} received ${what()}`;
    this.#log.debug("receive", text2, this.#fields);
  }
  /** Logs a frame to the client. */
  sent(frame) {
    const text2 = () => `${this.#label} sent ${this.#log.showFrame(frame)}`;
    this.#log.debug("send", text2, this.#fields);
  }
  /** Logs the first frames of a batch of broadcasts. */
  sentBroadcasts(frames, count) {
    if (!this.#log.debugs) return;
    for (const { data } of frames.slice(0, count)) this.sent(data);
  }
  /**
   * Logs when the client begins to miss messages, and when it reads again.
   *
   * @param count The number of messages that the client has just missed, or 0
   * @param maxBuffered The limit that was reached, in bytes
   */
  missed(count, maxBuffered) {
    const total = this.#missed + count;
    this.#missed = count === 0 ? 0 : total;
    if (count > 0 && total === count) {
      this.warn(
        "slow",
        `the client reads too slowly and misses messages that do not fit into ${maxBuffered} bytes. To allow more, raise 'limits.maxBuffered'.`,
      );
    } else if (count === 0 && total > 0) {
      const messages = total === 1 ? "message" : "messages";
      this.warn(
        "slow",
        `the client reads again; it missed ${total} ${messages}`,
      );
    }
  }
  #mistake(text2) {
    const throttle = this.#strangers?.warnings ??
      (this.#mistakes ??= new LogThrottle(LINES_PER_SECOND2, MAX_LINES2));
    return this.#pass(throttle, text2);
  }
  #fault(text2) {
    this.#faults ??= new LogThrottle(LINES_PER_SECOND2, MAX_LINES2);
    return this.#pass(this.#faults, text2);
  }
  #pass(throttle, text2) {
    return throttle.pass(`${this.#label}: ${text2}`);
  }
};
function nameOf(identity) {
  try {
    const { name } = Object(identity);
    return typeof name === "string" ? truncate(name) : "";
  } catch {
    return "";
  }
}

// common/request_options.ts
var REQUEST_KEYS = {
  signal: true,
  timeout: true,
};
function checkRequestOptions(subject, options, known2 = REQUEST_KEYS) {
  if (options === void 0) return;
  checkKeys(subject, options, known2);
  checkSignal(subject, "signal", options.signal);
  checkNumber(subject, "timeout", options.timeout, TIMEOUT);
}

// common/timed_out.ts
function timedOut(subject, timeout) {
  return new TimeoutError(
    `Cannot finish ${subject}: no response within ${timeout} ms. Raise 'timeout' to wait longer.`,
  );
}

// protocol/message.ts
var Message = class _Message {
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
    return replying === null ? null : this.#replying ??= new _Message(replying);
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

// server/pending_requests.ts
var PendingRequests = class {
  /** The requests by the numbers of their messages */
  #requests = /* @__PURE__ */ new Map();
  /** The number of requests */
  get size() {
    return this.#requests.size;
  }
  /**
   * Adds a request before it is sent.
   *
   * @param id The number of its message
   * @param name The name of its message
   * @param subject The request in error messages
   * @returns Resolves to the reply
   */
  add(id, name, subject) {
    return new Promise((resolve2, reject) =>
      this.#requests.set(id, {
        subject,
        name,
        frames: new SerialQueue(),
        isDone: false,
        resolve: resolve2,
        reject,
      })
    );
  }
  /** Whether a message replies to a pending request. */
  isPending(replying) {
    return replying !== null &&
      this.#requests.get(replying.id)?.name === replying.message;
  }
  /** Whether a message replies to a pending request, and no earlier reply is checked. */
  isFirst(replying) {
    return this.isPending(replying) &&
      this.#requests.get(replying.id)?.frames.done === void 0;
  }
  /** Whether the client has not yet reported the end of its listeners to a request. */
  awaitsDone(id) {
    return this.#requests.get(id)?.isDone === false;
  }
  /**
   * Resolves a request with a reply.
   *
   * @param id The number of the message of the request
   * @param reply The checked reply; a promise if its schema is asynchronous
   */
  settle(id, reply) {
    let checked;
    this.#requests.get(id)?.frames.add(
      () => mapMaybePromise(reply, (message) => void (checked = message)),
      () => this.#remove(id)?.resolve(checked),
      () => {
      },
    );
  }
  /** Rejects a request, because the client has reported the end of its listeners. */
  finish(id, hasFailed) {
    const request = this.#requests.get(id);
    if (request === void 0 || request.isDone) return;
    request.isDone = true;
    const finish = () => {
      this.#remove(id)?.reject(new NoReplyError(request.subject, hasFailed));
    };
    request.frames.add(
      () => {
      },
      finish,
      finish,
    );
  }
  /** Removes a request without settling it. */
  delete(id) {
    this.#requests.delete(id);
  }
  /** Rejects all requests, because the connection has ended. */
  close(info) {
    for (const [id, { subject, reject }] of this.#requests) {
      this.#requests.delete(id);
      reject(new ConnectionClosedError(subject, info));
    }
  }
  #remove(id) {
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    return request;
  }
};

// contract/schema.ts
function isSchema(value) {
  const isThing = typeof value === "object" || typeof value === "function";
  if (!isThing || value === null) return false;
  const { "~standard": standard } = value;
  return typeof standard?.validate === "function";
}

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
function findMessage(contract, { name, replying, isAwaited }) {
  const reply = replying === null
    ? void 0
    : findReply(contract, replying.message, name);
  const message = ownEntry(contract.messages, name);
  const entry = isAwaited ? reply ?? message : message ?? reply;
  return entry && {
    schema: dataSchemaOf(entry),
  };
}
function isReply(contract, event, name) {
  return findReply(contract, event, name) !== void 0;
}
function findReply({ events }, event, name) {
  return ownEntry(repliesTo(events, event), name);
}

// contract/describe.ts
function describe2({ messages, events, operations }) {
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

// contract/define.ts
var DEFINE = "Cannot define the contract";
var PARTS = {
  messages: true,
  events: true,
  operations: true,
};
var MESSAGE_KEYS = {
  data: true,
  replies: true,
};
var OPERATION_KEYS = {
  input: true,
  output: true,
  yields: true,
};
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
  const { describe: describe3, messages, events, operations } = Object(
    contract,
  );
  const isWhole = [
    messages,
    events,
    operations,
  ].every(isObject2);
  if (typeof describe3 === "function" && isWhole) return;
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
    describe: () => describe2(contract),
  };
}

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
  const answer2 = Object(result);
  if (issues === void 0 && "value" in answer2) {
    return {
      value: answer2.value,
    };
  }
  throw new TypeError(
    "the result of the schema has neither a value nor issues. See Standard Schema v1.",
  );
}

// server/validate.ts
function checkData(data, schema) {
  if (schema === void 0) return data;
  return mapMaybePromise(validate(schema, data), ({ issues, value }) => {
    if (issues !== void 0) throw invalidDataError(issues);
    return value;
  });
}
function checkMessage(contract, data, incoming) {
  if (contract === void 0) return data;
  const found = findMessage(contract, incoming);
  if (found !== void 0) return checkData(data, found.schema);
  throw unknownNameError(describeUnknown2(contract, incoming));
}
function describeUnknown2({ events }, { name, replying }) {
  const message = describeMessage(name);
  return replying !== null && Object.hasOwn(events, replying.message)
    ? `the contract has no ${message}, neither as a message nor as a reply to ${
      describeMessage(replying.message)
    }`
    : `the contract has no ${message}`;
}
function assertSendable(contract, name, replying) {
  const message = describeMessage(name);
  if (replying === null) {
    return assertNamed(`Cannot send ${message}`, contract.events, name);
  }
  const request = describeMessage(replying.message);
  const replies = repliesTo(contract.messages, replying.message);
  assertNamed(`Cannot reply with ${message} to ${request}`, replies, name);
}
function invalidDataError(issues) {
  const subject = "the data does not match its schema";
  return new RequestError(
    ErrorCode.INVALID_CONTENT,
    `${subject}: ${describeIssues(issues)}`,
    {
      data: {
        current: "dict",
        needed: "dict",
        ...issuesData(issues),
      },
      note: `${subject}${placesOf(issues)}`,
    },
  );
}
function unknownNameError(description) {
  const issues = [
    {
      path: [],
      message: description,
    },
  ];
  return new RequestError(ErrorCode.INVALID_CONTENT, description, {
    data: {
      current: "str",
      needed: "str",
      ...issuesData(issues),
    },
  });
}

// server/outgoing.ts
function encodeOutgoing(context, id, kind, name, data, replying) {
  const { contract, limits: { maxBuffered } } = context;
  if (contract !== void 0) assertSendable(contract, name, replying);
  const messageId = context.nextMessageId();
  const message = encodeMessage(name, data, replying, messageId);
  const frame = encodeSuccess(id, kind, message);
  const subject = () => describeMessage(name);
  assertLength(frame, maxBuffered, subject, "limits.maxBuffered");
  return {
    wire: {
      message: name,
      data,
      id: messageId,
      replying,
    },
    frame,
  };
}
var MessageSender = class {
  #context;
  #transport;
  #pending;
  constructor(context, transport) {
    this.#context = context;
    this.#transport = transport;
  }
  /** The requests that wait for a reply of the client; `undefined` before the first one */
  get pending() {
    return this.#pending;
  }
  /**
   * Sends a message that does not answer a request. A slow client can miss it: `onSlow`.
   *
   * @param name The name of the message
   * @param data The data of the message
   * @param replying The message that a late reply answers
   */
  push(name, data, replying = null) {
    const { wire, frame } = encodeOutgoing(
      this.#context,
      null,
      "s_newmsg",
      name,
      data,
      replying,
    );
    this.#transport.notify(frame);
    return new Message(wire);
  }
  /** Sends a message and waits for a reply: docs/reference/protocol.md, `request`. */
  async request(name, data, options) {
    checkRequestOptions("Cannot send the request", options);
    const { signal, timeout } = options ?? {};
    const subject = describeRequest(name);
    const { closed, features } = this.#transport;
    if (closed !== void 0) throw new ConnectionClosedError(subject, closed);
    signal?.throwIfAborted();
    if (!features.has("request")) {
      throw new FeatureError(subject, "request", "client");
    }
    const { wire, frame } = encodeOutgoing(
      this.#context,
      null,
      "request",
      name,
      data,
      null,
    );
    const pending = this.#pending ??= new PendingRequests();
    const reply = pending.add(wire.id, name, subject);
    this.#transport.send(frame);
    try {
      const reason = () => timedOut(subject, timeout);
      return await within(reply, signal, timeout, reason);
    } finally {
      pending.delete(wire.id);
    }
  }
  /** Sends a reply before the request is answered. */
  reply(id, name, data, replying) {
    const { wire, frame } = encodeOutgoing(
      this.#context,
      id,
      "newmsg",
      name,
      data,
      replying,
    );
    this.#transport.send(frame);
    return new Message(wire);
  }
};

// protocol/invalid_frame.ts
function invalid(id, code, description = null, data = null) {
  return {
    kind: "invalid",
    id,
    code,
    data,
    description,
    fatal: false,
  };
}
function wrongType(id, field, value, needed) {
  const current = typeName2(value);
  const types = [
    needed,
  ].flat();
  const description = current !== null && types.includes(current)
    ? `${field} must be a valid ${JSON_NAMES[current]}`
    : `${field} must be ${types.map(describeType).join(" or ")}, not ${
      describeType(current ?? "None")
    }`;
  return invalid(id, ErrorCode.INVALID_CONTENT, description, {
    current,
    needed,
  });
}
var JSON_NAMES = {
  None: "null",
  bool: "boolean",
  dict: "object",
  float: "fractional number",
  int: "integer",
  list: "array",
  str: "string",
};
function describeType(type) {
  const name = JSON_NAMES[type];
  if (type === "None") return name;
  return /^[aio]/.test(name) ? `an ${name}` : `a ${name}`;
}
function exceeded(id, limit2, value) {
  const description = `${
    EXCESSES[limit2](value)
  }, or raise 'limits.${limit2}' of the server.`;
  return invalid(id, ErrorCode.LIMIT_EXCEEDED, description, {
    limit: limit2,
    value,
  });
}
var EXCESSES = {
  maxDepth: (value) =>
    `the data is nested more than ${value} levels deep. Send less nested data`,
  maxPending: (value) =>
    `more than ${value} requests are in progress. Wait for the responses`,
  maxPendingBytes: (value) =>
    `requests of more than ${value} bytes are in progress. Wait for the responses`,
  maxRate: (value) =>
    `the client sends more than ${value} requests per second. Send more slowly`,
  maxRatePerToken: (value) =>
    `the clients with this token or user send more than ${value} requests per second together. Send more slowly`,
};
function errorAnswerOf({ id, code, data, description }) {
  return {
    frame: encodeError(id, code, data, description),
    failure: description ?? "the frame is not JSON",
  };
}
function typeName2(value) {
  if (value === void 0 || value === null) return null;
  if (Array.isArray(value)) return "list";
  switch (typeof value) {
    case "string":
      return "str";
    case "boolean":
      return "bool";
    case "number":
      return Number.isInteger(value) ? "int" : "float";
    default:
      return "dict";
  }
}

// server/streams.ts
var MAX_ITEMS = 64;
var MAX_UNITS = 8192;
var FRAME_OVERHEAD = 300;
var StreamSender = class {
  #id;
  #output;
  /** The maximum length of a frame in bytes, and of short items in UTF-16 units */
  #maxBytes;
  #maxUnits;
  /** The number of items that the client still wants */
  #credit;
  /** The number of items that were sent and not yet followed by new credit */
  #sent = 0;
  #source;
  /** The items of the next frame, and their length */
  #items = [];
  #units = 0;
  /** Resolves when the items that wait for capacity are sent */
  #flushed;
  #onWritable;
  #onCredit;
  #isDeferred = false;
  #isStopped = false;
  #ended = Promise.withResolvers();
  #error;
  /**
   * Constructs a `StreamSender`.
   *
   * @param id The id of the request
   * @param credit The number of items that the client wants
   * @param output Where the items are sent
   */
  constructor(id, credit, output) {
    this.#id = id;
    this.#credit = credit;
    this.#output = output;
    this.#maxBytes = Math.floor(output.maxBuffered / 2);
    this.#maxUnits = Math.floor((this.#maxBytes - FRAME_OVERHEAD) / 3);
  }
  /**
   * Sends the items.
   *
   * @returns Resolves after the last item, or when the handler has ended after `stop`
   *
   * @throws What the handler throws
   */
  run(source) {
    this.#source = source;
    if (this.#isStopped) this.#return();
    else void this.#loop(source);
    return this.#ended.promise;
  }
  /** The length of the next frame, in UTF-16 units */
  get units() {
    return this.#units + FRAME_OVERHEAD;
  }
  onWritable() {
    this.#onWritable?.();
  }
  /** Whether the client can grant credit: it has not yet done so for that many items. */
  expects(credit) {
    return !this.#isStopped && credit <= this.#sent;
  }
  /** Adds to the number of items that the client wants. */
  grant(credit) {
    this.#sent = Math.max(0, this.#sent - credit);
    this.#credit = Math.min(this.#credit + credit, Number.MAX_SAFE_INTEGER);
    this.#onCredit?.();
  }
  /** Stops the stream: no more items are requested or sent. */
  stop() {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#onCredit?.();
    this.#output.backpressure.cancel(this);
    this.#onWritable?.();
    this.#return();
  }
  async #loop(source) {
    try {
      while (!this.#isStopped) {
        if (this.#credit === 0) await this.#granted();
        else if (!await this.#sendNext(source)) break;
      }
    } catch (error) {
      this.#error = {
        error,
      };
    }
    await this.#flush();
    if (this.#isStopped) return;
    this.#settle();
    this.stop();
  }
  /** Sends the next item; returns whether there was one. */
  async #sendNext(source) {
    if (this.#items.length === 0 && !this.#isWritable()) {
      await this.#writable();
      if (this.#isStopped) return true;
    }
    const item = await source.next();
    if (this.#isStopped) return true;
    if (item === void 0) return false;
    this.#assertFits(item);
    const maxUnits = Math.min(MAX_UNITS, this.#maxUnits);
    if (this.#units + item.length > maxUnits) await this.#yield();
    this.#add(item);
    const isFull = this.#units >= maxUnits || this.#items.length >= MAX_ITEMS;
    if (isFull) await this.#yield();
    else this.#defer();
    return true;
  }
  #add(item) {
    this.#credit--;
    this.#sent++;
    this.#items.push(item);
    this.#units += item.length;
  }
  #assertFits(item) {
    if (item.length <= this.#maxUnits) return;
    const subject = () => "an item";
    const frame = this.#encode([
      item,
    ]);
    assertLength(frame, this.#maxBytes, subject, "limits.maxBuffered");
  }
  #encode(items) {
    return encodeSuccess(this.#id, "items", `{"items":[${items.join()}]}`);
  }
  #isWritable() {
    return this.#output.backpressure.isWritable(this.units);
  }
  /** Sends the items that are ready: at once, if there is capacity. */
  #flush() {
    if (this.#flushed !== void 0) return this.#flushed;
    if (this.#items.length === 0 || this.#isStopped) return;
    if (this.#isWritable()) return this.#send();
    return this.#flushed = this.#flushLater();
  }
  async #flushLater() {
    await this.#writable();
    this.#flushed = void 0;
    if (!this.#isStopped) this.#send();
  }
  #send() {
    this.#output.transport.send(this.#encode(this.#items));
    this.#items = [];
    this.#units = 0;
  }
  /** Resolves when there is capacity for the next frame, or the stream is stopped. */
  #writable() {
    return new Promise((resolve2) => {
      this.#onWritable = resolve2;
      this.#output.backpressure.wait(this);
    });
  }
  /** Sends the items at the end of this turn, unless they are sent before. */
  #defer() {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#output.scheduler.add(() => {
      this.#isDeferred = false;
      void this.#flush();
    });
  }
  /** Sends the items, and lets other tasks run, because a handler may never wait. */
  async #yield() {
    await this.#flush();
    await new Promise((resolve2) => this.#output.scheduler.add(resolve2));
  }
  /** Sends the items, and waits for credit. */
  async #granted() {
    await this.#flush();
    if (this.#credit > 0 || this.#isStopped) return;
    await new Promise((resolve2) => this.#onCredit = resolve2);
  }
  #settle() {
    if (this.#error === void 0) this.#ended.resolve();
    else this.#ended.reject(this.#error.error);
  }
  /** Lets the handler run its `finally` block. */
  #return() {
    const settle = () => this.#output.scheduler.add(() => this.#settle());
    this.#source?.return().then(settle, this.#ended.reject);
  }
};
var Backpressure = class {
  #transport;
  #scheduler;
  #waiting = /* @__PURE__ */ new Set();
  #isWatching = false;
  /**
   * Constructs a `Backpressure`.
   *
   * @param transport The connection with the send buffer
   * @param scheduler Shares the event loop between streams
   */
  constructor(transport, scheduler) {
    this.#transport = transport;
    this.#scheduler = scheduler;
  }
  /** Whether a frame of a length can be sent now, and no other stream waits. */
  isWritable(units) {
    return this.#waiting.size === 0 && this.#transport.hasCapacity(units);
  }
  /** Calls `onWritable` when there is capacity and all earlier streams have been served. */
  wait(waiter) {
    this.#waiting.add(waiter);
    if (!this.#isWatching) void this.#watch();
  }
  /** Removes a stream from the queue. */
  cancel(waiter) {
    this.#waiting.delete(waiter);
  }
  async #watch() {
    this.#isWatching = true;
    while (this.#waiting.size > 0) {
      await this.#transport.drained();
      await this.#admit();
    }
    this.#isWatching = false;
  }
  /** Serves one stream per turn while there is capacity, because each can use it up. */
  async #admit() {
    for (const waiter of this.#waiting) {
      if (!this.#transport.hasCapacity(waiter.units)) return;
      this.#waiting.delete(waiter);
      waiter.onWritable();
      await new Promise((resolve2) => this.#scheduler.add(resolve2));
    }
  }
};

// server/calls.ts
var Calls = class {
  #context;
  #client;
  #transport;
  /** The calls to abort when the connection ends: those whose signal is in use */
  #abortable = /* @__PURE__ */ new Set();
  #output;
  /** Set when the connection has ended */
  #abortReason;
  /**
   * Constructs a `Calls`.
   *
   * @param context The state of the server
   * @param client The client that calls
   * @param transport Where results are sent
   */
  constructor(context, client, transport) {
    this.#context = context;
    this.#client = client;
    this.#transport = transport;
  }
  /** The client that calls */
  get client() {
    return this.#client;
  }
  /** Why new signals are aborted; `undefined` while the connection is open */
  get abortReason() {
    return this.#abortReason;
  }
  /** Returns the operation that a request calls. If there is none, answers with an error. */
  find({ id, name }) {
    const operation = this.#context.registry.operations.find(name);
    if (operation !== void 0) return operation;
    this.#transport.log.warn("reject", this.#explain(name));
    this.#transport.send(encodeError(id, ErrorCode.UNKNOWN_OPERATION));
    return void 0;
  }
  /**
   * Runs an operation and sends its result; does not throw.
   *
   * @returns Resolves when the call is answered, unless it is already; does not reject
   */
  run(request, operation) {
    const call = new OperationCall(this);
    try {
      const result = operation.call(request.data, call);
      if (!isPromiseLike(result)) {
        return this.#sendResult(request, call, result);
      }
      return Promise.resolve(result).then(
        (result2) => this.#sendResult(request, call, result2),
        (error) => this.#sendError(request, call, error),
      );
    } catch (error) {
      return this.#sendError(request, call, error);
    }
  }
  /** Runs an operation as a stream; does not throw. */
  stream(request, operation) {
    const output = this.#output ??= this.#createOutput();
    const call = new OperationCall(this);
    const sender = new StreamSender(request.id, request.credit, output);
    const ended = this.#stream(request, operation, call, sender);
    return new StreamCall(call, sender, ended);
  }
  /** Answers a request for a stream whose id belongs to a stream in progress. */
  rejectId(id) {
    const data = {
      current: "int",
      needed: "int",
    };
    const description = '"id" is the id of a stream that has not ended';
    this.#transport.send(
      encodeError(id, ErrorCode.INVALID_CONTENT, data, description),
    );
  }
  /** Aborts the signals of all calls, because the connection has ended. */
  close() {
    this.#abortReason = abortError("The client has disconnected");
    for (const call of this.#abortable) call.abort(this.#abortReason);
  }
  /** Adds a call that is aborted when the connection ends. */
  watch(call) {
    this.#abortable.add(call);
  }
  /** Removes a call that has ended. */
  unwatch(call) {
    this.#abortable.delete(call);
  }
  async #stream(request, operation, call, sender) {
    const { shutdown } = this.#context;
    try {
      await sender.run(await operation.open(request.data, call));
      call.end();
      this.#transport.send(encodeSuccess(request.id, "done"));
    } catch (error) {
      if (shutdown.hasBegun && call.isAbortError(error)) return call.end();
      this.#sendError(request, call, error);
    }
  }
  #explain(name) {
    const operation = describeOperation(this.#context.log.redact(name));
    const { operations } = this.#context.contract ?? {};
    return operations !== void 0 && Object.hasOwn(operations, name)
      ? `${operation} of the contract has no handler`
      : `there is no ${operation}`;
  }
  #sendResult(request, call, result) {
    const { maxBuffered } = this.#context.limits;
    const frame = encodeSuccess(request.id, null, `{"result":${result}}`);
    try {
      const subject = () => "the result";
      assertLength(frame, maxBuffered, subject, "limits.maxBuffered");
    } catch (error) {
      return this.#sendError(request, call, error);
    }
    call.end();
    this.#transport.send(frame);
  }
  #sendError({ id, name }, call, error) {
    const operation = describeOperation(this.#context.log.redact(name));
    if (RequestError.is(error) || OutputError.is(error)) {
      this.#transport.log.rejected(operation, error);
    } else if (!call.isAbortError(error)) {
      this.#transport.log.exception(`${operation} failed`, error);
    }
    call.end();
    this.#transport.send(encodeErrorResponse(id, error, this.#context));
  }
  #createOutput() {
    const { scheduler, limits: { maxBuffered } } = this.#context;
    const transport = this.#transport;
    const backpressure = new Backpressure(transport, scheduler);
    return {
      transport,
      scheduler,
      backpressure,
      maxBuffered,
    };
  }
};
var StreamCall = class {
  sender;
  /** Resolves when the handler has ended */
  ended;
  #call;
  constructor(call, sender, ended) {
    this.#call = call;
    this.sender = sender;
    this.ended = ended;
  }
  /** Stops the stream, because the client does not want any more items. */
  cancel() {
    this.#call.abort(abortError("The client has cancelled the stream"));
    this.sender.stop();
  }
  /** Aborts the signal, so that the handler can end before the server closes. */
  shutdown() {
    this.#call.abort(abortError("The server is closing"));
  }
};
function abortError(message) {
  return new DOMException(message, "AbortError");
}
var OperationCall = class {
  #calls;
  #controller;
  #hasEnded = false;
  constructor(calls2) {
    this.#calls = calls2;
  }
  get client() {
    return this.#calls.client;
  }
  // Each call has a signal of its own, which is created when it is used. One signal for
  // all calls would keep the abort listeners of ended calls as long as the connection,
  // and `AbortSignal.any` takes 100 times as long as an `AbortController`.
  get signal() {
    return this.#abortController().signal;
  }
  /** Aborts the signal, unless the call has ended. */
  abort(reason) {
    if (!this.#hasEnded) this.#abortController().abort(reason);
  }
  /** Marks the call as ended: its signal is not aborted any more. */
  end() {
    this.#hasEnded = true;
    if (this.#controller !== void 0) this.#calls.unwatch(this);
  }
  /** Whether a handler threw an error because its signal was aborted. */
  isAbortError(error) {
    const signal = this.#controller?.signal;
    return signal?.aborted === true && stemsFrom(signal.reason, error);
  }
  #abortController() {
    if (this.#controller !== void 0) return this.#controller;
    const controller = this.#controller = new AbortController();
    const { abortReason } = this.#calls;
    if (abortReason !== void 0) controller.abort(abortReason);
    else if (!this.#hasEnded) this.#calls.watch(this);
    return controller;
  }
};
function stemsFrom(reason, error) {
  if (error === reason) return true;
  try {
    const { name, cause } = Object(error);
    return name === "AbortError" || cause === reason;
  } catch {
    return false;
  }
}

// server/shared_rates.ts
var MIN_SWEEP = 1024;
var SharedRates = class {
  #perSecond;
  #burst;
  #entries = /* @__PURE__ */ new Map();
  /** The number of entries at which the next removal begins */
  #sweepAt = MIN_SWEEP;
  /**
   * Constructs a `SharedRates`.
   *
   * @param perSecond The number of tokens per second and key
   * @param burst The maximum number of tokens of a key
   */
  constructor(perSecond, burst = Math.max(1, Math.ceil(2 * perSecond))) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }
  /** The number of keys that have a bucket */
  get size() {
    return this.#entries.size;
  }
  /**
   * Takes tokens of a key, and returns whether there were enough.
   *
   * @param key The key; `undefined` if there is none, and no limit
   * @param now The current time, in milliseconds
   * @param paused The length of all stalls until now, in milliseconds
   * @param count The number of tokens
   */
  allows(key, now, paused, count = 1) {
    if (this.#perSecond === Infinity || key === void 0) return true;
    const entry = this.#entries.get(key) ?? this.#add(key, now, paused);
    entry.used = now;
    return entry.bucket.tryTake(now, paused, count);
  }
  #add(key, now, paused) {
    if (this.#entries.size >= this.#sweepAt) this.#sweep(now);
    const bucket = new TokenBucket(this.#perSecond, this.#burst, paused);
    const entry = {
      bucket,
      used: now,
    };
    this.#entries.set(key, entry);
    return entry;
  }
  /** Removes the buckets that are full again, because a new one is the same. */
  #sweep(now) {
    const fillTime = 1e3 * this.#burst / this.#perSecond;
    for (const [key, { used }] of this.#entries) {
      if (now - used >= fillTime) this.#entries.delete(key);
    }
    this.#sweepAt = Math.max(MIN_SWEEP, 2 * this.#entries.size);
  }
};
function identityKey(identity) {
  try {
    const { id, name } = Object(identity);
    return [
      id,
      name,
    ].find(isKey2) ?? identity;
  } catch {
    return identity;
  }
}
function isKey2(value) {
  return [
    "string",
    "number",
    "bigint",
  ].includes(typeof value);
}

// server/client_rates.ts
var MAX_INVALID = 100;
var INVALID_PER_SECOND = 10;
var OVERRUN = {
  burst: 1e3,
  perSecond: 50,
};
var ClientRates = class {
  #context;
  #client;
  /** The length of all stalls before the connection */
  #pausedBefore;
  #requests;
  #bytes;
  #invalid;
  #identityKey;
  /**
   * Constructs a `ClientRates`.
   *
   * @param context The state of the server
   * @param client The client, whose identity is known after its login
   */
  constructor(context, client) {
    this.#context = context;
    this.#client = client;
    this.#pausedBefore = context.stalls.total(performance.now());
  }
  /** Counts a request: `maxRate`. */
  countRequest(now) {
    const { maxRate, maxBurst } = this.#context.limits;
    this.#requests ??= this.#createBucket(maxRate, maxBurst);
    return this.#requests.take(now, this.#context.stalls.total(now));
  }
  /** Counts a request for all connections of the identity: `maxRatePerToken`. */
  allowsIdentity(now) {
    const { identityRates, limits, stalls } = this.#context;
    if (limits.maxRatePerToken === Infinity) return true;
    const key = this.#identityKey ??= identityKey(this.#client.identity);
    return identityRates.allows(key, now, stalls.total(now));
  }
  /** Counts the length of a frame: `maxByteRate`. */
  allowsBytes(length, now) {
    const { maxByteRate, maxPayload } = this.#context.limits;
    const burst = Math.max(2 * maxByteRate, maxPayload);
    this.#bytes ??= this.#createBucket(maxByteRate, burst);
    const paused = this.#context.stalls.total(now);
    return this.#bytes.take(now, paused, length) === "allow";
  }
  /** Counts an invalid frame. */
  allowsInvalid(now) {
    this.#invalid ??= new TokenBucket(INVALID_PER_SECOND, MAX_INVALID);
    return this.#invalid.tryTake(now);
  }
  #createBucket(perSecond, burst) {
    return new TokenBucket(perSecond, burst, this.#pausedBefore);
  }
};
function describeExcess(excess, { maxRate, maxByteRate }) {
  switch (excess) {
    case "maxRate":
      return {
        reason: "too many requests",
        line:
          `the client keeps sending more than ${maxRate} requests per second. To allow more, raise 'limits.maxRate'.`,
      };
    case "maxByteRate":
      return {
        reason: "too many bytes",
        line:
          `the client sent more than ${maxByteRate} bytes per second. To allow more, raise 'limits.maxByteRate'.`,
      };
    case "overrun":
      return {
        reason: "too many frames wait",
        line:
          "the client sends frames faster than the server can handle them. Let it wait for responses.",
      };
    case "invalid":
      return {
        reason: "too many invalid frames",
        line:
          `the client sent more than ${MAX_INVALID} invalid frames at once, or more than ${INVALID_PER_SECOND} per second. Update the client.`,
      };
  }
}

// server/message.ts
var ClientMessage = class extends Message {
  /** The client that sent the message */
  client;
  #send;
  /**
   * Constructs a `ClientMessage`. Only servers need it.
   *
   * @param wire The message object of the protocol
   * @param client The client that sent the message
   * @param send Sends a reply
   * @param checked The output of the schema; the data itself if omitted
   */
  constructor(wire, client, send, checked) {
    super(wire, checked);
    this.client = client;
    this.#send = send;
  }
  /**
   * Sends a reply. A listener can reply any number of times, also after it has finished. A
   * client that reads too slowly can then miss the reply: see `onSlow`. Does nothing if the
   * client has disconnected.
   *
   * Without a contract: `reply(name: string, data?: JsonObject)`.
   *
   * @param name The name of the reply
   * @param data Optional if it can be empty. The data of the reply; an empty object if omitted
   * @returns The reply
   *
   * @throws {TypeError} If the data is not a JSON object
   * @throws {RangeError} If the reply is larger than `limits.maxBuffered`
   */
  reply(name, ...data) {
    const [given = {}] = data;
    return this.#send(name, given);
  }
};

// server/request_size.ts
function isTooDeep(request, limit2) {
  if (limit2 === Infinity) return false;
  const values = request;
  for (const key in values) {
    const value = values[key];
    const isTooDeep2 = key === "replying"
      ? isChainTooDeep(value, limit2)
      : isDeeperThan(value, limit2);
    if (isTooDeep2) return true;
  }
  return false;
}
function isChainTooDeep(first, limit2) {
  let levels = 0;
  for (let next = first; next !== null; next = next.replying) {
    if (++levels > limit2 || isDeeperThan(next.data, limit2)) return true;
  }
  return false;
}
var QUOTES = 2;
var BRACKETS2 = 2;
var COMMA2 = 1;
var COLON = 1;
var INDEX = 8;
var containers = [];
function sizeOf({ name, data, replying }) {
  let size = name.length;
  containers.push(data);
  if (replying) containers.push(replying);
  for (let next = containers.pop(); next !== void 0; next = containers.pop()) {
    size += BRACKETS2;
    if (Array.isArray(next)) {
      for (const value of next) size += COMMA2 + sizeWithout(value);
    } else {
      for (const key in next) {
        const value = next[key];
        size += key.length + QUOTES + COLON + COMMA2;
        if (isIndex(key)) size += INDEX;
        size += sizeWithout(value);
      }
    }
  }
  return size;
}
function isIndex(key) {
  const first = key.charCodeAt(0);
  return first >= 48 && first <= 57;
}
function sizeWithout(value) {
  if (typeof value === "string") return value.length + QUOTES;
  if (typeof value !== "object" || value === null) return 1;
  containers.push(value);
  return 0;
}

// server/requests.ts
var RequestHandler = class {
  #context;
  #client;
  #transport;
  #sender;
  #rates;
  #calls;
  /** The streams in progress, by the ids of their requests */
  #streams;
  /** The number of requests in progress, and their size together */
  #inProgress = 0;
  #bytesInProgress = 0;
  /**
   * Constructs a `RequestHandler`.
   *
   * @param context The state of the server
   * @param client The client that listeners and handlers see
   * @param transport Where responses are sent
   * @param sender Sends replies, and knows the requests that the client replies to
   */
  constructor(context, client, transport, sender) {
    this.#context = context;
    this.#client = client;
    this.#transport = transport;
    this.#sender = sender;
    this.#rates = new ClientRates(context, client);
  }
  /** Whether requests are in progress */
  get isBusy() {
    return this.#inProgress > 0;
  }
  /**
   * Handles a frame of the client.
   *
   * @param effect The frame, or the answer to an invalid one
   * @param now The current time, in milliseconds
   */
  take(effect, now) {
    switch (effect.kind) {
      case "credit":
      case "cancel":
      case "done":
        return this.#control(effect, now);
      default:
        return this.#admit(effect, now);
    }
  }
  /** Counts the bytes of a frame; returns false if it closed the connection. */
  admitFrame(frame, now) {
    if (typeof frame !== "string") return true;
    if (this.#rates.allowsBytes(frame.length, now)) return true;
    this.#cutOff("maxByteRate");
    return false;
  }
  /**
   * Counts the time in which other clients waited because too many frames of this one did.
   *
   * @param network The network of the client, which cannot get more time by reconnecting
   * @param time The time in milliseconds
   */
  admitOverrun(network, time) {
    const { broadcaster, overruns } = this.#context;
    if (broadcaster.size <= 1) return;
    if (overruns.allows(network, performance.now(), 0, time)) return;
    this.#cutOff("overrun");
  }
  /** Closes the connection when no requests are in progress. */
  shutdown() {
    for (const stream of this.#streams?.values() ?? []) stream.shutdown();
    if (!this.isBusy) this.#transport.closeForShutdown();
  }
  /**
   * Ends everything that is in progress, because the connection has ended.
   *
   * @returns Resolves when the handlers of all streams have ended
   */
  close() {
    this.#calls?.close();
    if (this.#streams === void 0) return void 0;
    const streams = [
      ...this.#streams.values(),
    ];
    for (const { sender } of streams) sender.stop();
    return Promise.all(streams.map(({ ended }) => ended));
  }
  /** Handles a frame that has no response. Such a frame is never skipped. */
  #control(frame, now) {
    if (!this.#isExpected(frame)) {
      const verdict = this.#rates.countRequest(now);
      if (verdict === "disconnect") return this.#cutOff("maxRate");
    }
    switch (frame.kind) {
      case "done":
        return this.#sender.pending?.finish(frame.id, frame.failed);
      case "credit":
        return this.#streams?.get(frame.id)?.sender.grant(frame.credit);
      case "cancel":
        return this.#streams?.get(frame.id)?.cancel();
    }
  }
  /** Whether the server has sent something that a frame answers. */
  #isExpected(frame) {
    if (frame.kind === "done") {
      return this.#sender.pending?.awaitsDone(frame.id) ?? false;
    }
    const credit = frame.kind === "credit" ? frame.credit : 0;
    return this.#streams?.get(frame.id)?.sender.expects(credit) ?? false;
  }
  /** Counts a request, and starts it if the limits allow it. */
  #admit(effect, now) {
    if (this.#context.shutdown.hasBegun && !this.#isAwaited(effect)) return;
    const verdict = this.#rates.countRequest(now);
    if (verdict === "disconnect") return this.#cutOff("maxRate");
    if (effect.kind === "answer") {
      return effect.isInvalid && !this.#rates.allowsInvalid(now)
        ? this.#cutOff("invalid")
        : this.#answer(effect);
    }
    if (verdict === "reject") return this.#reject(effect, "maxRate");
    if (!this.#rates.allowsIdentity(now)) {
      return this.#reject(effect, "maxRatePerToken");
    }
    const size = sizeOf(effect);
    const exceeded2 = this.#exceededBy(effect, size);
    if (exceeded2 !== void 0) return this.#reject(effect, exceeded2);
    this.#start(effect, size);
  }
  /** Returns the limit that keeps a request from starting, if there is one. */
  #exceededBy(request, size) {
    if (!this.isBusy || this.#isFirstReply(request)) return void 0;
    const { maxPending, maxPendingBytes } = this.#context.limits;
    if (this.#inProgress >= maxPending) return "maxPending";
    const bytes = this.#bytesInProgress + size;
    return bytes > maxPendingBytes ? "maxPendingBytes" : void 0;
  }
  #isFirstReply(request) {
    return this.#isAwaited(request) &&
      this.#sender.pending.isFirst(request.replying);
  }
  /** Whether a frame is a reply to a pending request of the server. */
  #isAwaited(effect) {
    return effect.kind === "message" &&
      this.#isReply(effect.name, effect.replying);
  }
  #isReply(name, replying) {
    if (replying === null || !this.#sender.pending?.isPending(replying)) {
      return false;
    }
    const { contract } = this.#context;
    return contract === void 0 || isReply(contract, replying.message, name);
  }
  #answer({ frame, failure }) {
    if (failure !== void 0) this.#transport.log.warn("reject", failure);
    this.#transport.send(frame);
  }
  #reject({ id }, limit2) {
    const answer2 = errorAnswerOf(
      exceeded(id, limit2, this.#context.limits[limit2]),
    );
    this.#answer({
      kind: "answer",
      ...answer2,
    });
  }
  /** Closes the connection of a client that sends too much. */
  #cutOff(excess) {
    if (this.#transport.closed !== void 0) return;
    const { reason, line } = describeExcess(excess, this.#context.limits);
    this.#transport.log.warn("reject", line);
    this.#transport.close(CloseCode.POLICY_VIOLATION, reason);
  }
  #start(request, size) {
    this.#inProgress++;
    this.#bytesInProgress += size;
    const answered = this.#run(request);
    if (answered === void 0) return this.#finish(size);
    void answered.then(() => this.#finish(size));
  }
  #finish(size) {
    this.#inProgress--;
    this.#bytesInProgress -= size;
    if (this.#inProgress > 0 || !this.#context.shutdown.hasBegun) return;
    this.#transport.closeForShutdown();
  }
  /** Answers a request; resolves when it is answered, unless it is already. */
  #run(request) {
    if (request.kind === "message") return this.#runListeners(request);
    const calls2 = this.#calls ??= new Calls(
      this.#context,
      this.#client,
      this.#transport,
    );
    const operation = calls2.find(request);
    if (operation === void 0) return;
    if (request.kind === "operation") return calls2.run(request, operation);
    return this.#runStream(calls2, request, operation);
  }
  async #runStream(calls2, request, operation) {
    const { id } = request;
    const streams = this.#streams ??= /* @__PURE__ */ new Map();
    if (streams.has(id)) return calls2.rejectId(id);
    const stream = calls2.stream(request, operation);
    streams.set(id, stream);
    await stream.ended;
    streams.delete(id);
  }
  /** Answers a message: docs/reference/protocol.md, "Frames". */
  async #runListeners({ id, name, data, replying }) {
    const messageId = this.#context.nextMessageId();
    const wire = {
      message: name,
      data,
      id: messageId,
      replying,
    };
    let isAnswered = false;
    const reply = (name2, data2) =>
      isAnswered
        ? this.#sender.push(name2, data2, wire)
        : this.#sender.reply(id, name2, data2, wire);
    const opening = `{"id":${messageId}}`;
    const sendsOpen = !this.#transport.features.has("done-id");
    if (sendsOpen) this.#transport.send(encodeSuccess(id, "open", opening));
    const errors = await this.#dispatch(wire, reply);
    isAnswered = true;
    this.#transport.send(
      errors.length === 0
        ? encodeSuccess(id, "done", sendsOpen ? "null" : opening)
        : encodeErrorResponse(id, errors[0], this.#context),
    );
  }
  /** Runs the listeners to a message, and returns what they threw. */
  async #dispatch(wire, reply) {
    const errors = [];
    const onError = (error) => {
      errors.push(error);
      this.#logError(wire.message, error);
    };
    const { contract, registry } = this.#context;
    const { message: name, replying } = wire;
    const isAwaited = this.#isReply(name, replying);
    try {
      const checked = this.#check(wire, reply, isAwaited);
      if (isAwaited) this.#sender.pending?.settle(replying.id, checked);
      const message = isPromiseLike(checked) ? await checked : checked;
      const isNamed = !isAwaited || contract === void 0;
      const called = await registry.listeners.dispatch(
        message,
        onError,
        isNamed,
      );
      const isUnheard = called === 0 && errors.length === 0;
      if (isUnheard && !isAwaited) this.#logUnheard(wire);
    } catch (error) {
      onError(error);
    }
    return errors;
  }
  /** Returns a checked message; a promise only if its schema is asynchronous. */
  #check({ message: name, ...wire }, reply, isAwaited) {
    const { replying, data } = wire;
    const incoming = {
      name,
      replying,
      isAwaited,
    };
    return mapMaybePromise(
      checkMessage(this.#context.contract, data, incoming),
      (data2) =>
        new ClientMessage(
          {
            ...wire,
            message: name,
          },
          this.#client,
          reply,
          {
            data: data2,
          },
        ),
    );
  }
  #logError(name, error) {
    const { log } = this.#transport;
    const subject = describeMessage(this.#context.log.redact(name));
    if (RequestError.is(error)) log.rejected(subject, error);
    else log.exception(`a listener to ${subject} failed`, error);
  }
  #logUnheard({ message, replying }) {
    const { log } = this.#context;
    const name = describeMessage(log.redact(message));
    const subject = replying === null
      ? name
      : `${name}, a reply to ${describeMessage(log.redact(replying.message))}`;
    this.#transport.log.warn("message", `there is no listener to ${subject}`);
  }
};

// protocol/client_frames.ts
function decodeLogin(frame) {
  return read(parseFrame(frame), readLogin);
}
function decodeRequest(frame, features = NO_FEATURES) {
  return decodeEntry(parseFrame(frame), features);
}
function parseBatch(frame) {
  const value = parseFrame(frame);
  return Array.isArray(value) && value.length > 0 ? value : [
    value,
  ];
}
function decodeEntry(entry, features = NO_FEATURES) {
  return read(entry, (object) => readRequest(object, features));
}
function read(value, readObject) {
  if (value === void 0) {
    return {
      ...invalid(null, ErrorCode.INVALID_JSON),
      fatal: true,
    };
  }
  if (!isJsonObject(value)) {
    return {
      ...wrongType(null, "the frame", value, "dict"),
      fatal: true,
    };
  }
  return value.end === true
    ? {
      kind: "end",
    }
    : readObject(value);
}
function readLogin(object) {
  const { id, token, version, features } = object;
  if (!isId(id)) return wrongType(null, '"id"', id, "int");
  if (typeof version !== "string") {
    return wrongType(id, '"version"', version, "str");
  }
  if (typeof token !== "string") return wrongType(id, '"token"', token, "str");
  if (features !== void 0 && !Array.isArray(features)) {
    return wrongType(id, '"features"', features, "list");
  }
  const common = features && commonFeatures(features);
  return {
    kind: "login",
    id,
    token,
    version,
    features: common,
  };
}
function readRequest(object, features) {
  const { id, action, data } = object;
  if (!isId(id)) return wrongType(null, '"id"', id, "int");
  if (typeof action !== "string") {
    return wrongType(id, '"action"', action, "str");
  }
  if (!isJsonObject(data)) return wrongType(id, '"data"', data, "dict");
  if (action === "message") return readMessage(id, data);
  if (action === "operation") return readOperation(id, data);
  const extension = readExtension(id, action, data, features);
  if (extension !== void 0) return extension;
  const description = `"action" must be ${describeActions(features)}`;
  return invalid(id, ErrorCode.INVALID_ACTION, description);
}
function describeActions(features) {
  const actions = [
    "message",
    "operation",
  ];
  if (features.has("stream")) actions.push("stream", "credit", "cancel");
  if (features.has("request")) actions.push("done");
  const quoted = actions.map((action) => `"${action}"`);
  const last = quoted.pop();
  return `${quoted.join(", ")} or ${last}`;
}
function readMessage(id, { message: name, data, replying = null }) {
  if (typeof name !== "string") {
    return wrongType(id, '"data.message"', name, "str");
  }
  if (!isJsonObject(data)) return wrongType(id, '"data.data"', data, "dict");
  if (replying !== null && !isWireMessage(replying)) {
    return wrongType(id, '"data.replying"', replying, [
      "dict",
      "None",
    ]);
  }
  return {
    kind: "message",
    id,
    name,
    data,
    replying,
  };
}
function readOperation(id, { operation: name, data }) {
  if (typeof name !== "string") {
    return wrongType(id, '"data.operation"', name, "str");
  }
  if (!isJsonObject(data)) return wrongType(id, '"data.data"', data, "dict");
  return {
    kind: "operation",
    id,
    name,
    data,
  };
}
function readExtension(id, action, data, features) {
  if (action === "done" && features.has("request")) return readDone(id, data);
  if (!features.has("stream")) return void 0;
  switch (action) {
    case "stream":
      return readStream(id, data);
    case "credit":
      return readCredit(id, data);
    case "cancel":
      return {
        kind: "cancel",
        id,
      };
  }
}
function readStream(id, { operation: name, data, credit }) {
  if (typeof name !== "string") {
    return wrongType(id, '"data.operation"', name, "str");
  }
  if (!isJsonObject(data)) return wrongType(id, '"data.data"', data, "dict");
  if (!isCredit(credit)) return wrongType(id, '"data.credit"', credit, "int");
  return {
    kind: "stream",
    id,
    name,
    data,
    credit,
  };
}
function readCredit(id, { credit }) {
  if (!isCredit(credit)) return wrongType(id, '"data.credit"', credit, "int");
  return {
    kind: "credit",
    id,
    credit,
  };
}
function readDone(id, { failed }) {
  if (typeof failed !== "boolean") {
    return wrongType(id, '"data.failed"', failed, "bool");
  }
  return {
    kind: "done",
    id,
    failed,
  };
}
function isCredit(value) {
  return isId(value) && value > 0;
}

// server/session.ts
var MAX_EARLY_FRAMES = 16;
var Session = class {
  #state = "login";
  #loginId = 0;
  /** The extensions that the client named; `undefined` for a Hoist 1 client */
  #requestedFeatures;
  #features = NO_FEATURES;
  /** The number of frames that arrived before the login was answered */
  #earlyFrames = 0;
  #rules;
  constructor(rules = {}) {
    this.#rules = rules;
  }
  /** The state of the connection */
  get state() {
    return this.#state;
  }
  /** The extensions that both sides support; none before the login */
  get features() {
    return this.#features;
  }
  /** Handles a frame of the client. */
  receive(frame) {
    const limit2 = this.#sizeLimit;
    if (isLarger(frame, this.#rules[limit2])) return this.#rejectSize(limit2);
    switch (this.#state) {
      case "login":
        return this.#receiveLogin(frame);
      case "authenticating":
        return this.#receiveEarly(frame);
      case "open":
        return this.#receiveRequest(frame);
      case "closed":
        return {
          kind: "ignore",
        };
    }
  }
  /** Handles an entry of a batch. */
  receiveEntry(entry) {
    return this.#state === "closed"
      ? {
        kind: "ignore",
      }
      : this.#effectOf(decodeEntry(entry, this.#features));
  }
  /** Rejects the login. */
  rejectLogin(why) {
    if (this.#state !== "authenticating") {
      return {
        kind: "ignore",
      };
    }
    switch (why) {
      case "refused":
        return this.#closeLogin(
          "login rejected",
          "wrong token",
          ErrorCode.LOGIN_FAILED,
        );
      case "locked out":
        return this.#postponeLogin(
          "too many failed logins",
          "too many failed logins. To allow more, raise 'limits.maxLoginFailures'.",
          "too many logins from this address failed. Try again later.",
        );
      case "failed":
        return this.#postponeLogin(
          "login failed",
          "the login function failed",
          "the server could not check the token. Try again later.",
        );
      case "maxConnections":
      case "maxConnectionsPerAddress":
        return this.#postponeLogin(
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
  rejectUnread(frame) {
    if (this.#state !== "login") {
      return {
        kind: "ignore",
      };
    }
    this.#state = "authenticating";
    const isHoist1 = typeof frame !== "string" || !frame.includes('"features"');
    this.#requestedFeatures = isHoist1 ? void 0 : NO_FEATURES;
    return this.rejectLogin("locked out");
  }
  /** Accepts the login. */
  acceptLogin() {
    if (this.#state !== "authenticating") {
      return {
        kind: "ignore",
      };
    }
    this.#state = "open";
    const requested = this.#requestedFeatures;
    this.#features = requested ?? NO_FEATURES;
    const { maxPayload } = this.#rules;
    return {
      kind: "answer",
      frame: encodeLoginAnswer(this.#loginId, requested ?? null, maxPayload),
    };
  }
  /** Ends a login that takes too long. */
  expireLogin() {
    const pending = this.#state === "login" || this.#state === "authenticating";
    return pending
      ? this.#postponeLogin(
        "login timed out",
        "timed out. To allow more time, raise 'limits.loginTimeout'.",
        "the login took too long. Try again, or raise 'limits.loginTimeout' of the server.",
      )
      : {
        kind: "ignore",
      };
  }
  /** Ignores all further frames. */
  close() {
    this.#state = "closed";
  }
  #receiveLogin(frame) {
    const login = decodeLogin(frame);
    if (login.kind === "end") return this.#close(CloseCode.NORMAL, "goodbye");
    if (login.kind === "invalid") return this.#rejectLoginFrame(login, true);
    const rejection2 = this.#checkVersion(login);
    if (rejection2 !== null) return rejection2;
    this.#state = "authenticating";
    this.#loginId = login.id;
    this.#requestedFeatures = login.features;
    return login;
  }
  /** Handles a frame that arrives before the login is answered. */
  #receiveEarly(frame) {
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
  #receiveRequest(frame) {
    if (!this.#features.has("batch")) {
      return this.#effectOf(decodeRequest(frame, this.#features));
    }
    const entries = parseBatch(frame);
    return entries.length > 1
      ? {
        kind: "batch",
        entries,
      }
      : this.#effectOf(decodeEntry(entries[0], this.#features));
  }
  #effectOf(request) {
    if (request.kind === "end") return this.#close(CloseCode.NORMAL, "goodbye");
    if (request.kind === "invalid") return this.#reject(request);
    const { maxDepth = Infinity } = this.#rules;
    return isTooDeep(request, maxDepth)
      ? rejection(exceeded(request.id, "maxDepth", maxDepth))
      : request;
  }
  /** The limit that applies to the size of the next frame. */
  get #sizeLimit() {
    const { maxPayload = Infinity, maxLoginPayload = Infinity } = this.#rules;
    return this.#isLoggedIn || maxPayload <= maxLoginPayload
      ? "maxPayload"
      : "maxLoginPayload";
  }
  /** Whether the login was accepted; also true after the end */
  get #isLoggedIn() {
    return this.#state === "open" || this.#state === "closed";
  }
  #rejectSize(limit2) {
    if (this.#state === "closed") {
      return {
        kind: "ignore",
      };
    }
    const isMalformedLogin = !this.#isLoggedIn;
    const what = isMalformedLogin ? "login" : "frame";
    const reason = `the ${what} is larger than ${this.#rules[limit2]} bytes`;
    const failure = `${reason}. To allow more, raise 'limits.${limit2}'.`;
    return this.#close(CloseCode.MESSAGE_TOO_BIG, reason, {
      failure,
      isMalformedLogin,
    });
  }
  /** Closes the connection of a client that sends too much before its login is answered. */
  #rejectEarly() {
    const reason = "too many frames before the login";
    return this.#close(CloseCode.POLICY_VIOLATION, reason, {
      failure: `more than ${MAX_EARLY_FRAMES} frames before the login`,
      isMalformedLogin: true,
    });
  }
  /** Checks the version before the token: docs/reference/protocol.md, "Login". */
  #checkVersion({ id, version }) {
    const needed = this.#rules.minimumVersion;
    if (needed === void 0) return null;
    if (!isVersion(version)) {
      const description2 = '"version" must be a version such as "1.0.0"';
      const data = {
        current: "str",
        needed: "str",
      };
      return this.#rejectLoginFrame(
        invalid(id, ErrorCode.INVALID_CONTENT, description2, data),
      );
    }
    if (meetsMinimum(version, needed)) return null;
    const description =
      `the server needs version ${needed} or later. Update the client.`;
    return this.#rejectLoginFrame(
      invalid(id, ErrorCode.BAD_VERSION, description, {
        needed,
      }),
    );
  }
  /**
   * Rejects a login whose token can be right. Hoist 1 has no error code for this.
   *
   * @param reason The reason of the Close frame
   * @param failure What is logged
   * @param description What the client is told
   */
  #postponeLogin(reason, failure, description) {
    return this.#requestedFeatures === void 0
      ? this.#closeLogin(reason, failure, ErrorCode.LOGIN_FAILED)
      : this.#closeLogin(
        reason,
        failure,
        ErrorCode.LIMIT_EXCEEDED,
        description,
      );
  }
  #closeLogin(reason, failure, code, description = null) {
    const frame = encodeError(this.#loginId, code, null, description);
    return this.#close(CloseCode.POLICY_VIOLATION, reason, {
      frame,
      failure,
    });
  }
  /** Answers an invalid login, and closes the connection. */
  #rejectLoginFrame(frame, isMalformedLogin = false) {
    const code = frame.fatal
      ? CloseCode.UNSUPPORTED_DATA
      : CloseCode.POLICY_VIOLATION;
    const reason = frame.fatal ? "invalid frame" : "login rejected";
    const answer2 = errorAnswerOf(frame);
    return this.#close(code, reason, {
      ...answer2,
      isMalformedLogin,
    });
  }
  /** Answers an invalid request. Closes the connection if it is not an object. */
  #reject(frame) {
    if (!frame.fatal) {
      return {
        ...rejection(frame),
        isInvalid: true,
      };
    }
    const isMalformedLogin = !this.#isLoggedIn;
    const rest = {
      ...errorAnswerOf(frame),
      isMalformedLogin,
    };
    return this.#close(CloseCode.UNSUPPORTED_DATA, "invalid frame", rest);
  }
  #close(code, reason, rest = {}) {
    this.close();
    return {
      kind: "close",
      code,
      reason,
      ...rest,
    };
  }
};
function rejection(frame) {
  return {
    kind: "answer",
    ...errorAnswerOf(frame),
  };
}
function isLarger(frame, limit2 = Infinity) {
  return typeof frame === "string" && !fitsInto(frame, limit2);
}

// server/transport.ts
var CONNECTING = 0;
var OPEN = 1;
var LINGER = 500;
var CHECK_INTERVAL = 10;
var MAX_CHECKS = LINGER / CHECK_INTERVAL;
var Transport = class {
  cursor = Infinity;
  /** The log of the connection */
  log;
  #socket;
  #context;
  #owner;
  #maxBuffered;
  #writer = new BatchWriter(this);
  #features = NO_FEATURES;
  #closed;
  #timer;
  /** What streams wait for while the send buffer is full */
  #drained;
  #endDrained;
  /**
   * Constructs a `Transport`.
   *
   * @param socket The WebSocket
   * @param context The state of the server
   * @param log The log of the connection
   * @param owner The connection, which is called on each event of the socket
   */
  constructor(socket, context, log, owner) {
    this.#socket = socket;
    this.#context = context;
    this.log = log;
    this.#owner = owner;
    this.#maxBuffered = context.limits.maxBuffered;
    socket.onmessage = ({ data }) => owner.onFrame(data);
    socket.onclose = ({ code, reason }) => this.#onGone(code, reason);
  }
  /** The extensions that both sides support; none before the login */
  get features() {
    return this.#features;
  }
  /** How the connection ended; `undefined` while it is open */
  get closed() {
    return this.#closed;
  }
  /** Whether the upgrade has not been completed yet */
  get isOpening() {
    return this.#socket.readyState === CONNECTING;
  }
  /** Ends a connection whose upgrade is not completed in time. */
  abandon() {
    this.#socket.onopen ??= () => this.#socket.close();
    this.#onGone(CloseCode.ABNORMAL, "");
  }
  /** Starts to use the extensions of the client and to receive broadcasts. */
  open(features) {
    this.#features = features;
    if (features.has("batch")) {
      this.#writer.enableBatching(Math.min(MAX_BATCH, this.#maxBuffered));
    }
    this.#context.broadcaster.join(this);
  }
  /** Sends a frame after the broadcasts that were sent before it; does not throw. */
  send(frame) {
    this.#context.broadcaster.catchUp(this);
    this.#push(frame);
    if (this.log.debugs && this.#isOpen) this.log.sent(frame);
  }
  /** Sends a frame that the client did not ask for. A slow client can miss it: `onSlow`. */
  notify(frame) {
    if (this.#context.onSlow !== "skip") return this.send(frame);
    this.#context.broadcaster.catchUp(this);
    const fits = this.#fitsBehindBatch(frame);
    this.log.missed(fits ? 0 : 1, this.#maxBuffered);
    if (fits) this.send(frame);
  }
  deliver(batch) {
    this.#writer.flush();
    const delivery = this.#deliver(batch);
    const { delivered, rest } = delivery;
    const missed = rest === "skipped" ? batch.single.length - delivered : 0;
    if (this.#context.onSlow === "skip") {
      this.log.missed(missed, this.#maxBuffered);
    } else if (missed > 0) this.#overflow();
    this.log.sentBroadcasts(batch.single, delivered);
    return delivery;
  }
  /**
   * Whether a stream can send a frame of a length now. Half of the buffer is kept free
   * for frames that cannot wait. If the buffer is empty, any length is possible, because
   * the stream limits the bytes of its frames itself.
   *
   * @param units The length of the frame, in UTF-16 units
   */
  hasCapacity(units) {
    this.#context.broadcaster.catchUp(this);
    const waiting = this.#socket.bufferedAmount + 3 * this.#writer.units;
    return waiting === 0 || 2 * (waiting + 3 * units) <= this.#maxBuffered;
  }
  /** Resolves after a short time in which the client can read, or when the socket is gone. */
  drained() {
    return this.#drained ??= new Promise((resolve2) => {
      const timer = setTimeout(() => this.#endDrained?.(), CHECK_INTERVAL);
      this.#endDrained = () => {
        clearTimeout(timer);
        this.#drained = void 0;
        resolve2();
      };
    });
  }
  /** Writes a frame to the socket, if the socket is open. Called by the batch writer. */
  write(frame) {
    if (!this.#isOpen) return;
    if (fitsInto(frame, this.#capacity)) return void this.#write(frame);
    this.#overflow();
  }
  /**
   * Closes the connection after the frames that wait; does nothing if it has ended.
   *
   * @param code The close code
   * @param reason The close reason
   * @param how The end of the connection in words, for the log
   */
  close(code, reason, how = describeDisconnect(code, reason)) {
    if (this.#closed !== void 0) return;
    this.#context.broadcaster.catchUp(this);
    this.#writer.flush();
    if (this.#closed !== void 0) return;
    this.#closed = {
      code,
      reason,
    };
    this.#closeSocket(code, reason);
    this.#end(this.#closed, how);
  }
  /** Closes the connection because the server shuts down. */
  closeForShutdown() {
    if (!this.#features.has("retry")) {
      return this.close(CloseCode.GOING_AWAY, "server closed");
    }
    const delay = retryDelay(this.#context.shutdown.clients);
    this.close(CloseCode.SERVICE_RESTART, retryReason(delay));
  }
  #deliver(batch) {
    let delivered = 0;
    let sends = 0;
    for (
      const frame of this.#writer.isBatching ? batch.batched : batch.single
    ) {
      if (!this.#isOpen) break;
      if (frame.bytes > this.#capacity) {
        return {
          delivered,
          rest: "skipped",
          sends,
        };
      }
      if (!this.#write(frame.data)) break;
      delivered += frame.count;
      sends++;
    }
    return {
      delivered,
      rest: this.#reasonToMiss(),
      sends,
    };
  }
  /** Why a connection that is not open misses broadcasts. */
  #reasonToMiss() {
    const isSlow = this.#closed?.code === CloseCode.TRY_AGAIN_LATER;
    return isSlow ? "skipped" : "failed";
  }
  #push(frame) {
    const waiting = this.#writer.units + frame.length;
    if (waiting > this.#maxBuffered) this.#writer.flush();
    this.#writer.push(frame);
  }
  /** Whether a frame fits into the buffer behind the frames that wait. */
  #fitsBehindBatch(frame) {
    const units = this.#writer.units + frame.length;
    if (3 * units <= this.#capacity) return true;
    this.#writer.flush();
    return fitsInto(frame, this.#capacity);
  }
  /** Closes the connection because a frame that must not be lost does not fit. */
  #overflow() {
    if (this.#closed !== void 0) return;
    this.log.warn(
      "slow",
      `the client reads too slowly, or a message is too large: more than ${this.#maxBuffered} bytes are waiting. To allow more, raise 'limits.maxBuffered'.`,
    );
    this.close(CloseCode.TRY_AGAIN_LATER, "the client reads too slowly");
  }
  #closeSocket(code, reason) {
    if (this.isOpening) {
      this.#socket.onopen = () => this.#socket.close(code, reason);
      return;
    }
    let checks = code === CloseCode.TRY_AGAIN_LATER ? 0 : MAX_CHECKS;
    const attempt = () => {
      if (this.#socket.bufferedAmount === 0 || checks-- === 0) {
        this.#socket.close(code, reason);
      } else this.#timer = setTimeout(attempt, CHECK_INTERVAL);
    };
    setImmediate(attempt);
  }
  get #isOpen() {
    return this.#closed === void 0 && this.#socket.readyState === OPEN;
  }
  /** How many bytes fit into the buffer. Data in the operating system does not count. */
  get #capacity() {
    return this.#maxBuffered - this.#socket.bufferedAmount;
  }
  #write(frame) {
    try {
      this.#socket.send(frame);
      return true;
    } catch {
      return false;
    }
  }
  #onGone(code, reason) {
    clearTimeout(this.#timer);
    this.#endDrained?.();
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    if (this.#closed === void 0) {
      if (this.#owner.finishFrames(() => this.#onGone(code, reason))) return;
      this.#closed = {
        code: code || CloseCode.ABNORMAL,
        reason,
      };
      const shown = this.#context.log.redact(reason);
      this.#end(this.#closed, describeClose(code, shown));
    }
    this.#owner.onGone();
  }
  #end(info, how) {
    this.#context.broadcaster.leave(this);
    this.#owner.onClosed(info, how);
  }
};

// server/connection.ts
var ServerConnection = class {
  peer;
  /** The client that listeners and handlers see */
  client;
  #version = "";
  #context;
  #events;
  #transport;
  #session;
  #sender;
  #requests;
  /** Dropped with the login, because it holds the headers of the upgrade request */
  #upgrade;
  #authenticated;
  #handlersEnded;
  #onShutdown;
  /** Created for the first batch, and for a client that sends many frames */
  #backlog;
  /** The work for frames that did not wait, since the last pause */
  #work = 0;
  /**
   * Constructs a `ServerConnection`.
   *
   * @param id The number of the client
   * @param context The state of the server
   * @param events What to call when the connection changes
   * @param socket The WebSocket
   * @param upgrade What is known from the upgrade request
   */
  constructor(id, context, events, socket, upgrade2) {
    this.peer = upgrade2.peer;
    this.client = new ConnectedClient(id, this);
    this.#context = context;
    this.#events = events;
    this.#upgrade = upgrade2;
    this.#session = new Session(context.rules);
    const { log: serverLog, strangers } = context;
    const log = new ConnectionLog(serverLog, upgrade2.peer.address, strangers);
    this.#transport = new Transport(socket, context, log, this);
    this.#sender = new MessageSender(context, this.#transport);
    this.#requests = new RequestHandler(
      context,
      this.client,
      this.#transport,
      this.#sender,
    );
  }
  /** The version of the client; empty before the login */
  get version() {
    return this.#version;
  }
  /** The identity of the client; `undefined` before the login */
  get identity() {
    return this.#authenticated?.identity;
  }
  /** The token that the client logged in with, if the server has it */
  get credential() {
    return this.#authenticated?.credential;
  }
  /** Whether requests of the client are in progress */
  get isBusy() {
    return this.#requests.isBusy;
  }
  /** Resolves when the handlers of all streams have ended; set when the connection has */
  get handlersEnded() {
    return this.#handlersEnded;
  }
  /** Sends a message to the client. */
  message(name, data) {
    return this.#sender.push(name, data);
  }
  /** Sends a request to the client; resolves to its reply. */
  request(name, data, options) {
    return this.#sender.request(name, data, options);
  }
  /** Closes the connection. */
  close(code, reason) {
    this.#transport.close(code, reason);
  }
  /**
   * Closes the connection when the requests in progress have been answered.
   *
   * @returns Resolves when the connection is closed
   */
  shutdown() {
    const { promise, resolve: resolve2 } = Promise.withResolvers();
    if (this.#transport.closed !== void 0) resolve2();
    else this.#onShutdown = resolve2;
    this.#requests.shutdown();
    return promise;
  }
  /** Closes the connection because the server shuts down. */
  closeForShutdown() {
    this.#transport.closeForShutdown();
  }
  /** Logs that the client has connected. */
  announce() {
    this.#transport.log.connected();
  }
  /** Whether the upgrade has not been completed yet, and perhaps never will be */
  get isOpening() {
    return this.#transport.isOpening;
  }
  /** Ends the connection without waiting for its upgrade. */
  abandon() {
    this.#transport.abandon();
  }
  /** Called when the time for the login has expired. */
  expire() {
    this.#apply(this.#session.expireLogin());
  }
  onFrame(frame) {
    const isLogin = this.#session.state === "login";
    this.#transport.log.received(frame, isLogin);
    if (isLogin && this.#context.authenticator.locksOut(this.peer)) {
      return this.#apply(this.#session.rejectUnread(frame));
    }
    if (this.#transport.closed !== void 0) return;
    const now = performance.now();
    if (!isLogin && !this.#requests.admitFrame(frame, now)) return;
    if (this.#backlog?.keep(frame, now)) return;
    this.#receive(frame, now);
    this.#backlog?.run(now);
    this.#work += workOf(frame);
    if (this.#work >= WORK_PER_TURN) this.#pause();
  }
  onClosed(info, how) {
    this.#session.close();
    this.#dropUpgrade();
    this.#events.onClosed(this);
    this.#transport.log.disconnected(how);
    this.#sender.pending?.close(info);
    this.#handlersEnded = this.#requests.close();
    this.#onShutdown?.();
    this.#backlog?.clear();
  }
  onGone() {
    this.#events.onGone(this);
  }
  finishFrames(next) {
    return this.#backlog?.finish(next) ?? false;
  }
  #receive(frame, now) {
    const effect = this.#session.receive(frame);
    if (effect.kind !== "batch") return this.#apply(effect, now);
    this.#backlog ??= this.#createBacklog();
    this.#backlog.start(effect.entries);
  }
  /** Gives other clients a turn. */
  #pause() {
    this.#work = 0;
    this.#backlog ??= this.#createBacklog();
    this.#backlog.pause();
  }
  #createBacklog() {
    const owner = {
      apply: (entry, now) =>
        this.#apply(this.#session.receiveEntry(entry), now),
      receive: (frame, now) => this.#receive(frame, now),
      onOverrun: (time) => this.#requests.admitOverrun(this.peer.network, time),
    };
    return new Backlog(owner, this.#context.scheduler);
  }
  #apply(effect, now = performance.now()) {
    if (this.#transport.closed !== void 0) return;
    switch (effect.kind) {
      case "ignore":
        return;
      case "login":
        return this.#authenticate(effect);
      case "close":
        return this.#closeWith(effect);
      default:
        return this.#requests.take(effect, now);
    }
  }
  #authenticate({ token, version }) {
    const upgrade2 = this.#upgrade;
    this.#version = truncate(version);
    const { authenticator } = this.#context;
    const result = authenticator.authenticate(token, this.#version, upgrade2);
    if (!(result instanceof Promise)) return this.#finishLogin(result);
    void result.then((result2) => this.#finishLogin(result2));
  }
  #finishLogin(decided) {
    if (this.#transport.closed !== void 0) return;
    this.#upgrade = void 0;
    const result = this.#events.admit(this, decided);
    if (typeof result === "string") {
      return this.#apply(this.#session.rejectLogin(result));
    }
    this.#authenticated = result;
    this.#transport.log.identify(result.identity);
    const effect = this.#session.acceptLogin();
    if (effect.kind !== "answer") return;
    this.#transport.send(effect.frame);
    if (this.#session.state !== "open") return;
    this.#transport.open(this.#session.features);
    this.#transport.log.info("login", "logged in");
  }
  /** Drops the headers, because a stranger can keep its socket for any time. */
  #dropUpgrade() {
    if (this.#upgrade === void 0) return;
    this.#context.authenticator.abandon(this.#upgrade);
    this.#upgrade = void 0;
  }
  #closeWith(effect) {
    const { frame, failure, code, reason, isMalformedLogin } = effect;
    if (failure !== void 0) this.#logFailure(failure);
    if (isMalformedLogin) this.#context.authenticator.countFailure(this.peer);
    if (frame !== void 0) this.#transport.send(frame);
    this.#transport.close(code, reason, describeEnd(effect));
  }
  #logFailure(failure) {
    const { log } = this.#transport;
    if (this.#authenticated !== void 0) return log.warn("reject", failure);
    log.warn("login", `login rejected: ${failure}`);
  }
};
var ConnectedClient = class {
  id;
  address;
  #connection;
  constructor(id, connection) {
    this.id = id;
    this.address = connection.peer.address;
    this.#connection = connection;
  }
  get identity() {
    return this.#connection.identity;
  }
  get version() {
    return this.#connection.version;
  }
  message(name, data = {}) {
    return this.#connection.message(name, data);
  }
  request(name, data = {}, options) {
    return ignorable(this.#connection.request(name, data, options));
  }
  close(code = CloseCode.NORMAL, reason = "") {
    assertClose(code, reason);
    this.#connection.close(code, reason);
  }
};

// server/context.ts
var Shutdown = class {
  #clients;
  /** Whether the shutdown has begun; no new requests are accepted then */
  get hasBegun() {
    return this.#clients !== void 0;
  }
  /** The number of clients that were logged in when the shutdown began */
  get clients() {
    return this.#clients ?? 0;
  }
  /** Begins the shutdown. */
  begin(clients) {
    this.#clients = clients;
  }
};

// server/contract_endpoint.ts
var HEADERS = {
  "content-type": "application/json",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};
var ContractEndpoint = class {
  #contract;
  #auth;
  /** Created by the first request, because some libraries are slow to describe schemas */
  #document;
  /**
   * Constructs a `ContractEndpoint`.
   *
   * @param contract The contract
   * @param auth Checks the token of each request
   */
  constructor(contract, auth) {
    this.#contract = contract;
    this.#auth = auth;
  }
  /** Responds with the description of the contract if the request has a valid token. */
  async answer(request, remote) {
    const result = await this.#auth.authorize(request, remote);
    return result instanceof Response ? result : this.#describe();
  }
  /** Rejects the requests that wait for a login function. */
  close() {
    this.#auth.close();
  }
  #describe() {
    this.#document ??= `${JSON.stringify(this.#contract.describe(), null, 2)}
`;
    return new Response(this.#document, {
      headers: HEADERS,
    });
  }
};

// server/credentials.ts
var MAX_REVOKED = 16;
var TokenStore = class {
  #onExpired;
  #main;
  #all;
  #revoked = [];
  /** `undefined` if the tokens have changed since they were requested */
  #secrets;
  #timer;
  #isClosed = false;
  /**
   * Constructs a `TokenStore`.
   *
   * @param token The token of the server; empty if it has only named tokens
   * @param named The named tokens
   * @param onExpired Called with each token that expires
   */
  constructor(token, named, onExpired) {
    this.#onExpired = onExpired;
    this.#main = token === "" ? void 0 : unnamed(token);
    const others = named.map(credentialOf);
    this.#all = this.#main === void 0 ? others : [
      this.#main,
      ...others,
    ];
    this.#watch();
  }
  /** The token of the server; empty if it has only named tokens */
  get token() {
    return this.#main?.token ?? "";
  }
  /** The latest tokens that were revoked or have expired */
  get revoked() {
    return this.#revoked;
  }
  /** The tokens that the log must not contain: the same array while they do not change */
  get secrets() {
    return this.#secrets ??= [
      ...this.#all,
      ...this.#revoked,
    ].map(({ token }) => token);
  }
  /** Returns the tokens that are valid now. */
  current() {
    const now = Date.now();
    return this.#all.filter(({ expires }) => expires > now);
  }
  /** Returns whether a token is still valid, after a login was decided with it. */
  accepts(credential) {
    return this.#all.includes(credential) && credential.expires > Date.now();
  }
  /**
   * Stops accepting a named token.
   *
   * @param name The name of the token
   * @returns The token
   *
   * @throws {TypeError} If there is no token of that name
   */
  revoke(name) {
    const revoked = this.#all.find(({ identity }) =>
      identity !== void 0 && identity.name === name
    );
    if (revoked === void 0) throw this.#unknown(name);
    this.#remove(revoked);
    return revoked;
  }
  #unknown(name) {
    const names = this.#all.flatMap(({ identity }) => identity?.name ?? []);
    const known2 = names.length === 0
      ? "The server has no named tokens."
      : `The named tokens are ${names.join(", ")}.`;
    return new TypeError(
      `Cannot revoke token ${
        JSON.stringify(name)
      }: it does not exist. ${known2}`,
    );
  }
  /**
   * Replaces the token of the server.
   *
   * @param token The new token
   * @param grace How long the old token stays valid, in milliseconds
   *
   * @throws {TypeError} If the new token is empty or already in use
   */
  rotate(token, grace) {
    const subject = "Cannot rotate the token";
    const remedy = "Generate one with generateToken().";
    checkToken(subject, "the new token", token, remedy);
    if (this.#all.some((other) => other.token === token)) {
      throw new TypeError(
        `${subject}: the new token is already in use. ${remedy}`,
      );
    }
    const old = this.#main;
    this.#main = unnamed(token);
    const others = this.#all.filter((other) => other !== old);
    this.#all = [
      this.#main,
      ...others,
    ];
    this.#secrets = void 0;
    if (old !== void 0) this.#expireIn(old, grace);
  }
  /** Stops the timer. */
  close() {
    this.#isClosed = true;
    this.#stop();
  }
  #expireIn(credential, grace) {
    this.#all = [
      ...this.#all,
      credential,
    ];
    credential.expires = Date.now() + grace;
    this.#expire();
  }
  #expire() {
    const now = Date.now();
    for (const credential of this.#all) {
      if (credential.expires > now) continue;
      this.#remove(credential);
      this.#onExpired(credential);
    }
    this.#watch();
  }
  #remove(credential) {
    this.#all = this.#all.filter((other) => other !== credential);
    this.#revoked = [
      ...this.#revoked,
      credential,
    ].slice(-MAX_REVOKED);
    this.#secrets = void 0;
  }
  #stop() {
    if (this.#timer !== void 0) clearTimeout(this.#timer);
    this.#timer = void 0;
  }
  /** Sets the timer to the next token that expires. */
  #watch() {
    this.#stop();
    const next = this.#all.reduce(
      (next2, { expires }) => Math.min(next2, expires),
      Infinity,
    );
    if (this.#isClosed || next === Infinity) return;
    const delay = Math.min(Math.max(0, next - Date.now()), MAX_TIMEOUT);
    this.#timer = setTimeout(() => this.#expire(), delay);
    this.#timer.unref();
  }
};
function unnamed(token) {
  return {
    token,
    identity: void 0,
    expires: Infinity,
  };
}
function credentialOf({ name, token, expires = Infinity }) {
  const identity = Object.freeze({
    name,
  });
  return {
    token,
    identity,
    expires: Number(expires),
  };
}
var NAMED_KEYS = {
  name: true,
  token: true,
  expires: true,
};
var SERVE = "Cannot serve";
function checkNamedTokens(token, named) {
  checkArray(SERVE, "tokens", named, "named tokens");
  named.forEach(checkNamedToken);
  if (hasDuplicates(named.map(({ name }) => name))) {
    throw new TypeError(
      `${SERVE}: two of 'tokens' have the same name. Give each token its own name.`,
    );
  }
  if (
    hasDuplicates([
      token,
      ...named.map(({ token: token2 }) => token2),
    ])
  ) {
    throw new TypeError(
      `${SERVE}: the same token occurs twice in 'tokens', or is the token of the server. Use each token once.`,
    );
  }
}
function checkNamedToken(entry, index) {
  const place = `tokens[${index}]`;
  if (entry === void 0) {
    throw invalidType(SERVE, `'${place}'`, "a named token", entry);
  }
  checkKeys(SERVE, entry, NAMED_KEYS, place);
  const { name, token, expires } = entry;
  if (typeof name !== "string" || name === "") {
    throw invalidType(SERVE, `'${place}.name'`, "a non-empty string", name);
  }
  checkToken(
    SERVE,
    `'${place}.token'`,
    token,
    "Generate one with generateToken().",
  );
  if (expires === void 0 || isTime(expires)) return;
  const needed = "a Date or a number of milliseconds since 1970";
  throw invalidType(SERVE, `'${place}.expires'`, needed, expires);
}
function isTime(value) {
  const isTime2 = typeof value === "number" || value instanceof Date;
  return isTime2 && !Number.isNaN(Number(value));
}
function hasDuplicates(values) {
  return new Set(values).size !== values.length;
}

// server/http_auth.ts
var SCHEME = /^Bearer +/i;
var NO_TOKEN = "send the token in the header 'Authorization: Bearer <token>'";
var HttpAuth = class {
  #options;
  /** Ends the logins that a login function has yet to decide */
  #pending = /* @__PURE__ */ new Set();
  constructor(options) {
    this.#options = options;
  }
  /**
   * Authenticates a request.
   *
   * @param request The request
   * @param remote The address of the client or of the proxy
   * @returns The identity of the client, or the response that rejects the request
   */
  async authorize(request, remote) {
    const peer = this.#options.admission.peerOf(request, remote);
    const result = await this.#check(request, peer);
    if (!("response" in result)) return result;
    const { pathname } = new URL(request.url);
    const { reason, response } = result;
    this.#options.report(`${peer.address} GET ${pathname} rejected: ${reason}`);
    return response;
  }
  /** Rejects the requests that wait for a login function, because the server closes. */
  close() {
    for (const onClosed of this.#pending) onClosed();
  }
  async #check(request, peer) {
    const rejection2 = this.#options.admission.rejection(request, peer);
    if (rejection2 !== void 0) return rejection2;
    const header = request.headers.get("authorization") ?? "";
    if (!SCHEME.test(header)) return unauthorized("no token", NO_TOKEN);
    const token = header.replace(SCHEME, "");
    const { authenticator } = this.#options;
    const result = authenticator.confirm(
      await this.#logIn(request, peer, token),
    );
    return typeof result === "object" ? result : this.#reject(peer, result);
  }
  #reject(peer, reason) {
    if (reason === "failed") {
      const response = text(
        503,
        "The server could not check the token. Try again later.",
      );
      return {
        reason: "login failed",
        response,
      };
    }
    const lockout = reason === "locked out"
      ? this.#options.admission.lockoutRejection(peer)
      : void 0;
    return lockout ?? unauthorized("wrong token", "the token was rejected");
  }
  async #logIn(request, peer, token) {
    const { admission, authenticator } = this.#options;
    const context = authenticator.contextOf(request, peer);
    const result = authenticator.authenticate(token, VERSION, context);
    if (!(result instanceof Promise)) return result;
    const place = admission.enter(peer);
    try {
      return await this.#withTimeout(result);
    } finally {
      authenticator.abandon(context);
      place.leave();
    }
  }
  /** Limits the time of a login function, because it can wait forever. */
  async #withTimeout(result) {
    const { promise: closed, resolve: resolve2 } = Promise.withResolvers();
    const onClosed = () => resolve2("failed");
    this.#pending.add(onClosed);
    const decided = Promise.race([
      result,
      closed,
    ]);
    const { loginTimeout } = this.#options;
    try {
      const isDecided = await settlesWithin(decided, loginTimeout);
      return isDecided ? await decided : "failed";
    } finally {
      this.#pending.delete(onClosed);
    }
  }
};
function unauthorized(reason, problem) {
  const response = text(401, `Unauthorized: ${problem}`, {
    "www-authenticate": 'Bearer realm="hoist"',
  });
  return {
    reason,
    response,
  };
}

// server/openings.ts
var USUAL_TIME = 250;
var EXTRA_TIME = 750;
var Openings = class {
  #usual;
  #late = new TimeoutQueue(
    EXTRA_TIME,
    (opening) => opening.isOpening && opening.abandon(),
  );
  /**
   * Constructs `Openings`.
   *
   * @param onLate Called when an upgrade takes longer than usual
   */
  constructor(onLate) {
    this.#usual = new TimeoutQueue(USUAL_TIME, (opening) => {
      if (!opening.isOpening) return;
      onLate();
      this.#late.add(opening);
    });
  }
  /** Begins to watch a connection. */
  add(opening) {
    this.#usual.add(opening);
  }
  /** Stops watching a connection. */
  delete(opening) {
    this.#usual.delete(opening);
    this.#late.delete(opening);
  }
};

// common/listeners.ts
var Mismatch = class {
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
var Listeners = class {
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
var SUBJECT2 = "Cannot receive messages";
function assertListener(listener) {
  if (typeof listener === "function") return;
  throw invalidType(SUBJECT2, "the listener", "a function", listener);
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
    `${SUBJECT2}: the array of names is empty. Omit it to receive all messages.`,
  );
}
function assertName2(name) {
  if (typeof name === "string") return;
  throw invalidType(SUBJECT2, "the name of a message", "a string", name);
}

// server/stream_source.ts
var StreamSource = class {
  #subject;
  #iterator;
  #schema;
  /** Whether the iterator has ended; it is not called again then */
  #hasEnded = false;
  /**
   * Constructs a `StreamSource`.
   *
   * @param subject The operation in error messages, such as `operation "rows"`
   * @param iterable What the handler returned
   * @param schema The schema of each item, if there is one
   */
  constructor(subject, iterable, schema) {
    this.#subject = subject;
    this.#iterator = iterable[Symbol.asyncIterator]();
    this.#schema = schema;
  }
  /**
   * Returns the next item as JSON, or `undefined` after the last one.
   *
   * @throws What the handler throws
   * @throws {OutputError} If the item does not match its schema
   * @throws {TypeError} If the item has no JSON form, or the iterator is not valid
   */
  async next() {
    const { done, value } = await this.#advance();
    if (done) return void 0;
    return stringifyValue(
      this.#schema === void 0 ? value : await this.#checked(value),
      "item",
    );
  }
  /**
   * Ends the iteration, so that the handler runs its `finally` block.
   *
   * @throws What the handler throws there
   */
  async return() {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    await this.#iterator.return?.();
  }
  async #advance() {
    try {
      const result = await this.#iterator.next();
      assertResult(result);
      this.#hasEnded ||= Boolean(result.done);
      return result;
    } catch (error) {
      this.#hasEnded = true;
      throw error;
    }
  }
  async #checked(item) {
    const { issues, value } = await validate(this.#schema, item);
    if (issues === void 0) return value;
    throw new OutputError(
      `Cannot continue ${this.#subject}`,
      "an item",
      issues,
    );
  }
};
function assertResult(result) {
  if (Object(result) === result) return;
  const type = result === null ? "null" : typeof result;
  throw new TypeError(
    `'next()' of the stream must return an object with 'done' and 'value': it returned a value of type ${type}`,
  );
}
function isAsyncIterable(value) {
  return typeof value === "object" && value !== null &&
    Symbol.asyncIterator in value;
}

// server/registry.ts
function checkedListener(schema, listener) {
  return (message) =>
    mapMaybePromise(validate(schema, message.data), ({ issues, value }) => {
      if (issues !== void 0) throw new Mismatch(invalidDataError(issues));
      return listener(withCheckedData(message, value));
    });
}
function withCheckedData(message, data) {
  const reply = (name, data2) => message.reply(name, data2);
  return new ClientMessage(message.toJSON(), message.client, reply, {
    data,
  });
}
var Operation = class {
  #subject;
  #handler;
  #schemas;
  #kind;
  constructor(name, handler, schemas, kind) {
    this.#subject = describeOperation(name);
    this.#handler = handler;
    this.#schemas = schemas;
    this.#kind = kind;
  }
  /**
   * Calls an operation that returns one result. Returns a promise only if the handler or a
   * schema does.
   *
   * @param data The arguments
   * @param context The second argument of the handler
   * @returns The result as a JSON string
   *
   * @throws {RequestError} If the arguments do not match their schema, or the operation is a stream
   * @throws {OutputError} If the result does not match its schema
   * @throws The exception of the handler or of a schema
   */
  call(data, context) {
    if (this.#kind === "stream") throw streamError();
    return mapMaybePromise(
      this.#run(data, context),
      (result) => this.#encode(result),
    );
  }
  /**
   * Calls an operation that is a stream.
   *
   * @param data The arguments
   * @param context The second argument of the handler
   * @returns The items, which are not requested yet
   *
   * @throws {RequestError} If the arguments do not match their schema, or the operation returns one result
   * @throws The exception of the handler or of a schema
   */
  open(data, context) {
    if (this.#kind === "result") throw resultError();
    return mapMaybePromise(
      this.#run(data, context),
      (result) => this.#sourceOf(result),
    );
  }
  #run(data, context) {
    const handler = this.#handler;
    const { input } = this.#schemas;
    if (input === void 0) return handler(data, context);
    return mapMaybePromise(
      checkData(data, input),
      (checked) => handler(checked, context),
    );
  }
  /** Checks the result of the handler and encodes it as JSON. */
  #encode(result) {
    if (isAsyncIterable(result)) throw this.#rejectStream(result);
    const { output } = this.#schemas;
    if (output === void 0) return stringifyValue(result);
    return mapMaybePromise(validate(output, result), ({ issues, value }) => {
      if (issues === void 0) return stringifyValue(value);
      const failure = `Cannot answer ${this.#subject}`;
      throw new OutputError(failure, "the result", issues);
    });
  }
  /** Ends a stream that was called as an operation; returns the error. */
  #rejectStream(items) {
    new StreamSource(this.#subject, items, void 0).return().catch(() => {
    });
    if (this.#kind === "either") return streamError();
    return new TypeError(
      "the handler returned a stream, but the schemas have 'output'. Use 'yields' instead of 'output'.",
    );
  }
  /** Returns the items of the result of the handler. */
  #sourceOf(result) {
    if (isAsyncIterable(result)) {
      return new StreamSource(this.#subject, result, this.#schemas.yields);
    }
    if (this.#kind === "either") throw resultError();
    throw new TypeError(
      "the handler did not return a stream. Use 'async function*'.",
    );
  }
};
var Operations = class {
  // One object for each registration, so that disposing an old one cannot remove a new one.
  #entries = /* @__PURE__ */ new Map();
  /**
   * Adds an operation.
   *
   * @param name The name of the operation
   * @param handler The handler
   * @param schemas The schemas that are checked
   * @returns A `Disposable` that removes the operation
   */
  add(name, handler, schemas = {}) {
    const subject = `Cannot register operation ${JSON.stringify(name)}`;
    assertHandler(subject, handler);
    assertOperation(subject, "schemas", schemas);
    if (this.#entries.has(name)) {
      throw new TypeError(
        `${subject}: it already exists. Dispose the first registration first.`,
      );
    }
    const kind = kindOf(subject, handler, schemas);
    const operation = new Operation(name, handler, schemas, kind);
    this.#entries.set(name, operation);
    const remove = () => {
      if (this.find(name) === operation) this.#entries.delete(name);
    };
    return {
      [Symbol.dispose]: remove,
    };
  }
  /** Returns an operation; `undefined` if it does not exist. */
  find(name) {
    return this.#entries.get(name);
  }
  /** Returns whether an operation exists. */
  has(name) {
    return this.#entries.has(name);
  }
};
function streamError() {
  return new RequestError(
    ErrorCode.UNSUPPORTED_OPERATION,
    "the operation is a stream. Call it with 'connection.stream()'.",
  );
}
function resultError() {
  return new RequestError(
    ErrorCode.UNSUPPORTED_OPERATION,
    "the operation returns one result. Call it with 'connection.operation()'.",
  );
}
function assertHandler(subject, handler) {
  if (typeof handler !== "function") {
    throw invalidType(subject, "the handler", "a function", handler);
  }
  if (tagOf(handler) === "GeneratorFunction") {
    throw new TypeError(
      `${subject}: the handler is a synchronous generator. Use 'async function*'.`,
    );
  }
}
function kindOf(subject, handler, { output, yields }) {
  const isGenerator = isAsyncGenerator(handler);
  if (isGenerator && output !== void 0) {
    throw new TypeError(
      `${subject}: the handler is a generator. Use 'yields' instead of 'output'.`,
    );
  }
  if (isGenerator || yields !== void 0) return "stream";
  return output === void 0 ? "either" : "result";
}
function isAsyncGenerator(handler) {
  return tagOf(handler) === "AsyncGeneratorFunction";
}
function tagOf(value) {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
var Registry = class {
  #listeners = new Listeners();
  /** Calls the listeners; only the registry adds them, because it checks them */
  listeners = this.#listeners;
  operations = new Operations();
  #contract;
  /**
   * Constructs a `Registry`.
   *
   * @param contract The contract of the server; without it, everything is allowed
   */
  constructor(contract) {
    this.#contract = contract;
  }
  /** The operations of the contract that have no handler */
  get missing() {
    const names = Object.keys(this.#contract?.operations ?? {});
    return names.filter((name) => !this.operations.has(name));
  }
  /** Adds a listener for all messages. */
  receiveAll(listener) {
    assertNoSchema(listener);
    assertListener(listener);
    return this.#listeners.add(listener);
  }
  /** Adds a listener for messages with one of these names, with or without a schema. */
  receive(names, listener, schema) {
    for (
      const name of [
        names,
      ].flat()
    ) {
      const subject = `Cannot receive message ${JSON.stringify(name)}`;
      assertNamed(subject, this.#contract?.messages, name);
      assertNoOwnSchema(subject, this.#contract, schema);
    }
    assertNoSchema(listener);
    assertListener(listener);
    if (schema === void 0) return this.#listeners.add(names, listener);
    assertSchema("Cannot receive messages", "schema", schema);
    return this.#listeners.add(names, checkedListener(schema, listener));
  }
  /** Adds an operation. */
  operation(name, handler, schemas) {
    const subject = `Cannot register operation ${JSON.stringify(name)}`;
    assertNamed(subject, this.#contract?.operations, name);
    assertNoOwnSchema(subject, this.#contract, schemas);
    const entry = ownEntry(this.#contract?.operations ?? {}, name);
    if (entry !== void 0) assertKind(subject, entry, handler);
    return this.operations.add(name, handler, entry ?? schemas);
  }
};
function assertNoSchema(listener) {
  if (!isSchema(listener)) return;
  throw new TypeError(
    "Cannot receive messages: the listener is missing. Pass it after the schema.",
  );
}
function assertKind(subject, { output, yields }, handler) {
  const hasKind = output !== void 0 || yields !== void 0;
  if (hasKind || !isAsyncGenerator(handler)) return;
  throw new TypeError(
    `${subject}: the handler is a generator, and the contract has no 'yields' for it. Add 'yields' to the contract.`,
  );
}
function assertNoOwnSchema(subject, contract, schema) {
  if (contract === void 0 || schema === void 0) return;
  throw new TypeError(
    `${subject} with a schema: the server has a contract. Move the schema into the contract.`,
  );
}
function reportMissing(log, server) {
  const { registry } = server;
  if (registry.missing.length === 0) return;
  setImmediate(() => {
    const { missing } = registry;
    if (missing.length === 0 || server.isClosing) return;
    log.warn("contract", `operations without a handler: ${missing.join(", ")}`);
  });
}

// server/stalls.ts
var INTERVAL = 250;
var TOLERANCE = 50;
var Stalls = class {
  #total = 0;
  #checked = 0;
  #timer;
  /** Starts the measurement; does nothing if it runs. */
  start() {
    if (this.#timer !== void 0) return;
    this.#checked = performance.now();
    this.#timer = setInterval(() => this.#check(), INTERVAL);
    this.#timer.unref();
  }
  /** Stops the measurement. */
  stop() {
    clearInterval(this.#timer);
    this.#timer = void 0;
  }
  /**
   * Returns the length of all stalls, in milliseconds.
   *
   * @param now The current time, from `performance.now()`
   */
  total(now) {
    if (this.#timer === void 0) return this.#total;
    const late = now - this.#checked - INTERVAL;
    return late > TOLERANCE ? this.#total + late : this.#total;
  }
  #check() {
    const now = performance.now();
    this.#total = this.total(now);
    this.#checked = now;
  }
};

// server/lost_upgrades.ts
var ALERT_TIME = 6e4;
var RESET_TIME = 30;
var MAX_EXTRA_TIME = 90;
var REPORT_TURNS = 5;
var FIRST_REPORT = 100;
function hasReset(remote) {
  return remote !== void 0 && "port" in remote && remote.port === 0;
}
async function resets({ signal }) {
  const time = RESET_TIME + Math.random() * MAX_EXTRA_TIME;
  await new Promise((resolve2) => setTimeout(resolve2, time));
  for (let turn = 0; turn < REPORT_TURNS && !signal.aborted; turn++) {
    await new Promise((resolve2) => setImmediate(resolve2));
  }
  return signal.aborted;
}
var LostUpgrades = class {
  #count = 0;
  #nextReport = FIRST_REPORT;
  #alertEnd = -Infinity;
  /** The number of upgrades that never opened */
  get count() {
    return this.#count;
  }
  /** Whether an upgrade has to wait, because clients have reset their connections */
  isAlerted(now) {
    return now < this.#alertEnd;
  }
  /** Lets the upgrades of the next minute wait. */
  alert(now) {
    this.#alertEnd = now + ALERT_TIME;
  }
  /**
   * Counts an upgrade that never opened.
   *
   * @returns Whether the count has reached 100, 1,000, 10,000 and so on
   */
  add(now) {
    this.alert(now);
    this.#count++;
    if (this.#count < this.#nextReport) return false;
    this.#nextReport *= 10;
    return true;
  }
};

// server/upgrades.ts
var MAX_REJECTION_LINES = 100;
var REJECTION_LINES_PER_SECOND = 1;
var Upgrades = class {
  #options;
  #lost = new LostUpgrades();
  #lines = new LogThrottle(REJECTION_LINES_PER_SECOND, MAX_REJECTION_LINES);
  constructor(options) {
    this.#options = options;
  }
  /** The number of upgrades that never opened */
  get lost() {
    return this.#lost.count;
  }
  /** Whether more upgrades were lost than the limit allows */
  get exceedsLost() {
    return this.lost > this.#options.maxLost;
  }
  /** Opens a WebSocket, or returns the response that rejects the request. */
  accept(request, remote) {
    const { admission, open } = this.#options;
    const peer = admission.peerOf(request, remote);
    if (hasReset(remote)) return this.#rejectReset(peer);
    const rejection2 = this.#rejection(request, peer);
    if (rejection2 !== void 0) return rejection2;
    return this.#lost.isAlerted(performance.now())
      ? this.#acceptLater(request, peer)
      : open(request, peer);
  }
  /** Lets the next upgrades wait, because one takes longer than usual. */
  expectResets() {
    this.#lost.alert(performance.now());
  }
  /** Counts an upgrade that never opened. */
  countLost(peer) {
    this.#options.admission.countLost(peer);
    if (!this.#lost.add(performance.now())) return;
    this.#options.log.warn(
      "upgrade",
      `${this.lost} upgrades never opened: the clients reset their connections, or the application passed copies of the requests to fetch(). A reset holds a file descriptor until the process ends. Restart the server before it reaches the limit of open files.`,
    );
  }
  /** Logs a rejected request. Throttled, so that a stranger cannot fill the log. */
  logRejection(text2) {
    const line = this.#lines.pass(text2);
    if (line === void 0) return;
    const { log } = this.#options;
    log.warn("reject", log.redact(line));
  }
  /** Accepts a request if its client is still there after a short time. */
  async #acceptLater(request, peer) {
    if (await resets(request)) return this.#rejectReset(peer);
    return this.#rejection(request, peer) ?? this.#options.open(request, peer);
  }
  #rejectReset(peer) {
    this.expectResets();
    this.logRejection(`${peer.address} rejected: the client has disconnected`);
    return text(400, "Bad request: the client has disconnected");
  }
  /** Returns the response if the server is closing or a limit rejects the request. */
  #rejection(request, peer) {
    const { admission, isClosing } = this.#options;
    if (isClosing()) {
      return text(503, "The server is closing. Try again later.");
    }
    const rejection2 = admission.rejection(request, peer);
    if (rejection2 === void 0) return void 0;
    this.logRejection(`${peer.address} rejected: ${rejection2.reason}`);
    return rejection2.response;
  }
};

// server/hub.ts
var CLOSE_TIMEOUT = 1e3;
var Hub = class {
  log;
  registry;
  credentials;
  #context;
  #events;
  #admission;
  /** Only if the application has enabled it */
  #endpoint;
  /** Closes the connections of clients that do not log in */
  #logins;
  /** Ends the connections whose upgrade never opens */
  #openings = new Openings(() => this.#upgrades.expectResets());
  #upgrades;
  /** All connections with a socket, including those that have not logged in */
  #connections = /* @__PURE__ */ new Map();
  /** The clients that have logged in and not left */
  #clients = /* @__PURE__ */ new Set();
  /** Whether a broadcast without clients was logged since the last login */
  #hasLoggedNoClients = false;
  #lastClientId = 0;
  #onEmpty;
  /**
   * Constructs a `Hub`.
   *
   * @param options The options of the server
   * @param log The log of the server
   * @param login The login function of the application, if there is one
   */
  constructor(options, log, login) {
    const registry = new Registry(options.contract);
    const admission = new Admission(options);
    const credentials = new TokenStore(
      options.token,
      options.tokens,
      (credential) => void this.#closeAllOf(credential, "token expired"),
    );
    const authenticator = new Authenticator({
      log,
      login,
      credentials,
      admission,
      loginTimeout: options.limits.loginTimeout,
    });
    this.log = log;
    this.registry = registry;
    this.credentials = credentials;
    this.#admission = admission;
    this.#upgrades = new Upgrades({
      log,
      admission,
      maxLost: options.limits.maxLostUpgrades,
      isClosing: () => this.isClosing,
      open: (request, peer) => this.#open(request, peer),
    });
    this.#context = createContext(options, log, registry, authenticator);
    this.#logins = new TimeoutQueue(
      options.limits.loginTimeout,
      (connection) => connection.expire(),
    );
    this.#events = this.#createEvents();
    this.#endpoint = createEndpoint(options, {
      authenticator,
      admission,
      loginTimeout: options.limits.loginTimeout,
      report: (line) => this.#upgrades.logRejection(line),
    });
  }
  /** The clients that have logged in and not left */
  get clients() {
    return this.#clients;
  }
  get isClosing() {
    return this.#context.shutdown.hasBegun;
  }
  get lostUpgrades() {
    return this.#upgrades.lost;
  }
  get isFailing() {
    return this.#upgrades.exceedsLost;
  }
  /** Answers `GET /hoist/contract`; returns `undefined` if the contract is private. */
  describeContract(request, remote) {
    return this.#endpoint?.answer(request, remote);
  }
  lockout(request, remote) {
    return this.#admission.lockout(this.#admission.peerOf(request, remote));
  }
  logRejection(request, remote, reason) {
    const { address } = this.#admission.peerOf(request, remote);
    this.#upgrades.logRejection(`${address} rejected: ${reason}`);
  }
  accept(request, remote) {
    return this.#upgrades.accept(request, remote);
  }
  /** Upgrades a request. */
  #open(request, peer) {
    const upgrade2 = this.#context.authenticator.contextOf(request, peer);
    const offersOurs = offersSubprotocol(request);
    const opened = openSocket(request);
    if (opened === void 0) return this.#rejectHandshake(request, peer);
    const { socket, response } = opened;
    if (offersOurs) response.headers.set(PROTOCOL_HEADER, SUBPROTOCOL);
    const connection = new ServerConnection(
      ++this.#lastClientId,
      this.#context,
      this.#events,
      socket,
      upgrade2,
    );
    this.#connections.set(connection, this.#admission.enter(peer));
    this.#context.stalls.start();
    this.#logins.add(connection);
    this.#openings.add(connection);
    connection.announce();
    return response;
  }
  /** Rejects a request that Deno cannot upgrade. */
  #rejectHandshake(request, { address }) {
    if (!lacksConnection(request)) return rejectHandshake(NOT_UPGRADABLE);
    this.#upgrades.logRejection(`${address} rejected: ${DROPPED.reason}`);
    return rejectHandshake(DROPPED);
  }
  /** Sends a message to all clients. */
  broadcast(name, data) {
    const { frame } = encodeOutgoing(
      this.#context,
      null,
      "s_newmsg",
      name,
      data,
      null,
    );
    if (this.#clients.size === 0 && !this.isClosing) this.#logNoClients(name);
    return this.#context.broadcaster.send(frame);
  }
  /**
   * Stops accepting a named token, and closes the connections that used it.
   *
   * @returns The number of connections that were closed
   */
  revoke(name) {
    const credential = this.credentials.revoke(name);
    this.log.info("revoke", `token ${name} revoked`);
    return this.#closeAllOf(credential, "token revoked");
  }
  /** Replaces the token. The old one is still accepted for `grace` milliseconds. */
  rotate(token, grace) {
    this.credentials.rotate(token, grace);
    const rest = grace === 0
      ? ""
      : `: the old token is accepted for another ${grace} ms`;
    this.log.info("rotate", `token replaced${rest}`);
  }
  /** Closes all connections. Requests in progress can finish within `timeout` ms. */
  async close(timeout) {
    const connections = [
      ...this.#connections.keys(),
    ];
    this.#context.shutdown.begin(this.#clients.size);
    this.credentials.close();
    this.#endpoint?.close();
    const isFinished = await settlesWithin(shutDownAll(connections), timeout);
    if (!isFinished) this.#logUnfinished(connections, timeout);
    await forEachPerTurn(
      connections,
      (connection) => connection.closeForShutdown(),
    );
    this.#context.authenticator.close();
    const ended = connections.map(({ handlersEnded }) => handlersEnded);
    await settlesWithin(
      Promise.all([
        this.#emptied(),
        ...ended,
      ]),
      CLOSE_TIMEOUT,
    );
    this.#context.stalls.stop();
  }
  #createEvents() {
    return {
      admit: (connection, decided) => {
        const result = this.#context.authenticator.confirm(decided);
        if (typeof result === "string") return result;
        const exceeded2 = this.#connections.get(connection)?.admit();
        if (exceeded2 !== void 0) return exceeded2;
        this.#hasLoggedNoClients = false;
        this.#logins.delete(connection);
        this.#openings.delete(connection);
        this.#clients.add(connection.client);
        return result;
      },
      onClosed: (connection) => {
        this.#connections.get(connection)?.close();
        this.#logins.delete(connection);
        this.#clients.delete(connection.client);
      },
      onGone: (connection) => {
        const place = this.#connections.get(connection);
        if (place === void 0) return;
        this.#connections.delete(connection);
        this.#openings.delete(connection);
        place.leave();
        if (connection.isOpening) this.#upgrades.countLost(connection.peer);
        if (this.#connections.size > 0) return;
        this.#context.stalls.stop();
        this.#onEmpty?.();
      },
    };
  }
  /** Closes the connections that used a token; returns their number. */
  #closeAllOf(credential, reason) {
    const connections = [
      ...this.#connections.keys(),
    ].filter((connection) =>
      connection.credential === credential &&
      this.#clients.has(connection.client)
    );
    for (const connection of connections) {
      connection.close(CloseCode.POLICY_VIOLATION, reason);
    }
    return connections.length;
  }
  #logNoClients(name) {
    if (this.#hasLoggedNoClients) return;
    this.#hasLoggedNoClients = true;
    const subject = describeMessage(this.log.redact(name));
    this.log.warn(
      "broadcast",
      `${subject} was not sent: no client is connected`,
    );
  }
  #logUnfinished(connections, timeout) {
    const { length } = connections.filter(({ isBusy }) => isBusy);
    const closed = length === 1
      ? "1 connection that still had"
      : `${length} connections that still had`;
    this.log.warn(
      "shutdown",
      `closed ${closed} requests in progress after ${timeout} ms`,
    );
  }
  /** Resolves when the last connection is gone. */
  #emptied() {
    return new Promise((resolve2) => {
      this.#onEmpty = resolve2;
      if (this.#connections.size === 0) resolve2();
    });
  }
};
function openSocket(request) {
  try {
    return Deno.upgradeWebSocket(request);
  } catch {
    return void 0;
  }
}
function createEndpoint({ contract, exposeContract }, auth) {
  return exposeContract && contract !== void 0
    ? new ContractEndpoint(contract, new HttpAuth(auth))
    : void 0;
}
function createContext(options, log, registry, authenticator) {
  const { limits, minimumVersion, contract, exposeErrors, onSlow } = options;
  const defer = (turn) => void setImmediate(turn);
  let lastMessageId = 0;
  return {
    log,
    limits,
    rules: {
      ...limits,
      minimumVersion,
    },
    contract,
    registry,
    authenticator,
    broadcaster: new Broadcaster(
      defer,
      Math.min(MAX_BATCH, limits.maxBuffered),
    ),
    scheduler: new FairScheduler(defer),
    stalls: new Stalls(),
    identityRates: new SharedRates(limits.maxRatePerToken),
    overruns: new SharedRates(OVERRUN.perSecond, OVERRUN.burst),
    exposeErrors,
    onSlow,
    strangers: new StrangerLines(),
    shutdown: new Shutdown(),
    nextMessageId: () => ++lastMessageId,
  };
}
async function shutDownAll(connections) {
  const closed = [];
  await forEachPerTurn(
    connections,
    (connection) => closed.push(connection.shutdown()),
  );
  await Promise.all(closed);
}

// common/bad_ports.ts
var BAD_PORTS = /* @__PURE__ */ new Set([
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
function isBadPort(port) {
  return BAD_PORTS.has(port);
}

// server/listen.ts
var LISTEN_KEYS = {
  hostname: true,
  port: true,
  cert: true,
  key: true,
  reusePort: true,
  onListen: true,
};
var LISTEN = "Cannot listen";
var PORTS = {
  min: 0,
  max: 65535,
  integer: true,
};
function openPort(options, handler, onError) {
  const { hostname = "0.0.0.0", port = 5e3, cert, key } = options;
  const {
    reusePort = false,
    onListen = () => {
    },
  } = options;
  const controller = new AbortController();
  const { signal } = controller;
  const common = {
    hostname,
    port,
    reusePort,
    onListen,
    onError,
    signal,
  };
  const tls = cert === void 0 || key === void 0 ? {} : {
    cert,
    key,
  };
  try {
    const { addr, finished } = Deno.serve({
      ...common,
      ...tls,
    }, handler);
    return {
      addr,
      finished,
      abort: () => controller.abort(),
    };
  } catch (error) {
    throw explain(error, hostname, port);
  }
}
function checkListenOptions(options) {
  checkKeys(LISTEN, options, LISTEN_KEYS);
  const { hostname, port, cert, key, reusePort, onListen } = options;
  checkString(LISTEN, "hostname", hostname);
  checkNumber(LISTEN, "port", port, PORTS);
  checkString(LISTEN, "cert", cert);
  checkString(LISTEN, "key", key);
  checkBoolean(LISTEN, "reusePort", reusePort);
  checkFunction(LISTEN, "onListen", onListen);
  if (cert === void 0 === (key === void 0)) return;
  const [given, missing] = cert === void 0
    ? [
      "key",
      "cert",
    ]
    : [
      "cert",
      "key",
    ];
  throw new TypeError(
    `${LISTEN}: TLS needs 'cert' and 'key', and '${missing}' is missing. Pass '${missing}' or omit '${given}'.`,
  );
}
function explain(error, hostname, port) {
  const options = {
    cause: error,
  };
  const subject = `${LISTEN} on ${bracket(hostname)}:${port}`;
  const { AddrInUse, AddrNotAvailable, NotCapable, PermissionDenied } =
    Deno.errors;
  if (error instanceof AddrInUse) {
    return new AddrInUse(
      `${LISTEN} on port ${port}: the port is in use. Choose another port or stop the other program.`,
      options,
    );
  }
  if (error instanceof AddrNotAvailable) {
    return new AddrNotAvailable(
      `${subject}: this machine does not have the address. Choose another 'hostname'.`,
      options,
    );
  }
  if (error instanceof NotCapable) {
    return new NotCapable(
      `${subject}: the permission is missing. Run with --allow-net.`,
      options,
    );
  }
  if (error instanceof PermissionDenied) {
    return new PermissionDenied(
      `${subject}: the system does not allow it. Choose a port above 1023.`,
      options,
    );
  }
  const { message } = error instanceof Error ? error : new Error(String(error));
  return new TypeError(
    /host|lookup/i.test(message)
      ? `${LISTEN} on hostname ${
        JSON.stringify(hostname)
      }: it is not an address or a name of this machine. Choose another 'hostname'.`
      : `${subject}: ${message}`,
    options,
  );
}

// server/signals.ts
var isReserved = false;
function reserveSignals() {
  if (isReserved) return;
  isReserved = true;
  const ignore = () => {
  };
  try {
    Deno.addSignalListener("SIGWINCH", ignore);
    Deno.removeSignalListener("SIGWINCH", ignore);
  } catch {
    return;
  }
}

// server/listening.ts
var GRACE = 1e3;
var PAUSE = 250;
var MAX_OUTAGE = 3e4;
var MAX_ATTEMPTS = MAX_OUTAGE / PAUSE;
var MAX_LINES3 = 5;
var LINES_PER_SECOND3 = 0.1;
var MAX_EXCEPTIONS = 20;
var Listening = class {
  /** The bound address and port */
  addr;
  #options;
  #handler;
  #log;
  #onLost;
  #lines = new LogThrottle(LINES_PER_SECOND3, MAX_LINES3);
  #exceptions = new LogThrottle(LINES_PER_SECOND3, MAX_EXCEPTIONS);
  /** `undefined` while the server does not accept connections */
  #port;
  #retry;
  /** The failed attempts to listen again, in a row */
  #failures = 0;
  #isClosed = false;
  /**
   * Binds the port immediately.
   *
   * @param options The options of the application
   * @param handler Handles the requests
   * @param log The log of the server
   * @param onLost Called when the port has been unavailable for 30 seconds
   *
   * @throws The error of the system, if the port cannot be bound
   */
  constructor(options, handler, log, onLost) {
    checkListenOptions(options);
    this.#handler = handler;
    this.#log = log;
    this.#onLost = onLost;
    reserveSignals();
    this.addr = this.#open(options);
    const { port } = this.addr;
    this.#options = {
      ...options,
      port,
      onListen: void 0,
    };
    if (isBadPort(port)) this.#warnOfBadPort(port);
  }
  /** The URL to connect to from this machine */
  get url() {
    const { hostname, port } = this.addr;
    const isWildcard = hostname === "0.0.0.0" || hostname === "::";
    const host = isWildcard ? "localhost" : bracket(hostname);
    const scheme = this.#options.cert === void 0 ? "http" : "https";
    return `${scheme}://${host}:${port}`;
  }
  /** Releases the port, in bounded time. */
  async close() {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    if (this.#port === void 0) return;
    this.#port.abort();
    await settlesWithin(this.#port.finished, GRACE);
  }
  #warnOfBadPort(port) {
    this.#log.warn(
      "listen",
      `browsers and fetch do not connect to port ${port}. Choose another port, unless clients connect through a proxy.`,
    );
  }
  #open(options) {
    const port = openPort(options, this.#handler, (error) => {
      this.#logException(error);
      return text(500, "Internal server error");
    });
    this.#port = port;
    const onEnd = (error) => this.#onEnd(error);
    port.finished.then(onEnd, onEnd);
    return port.addr;
  }
  /** Called when Deno does not accept connections any more. */
  #onEnd(error) {
    if (this.#isClosed) return;
    this.#port = void 0;
    this.#logInterruption(error);
    this.#openLater();
  }
  #openLater() {
    if (this.#isClosed) return;
    this.#retry = setTimeout(() => this.#openAgain(), PAUSE);
  }
  #openAgain() {
    try {
      this.#open(this.#options);
      this.#failures = 0;
    } catch (error) {
      this.#openLater();
      if (!isExhausted(error)) this.#countFailure(error);
    }
  }
  #countFailure(cause) {
    if (++this.#failures !== MAX_ATTEMPTS) return;
    const error = new HoistError(
      `Cannot accept connections: the port has been unavailable for 30 seconds. ${
        messageOf(cause)
      }`,
      {
        cause,
      },
    );
    this.#log.error("listen", error.message);
    this.#onLost(error);
  }
  /** Throttled, because a request of a stranger can cause it. */
  #logException(error) {
    const line = this.#exceptions.pass("the HTTP server failed");
    if (line !== void 0) this.#log.exception(line, error);
  }
  #logInterruption(error) {
    const line = this.#lines.pass(
      `port ${this.addr.port} stopped accepting connections: ${
        messageOf(error)
      }. The server listens again in ${PAUSE} ms.`,
    );
    if (line !== void 0) this.#log.error("listen", line);
  }
};
function isExhausted(error) {
  const { cause } = Object(error);
  return [
    "EMFILE",
    "ENFILE",
  ].includes(Object(cause).code);
}
function messageOf(error) {
  return error instanceof Error ? error.message : "unknown error";
}

// common/debug_state.ts
var calls = [];
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

// common/logger.ts
var LINE_LEVELS = [
  "debug",
  "info",
  "warn",
  "error",
];
var LOG_LEVELS = [
  ...LINE_LEVELS,
  "critical",
];
function isLogged(level, minimum) {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(minimum);
}
function parseLogLevel(value) {
  if (typeof value === "number") return LOG_LEVELS[value / 10 - 1];
  const name = typeof value === "string" ? value.toLowerCase() : value;
  return LOG_LEVELS.find((level) => level === name);
}

// common/secrets.ts
var MIN_SECRET = 12;
var REDACTED = "[redacted]";
var TOKEN_FIELD = /("token"\s*:\s*)"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)/gs;
function showFrame(frame, secrets) {
  const start3 = redactStart(frame, secrets);
  return escapeControls(start3.replaceAll(TOKEN_FIELD, `$1"${REDACTED}"`));
}
function redactStart(text2, secrets) {
  const start3 = text2.slice(0, MAX_SHOWN + secrets.longest);
  const shown = secrets.redact(start3);
  const uncertain = start3.length < text2.length ? secrets.longest : 0;
  return shown.slice(0, Math.min(MAX_SHOWN, shown.length - uncertain));
}

// server/log_caller.ts
var BY_EVENT = /* @__PURE__ */ new Map([
  [
    "startup",
    "start",
  ],
  [
    "listen",
    "start",
  ],
  [
    "contract",
    "start",
  ],
  [
    "shutdown",
    "close",
  ],
  [
    "receive",
    "receive",
  ],
]);
var PUBLIC_METHOD =
  /^\s*at (?:async )?(?:Server|ConnectedClient|ClientMessage)\.([a-z]\w*) /m;
var BY_CLASS = [
  [
    /^\s*at (?:async )?(?:Calls|StreamSender)\./m,
    "operation",
  ],
  [
    /^\s*at (?:async )?RequestHandler\./m,
    "receive",
  ],
  [
    /^\s*at (?:async )?Broadcaster\./m,
    "broadcast",
  ],
];
var MAX_FRAMES = 50;
function callerOf(event) {
  const fixed = BY_EVENT.get(event);
  if (fixed !== void 0) return fixed;
  const stack = readStack();
  const method = PUBLIC_METHOD.exec(stack)?.[1];
  if (method !== void 0) return method;
  return BY_CLASS.find(([pattern]) => pattern.test(stack))?.[1] ?? "fetch";
}
function readStack() {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = MAX_FRAMES;
  try {
    return String(new Error().stack);
  } catch {
    return "";
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

// tools/links/std_log/mod.ts
var LogLevels = {
  NOTSET: 0,
  DEBUG: 10,
  INFO: 20,
  WARN: 30,
  ERROR: 40,
  CRITICAL: 50,
};
var Logger = class {
  level;
  handlers;
  loggerName;
  constructor(loggerName, levelName, options = {}) {
    this.loggerName = loggerName;
    this.level = LogLevels[levelName];
    this.handlers = options.handlers ?? [];
  }
  debug(msg) {
    return this.#record("DEBUG", msg);
  }
  info(msg) {
    return this.#record("INFO", msg);
  }
  warn(msg) {
    return this.#record("WARN", msg);
  }
  error(msg) {
    return this.#record("ERROR", msg);
  }
  #record(levelName, msg) {
    const level = LogLevels[levelName];
    if (level < this.level) return msg;
    const record = {
      msg,
      level,
      levelName,
      loggerName: this.loggerName,
    };
    for (const handler of this.handlers) handler.handle(record);
    return msg;
  }
};
var loggers = /* @__PURE__ */ new Map();
function getLogger(name = "default") {
  let logger = loggers.get(name);
  if (logger === void 0) {
    logger = new Logger(name, "NOTSET");
    loggers.set(name, logger);
  }
  return logger;
}

// common/log_format.ts
var LOG_FORMATS = [
  "text",
  "json",
];
var MAX_MESSAGE2 = 4e3;
var MAX_ERROR = 16e3;
function formatText(entry) {
  return `${callerPrefix(entry)}${entry.event}: ${formatDetails(entry)}`;
}
function callerPrefix({ caller }) {
  return caller === void 0 ? "" : `(${caller}) `;
}
function formatDetails({ message, error }) {
  const escape = (text2) => escapeControls(text2, Infinity);
  const shown = showEscaped(message, MAX_MESSAGE2, escape);
  return error === void 0 ? shown : `${shown}${
    showEscaped(
      `
${error}`,
      MAX_ERROR,
      escapeLines,
    )
  }`;
}
function showEscaped(text2, length, escape) {
  return truncate(escape(truncate(text2, length)), length);
}
function showInJson(text2, length) {
  const start3 = truncate(text2, length);
  const { length: escaped } = escapeJson(JSON.stringify(start3));
  return escaped <= 2 * length ? start3 : truncate(text2, length / 6);
}
function formatterFor(format, isTerminal) {
  if (format === "json") return formatJson;
  return isTerminal ? formatText : formatTimed;
}
function formatTimed(entry) {
  const { level } = entry;
  return `${timeOf()} ${level.toUpperCase()} ${formatText(entry)}`;
}
function formatJson(entry) {
  const { level, event, message, fields, error, caller } = entry;
  return escapeJson(JSON.stringify({
    time: timeOf(),
    level,
    event,
    message: showInJson(message, MAX_MESSAGE2),
    ...fields,
    error: error && showInJson(error, MAX_ERROR),
    caller,
  }));
}
function timeOf() {
  return (/* @__PURE__ */ new Date()).toISOString();
}

// server/log_output.ts
function makeOutput(logger, format) {
  const own = logger ?? configuredLogger();
  if (own === void 0) return makeStandardOutput(format);
  const formatLine2 = format === "json" ? formatJson : formatText;
  return (entry) => {
    const shown = entry.isTokenShared ? withToken(entry) : entry;
    passLine(own, entry.level, formatLine2(shown));
  };
}
function withToken(entry) {
  const { message, token } = entry;
  if (token === void 0) return entry;
  return {
    ...entry,
    message: `${message} with token ${token}`,
  };
}
function passLine(logger, level, line) {
  try {
    const result = logger[level](line);
    if (result instanceof Promise) {
      result.catch(() => {
      });
    }
  } catch {
    return;
  }
}
function configuredLogger() {
  const logger = getLogger("hoist");
  if (logger.handlers.length === 0) return void 0;
  return {
    debug: (line) => void logger.debug(line),
    info: (line) => void logger.info(line),
    warn: (line) => void logger.warn(line),
    error: (line) => void logger.error(line),
  };
}
function makeStandardOutput(format) {
  const formatLine2 = standardFormat(format);
  return (entry) => {
    const line = formatLine2(withToken(entry));
    if (entry.token === void 0) passLine(CONSOLE, entry.level, line);
    else writeDirectly(line);
  };
}
function standardFormat(format) {
  const formatLine2 = formatterFor(format, Deno.stderr.isTerminal());
  const isPlain = formatLine2 !== formatText || Deno.noColor || isExported();
  return isPlain ? formatLine2 : formatColored;
}
var COLORS = {
  debug: 90,
  info: 32,
  warn: 33,
  error: 31,
};
function formatColored(entry) {
  const event = `\x1B[${COLORS[entry.level]}m${entry.event}\x1B[39m`;
  return `${callerPrefix(entry)}${event}: ${formatDetails(entry)}`;
}
var CONSOLE = {
  debug: (line) => writeToConsole("debug", line),
  info: (line) => writeToConsole("info", line),
  warn: (line) => writeToConsole("warn", line),
  error: (line) => writeToConsole("error", line),
};
function writeToConsole(level, line) {
  const method = isExported() ? level : "error";
  console[method]("%s", line);
}
function isExported() {
  const global = globalThis;
  const api = Object(global[Symbol.for("opentelemetry.js.api.1")]);
  return api.trace !== void 0 && api.trace === Deno.telemetry.tracerProvider;
}
function writeDirectly(line) {
  const bytes = new TextEncoder().encode(`${line}
`);
  try {
    for (let done = 0; done < bytes.length;) {
      done += Deno.stderr.writeSync(bytes.subarray(done));
    }
  } catch {
    return;
  }
}

// server/redactor.ts
var Redactor = class {
  #secrets;
  #known = [];
  #forms = new Forms([]);
  /**
   * Constructs a `Redactor`.
   *
   * @param secrets Returns the secrets, and the same array while they do not change
   */
  constructor(secrets) {
    this.#secrets = secrets;
  }
  /** The length of the longest form of a secret, in UTF-16 code units */
  get longest() {
    return this.#current.longest;
  }
  /**
   * Replaces the secrets in a string.
   *
   * @param text The string
   * @param secret Another secret
   */
  redact(text2, secret = "") {
    const all = [
      this.#current,
    ];
    if (secret.length >= MIN_SECRET) {
      all.push(
        new Forms([
          secret,
        ]),
      );
    }
    const forms = all.filter((each) => each.canOccurIn(text2));
    return forms.length === 0 ? text2 : replaceForms(text2, forms);
  }
  /**
   * Replaces the secrets in the message of an error, but not in its stack frames. A string
   * with a short token is omitted as a whole, because a gap would reveal the token.
   *
   * @param error The error with its stack
   * @param secret Another secret: a token that the client has sent
   */
  redactError(error, secret = "") {
    const lines = error.split("\n");
    const others = lines.filter((line) => !isFrame(line)).join("\n");
    if (
      isShort(secret) && formsOf(secret).some((form) => others.includes(form))
    ) {
      const frames = lines.filter(isFrame);
      return [
        "the error is not shown, because it contains the token",
        ...frames,
      ].join("\n");
    }
    return groupLines(lines).map((group) =>
      isFrame(group) ? group : this.redact(group, secret)
    ).join("\n");
  }
  get #current() {
    const secrets = this.#secrets();
    if (secrets !== this.#known) {
      this.#known = secrets;
      this.#forms = new Forms(secrets);
    }
    return this.#forms;
  }
};
function isFrame(line) {
  return line.startsWith("    ") && line.trimStart().startsWith("at ");
}
function groupLines(lines) {
  const groups = [];
  let isOpen = false;
  for (const line of lines) {
    const last = groups.length - 1;
    if (isFrame(line) || !isOpen) groups.push(line);
    else {groups[last] += `
${line}`;}
    isOpen = !isFrame(line);
  }
  return groups;
}
function isShort({ length }) {
  return length > 0 && length < MIN_SECRET;
}
var MAX_SEARCHES = 30;
var Forms = class {
  /** The length of the longest form */
  longest = 0;
  #byStart = /* @__PURE__ */ new Map();
  /** The first code units of all forms, because the lookup of a string takes longer */
  #firstUnits = /* @__PURE__ */ new Set();
  #all;
  constructor(secrets) {
    const long = secrets.filter(({ length }) => length >= MIN_SECRET);
    this.#all = long.flatMap(allFormsOf);
    for (const form of this.#all) {
      const start3 = form.slice(0, MIN_SECRET);
      const others = this.#byStart.get(start3);
      if (others === void 0) {
        this.#byStart.set(start3, [
          form,
        ]);
      } else others.push(form);
      this.#firstUnits.add(form.charCodeAt(0));
      this.longest = Math.max(this.longest, form.length);
    }
  }
  /** Whether a string can contain a form. A few native searches are fast. */
  canOccurIn(text2) {
    return this.#all.length > MAX_SEARCHES ||
      this.#all.some((form) => text2.includes(form));
  }
  /** Returns the length of the longest form that begins at an index; 0 if there is none. */
  lengthAt(text2, index) {
    if (!this.#firstUnits.has(text2.charCodeAt(index))) return 0;
    const start3 = text2.slice(index, index + MIN_SECRET);
    let longest2 = 0;
    for (const form of this.#byStart.get(start3) ?? []) {
      if (form.length > longest2 && text2.startsWith(form, index)) {
        longest2 = form.length;
      }
    }
    return longest2;
  }
};
function replaceForms(text2, forms) {
  let replaced = "";
  let kept = 0;
  for (let index = 0; index + MIN_SECRET <= text2.length; index++) {
    const length = longestAt(forms, text2, index);
    if (length === 0) continue;
    replaced += text2.slice(kept, index) + REDACTED;
    kept = index + length;
    index = kept - 1;
  }
  return replaced + text2.slice(kept);
}
function longestAt(forms, text2, index) {
  let longest2 = 0;
  for (const each of forms) {
    longest2 = Math.max(longest2, each.lengthAt(text2, index));
  }
  return longest2;
}
function allFormsOf(secret) {
  return [
    .../* @__PURE__ */ new Set([
      ...formsOf(secret),
      ...base64FormsOf(secret),
    ]),
  ];
}
function formsOf(secret) {
  const encoded = encodeURIComponent(secret.toWellFormed());
  return [
    secret,
    // In JSON and in the output of `Deno.inspect`, some characters are escaped.
    JSON.stringify(secret).slice(1, -1),
    encoded,
    encoded.replaceAll("%20", "+"),
  ];
}
var FIRST_CHARACTER = [
  0,
  2,
  3,
];
function base64FormsOf(secret) {
  const bytes = new TextEncoder().encode(secret);
  return FIRST_CHARACTER.flatMap((first, offset) => {
    const padded = new Uint8Array(offset + bytes.length);
    padded.set(bytes, offset);
    const end = Math.floor(padded.length * 8 / 6);
    return [
      "base64",
      "base64url",
    ].map((alphabet) =>
      padded.toBase64({
        alphabet,
      }).slice(first, end)
    );
  });
}

// server/log.ts
var NO_SECRETS = [];
var Log = class {
  #output;
  #minimum;
  #redactor;
  constructor({ logger, logLevel, logFormat, secrets }) {
    this.#output = makeOutput(logger, logFormat ?? "text");
    this.#minimum = logLevel;
    this.#redactor = new Redactor(secrets ?? (() => NO_SECRETS));
  }
  /** Whether debug lines are logged */
  get debugs() {
    return this.#logs("debug");
  }
  /** Logs a debug line. Calls `message` only if the line is logged. */
  debug(event, message, fields) {
    if (this.#logs("debug")) {
      this.#write({
        level: "debug",
        event,
        message: safely(message),
        fields,
      });
    }
  }
  /** Logs a normal event. */
  info(event, message, fields) {
    this.#line("info", event, message, fields);
  }
  /** Logs a probable mistake. */
  warn(event, message, fields) {
    this.#line("warn", event, message, fields);
  }
  /** Logs a failure of the server. */
  error(event, message, fields) {
    this.#line("error", event, message, fields);
  }
  /** Logs an exception of a callback, with its stack. */
  exception(message, error, fields) {
    if (!this.#logs("error")) return;
    const shown = this.#redactor.redactError(inspectError(error));
    this.#write({
      level: "error",
      event: "error",
      message,
      error: shown,
      fields,
    });
  }
  /** Logs an exception of a login function, without the token that it got. */
  loginException(message, error, token) {
    if (!this.#logs("error")) return;
    const shown = this.#redactor.redactError(inspectError(error), token);
    this.#write({
      level: "error",
      event: "error",
      message,
      error: shown,
    });
  }
  /**
   * Logs the address of the server. Python Hoist documents this line, and programs read the
   * address from it.
   *
   * @param address The address and the port
   * @param token The token to show, if there is one
   * @param isTokenShared Whether the logger of the application gets the token, too
   */
  startup(address, token, isTokenShared) {
    if (!this.#logs("info")) return;
    const message = `starting server on ${address}`;
    this.#write({
      level: "info",
      event: "startup",
      message,
      fields: {
        address,
      },
      token,
      isTokenShared,
    });
  }
  /** Logs an event of the HTTP server if `debug({ http: true })` was called. */
  http(message) {
    if (!debugOptions()?.http) return;
    this.#write({
      level: "debug",
      event: "http",
      message: safely(message),
    });
  }
  /** Returns the start of a string from outside, without tokens. */
  redact(value) {
    return redactStart(value, this.#redactor);
  }
  /** Returns the start of a frame, without tokens and control characters. */
  showFrame(frame) {
    return showFrame(frame, this.#redactor);
  }
  #logs(level) {
    return debugOptions() !== void 0 || isLogged(level, this.#minimum);
  }
  #line(level, event, message, fields) {
    if (this.#logs(level)) {
      this.#write({
        level,
        event,
        message,
        fields,
      });
    }
  }
  #write(entry) {
    const { trace } = debugOptions() ?? {};
    const caller = trace ? callerOf(entry.event) : void 0;
    this.#output({
      ...entry,
      caller,
    });
  }
};
function safely(message) {
  try {
    return message();
  } catch {
    return "an event whose details cannot be shown";
  }
}
function inspectError(error) {
  try {
    return Deno.inspect(error);
  } catch {
    return "an error that cannot be formatted";
  }
}

// token.ts
var DEFAULT_TOKEN_ALPHABET =
  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
var DEFAULT_TOKEN_LENGTH = 25;
var MAX_TOKEN_LENGTH = 1024;
function generateToken(options = {}) {
  const { length = DEFAULT_TOKEN_LENGTH, alphabet = DEFAULT_TOKEN_ALPHABET } =
    options;
  assertLength2(length);
  const characters = charactersOf(alphabet);
  return Array.from({
    length,
  }, () => characters[randomIndex(characters.length)]).join("");
}
function assertLength2(length) {
  if (Number.isInteger(length) && length >= 1 && length <= MAX_TOKEN_LENGTH) {
    return;
  }
  const needed =
    `Cannot generate a token: the length must be a whole number from 1 to ${MAX_TOKEN_LENGTH}.`;
  throw typeof length === "number"
    ? new RangeError(`${needed} It is ${length}.`)
    : new TypeError(`${needed} It is of type ${typeof length}.`);
}
function charactersOf(alphabet) {
  const characters = typeof alphabet === "string"
    ? [
      ...alphabet,
    ]
    : [];
  if (characters.length < 2) {
    throw new TypeError(
      "Cannot generate a token: the alphabet must be a string of at least two characters.",
    );
  }
  const repeated = characters.find((character, index) =>
    characters.indexOf(character) !== index
  );
  if (repeated === void 0) return characters;
  throw new TypeError(
    `Cannot generate a token: the characters of the alphabet must be different. ${
      JSON.stringify(repeated)
    } occurs twice.`,
  );
}
function randomIndex(limit2) {
  const word = new Uint32Array(1);
  const ceiling = 2 ** 32 - 2 ** 32 % limit2;
  let value;
  do {
    value = crypto.getRandomValues(word)[0];
  } while (value >= ceiling);
  return value % limit2;
}

// server/limits.ts
var MILLISECONDS = {
  min: 1,
  max: MAX_TIMEOUT,
  unit: "milliseconds",
  infinity: true,
};
var COUNT = {
  min: 1,
  integer: true,
  infinity: true,
};
var BYTES = {
  integer: true,
  unit: "bytes",
  infinity: true,
};
var RANGES = {
  maxPayload: {
    ...BYTES,
    min: 128,
  },
  maxLoginPayload: {
    ...BYTES,
    min: 256,
  },
  maxConnections: COUNT,
  maxConnectionsPerAddress: COUNT,
  maxUnauthenticated: COUNT,
  loginTimeout: MILLISECONDS,
  maxLoginFailures: COUNT,
  loginFailureWindow: MILLISECONDS,
  maxPending: COUNT,
  maxPendingBytes: {
    ...BYTES,
    min: 1024,
  },
  maxRate: {
    min: 1e-3,
    unit: "requests per second",
    infinity: true,
  },
  maxBurst: COUNT,
  maxRatePerToken: {
    min: 1e-3,
    unit: "requests per second",
    infinity: true,
  },
  maxByteRate: {
    ...BYTES,
    min: 1024,
    unit: "bytes per second",
  },
  maxBuffered: {
    ...BYTES,
    min: 1024,
  },
  // The check of the depth is recursive: 1,000 levels are far from a stack overflow.
  maxDepth: {
    ...COUNT,
    max: 1e3,
  },
  maxLostUpgrades: COUNT,
};
var DEFAULTS = {
  maxPayload: 65536,
  maxLoginPayload: 8192,
  maxConnections: 1e4,
  maxConnectionsPerAddress: 1e3,
  loginTimeout: 1e4,
  maxLoginFailures: 10,
  loginFailureWindow: 6e4,
  maxPending: 1024,
  maxRate: 2e4,
  maxRatePerToken: Infinity,
  maxByteRate: 67108864,
  maxBuffered: 4194304,
  maxDepth: 64,
  maxLostUpgrades: Infinity,
};
var MIN_UNAUTHENTICATED = 100;
var MIN_PENDING_BYTES = 1048576;
function resolveLimits(limits = {}) {
  checkKeys("Cannot serve", limits, RANGES, "limits");
  const given = Object.fromEntries(
    Object.entries(limits).filter(([, value]) => value !== void 0),
  );
  for (const [name, range] of Object.entries(RANGES)) {
    const value = given[name];
    checkNumber("Cannot serve", `limits.${name}`, value, range);
  }
  const { maxRate, maxPayload, maxConnections } = {
    ...DEFAULTS,
    ...given,
  };
  return {
    ...DEFAULTS,
    maxBurst: Math.max(1, Math.ceil(2 * maxRate)),
    maxPendingBytes: Math.max(MIN_PENDING_BYTES, 2 * maxPayload),
    maxUnauthenticated: Math.max(
      MIN_UNAUTHENTICATED,
      Math.ceil(maxConnections / 10),
    ),
    ...given,
  };
}

// server/log_options.ts
var LOG_OPTIONS_KEYS = {
  hideToken: true,
  showToken: true,
  logLevel: true,
  logFormat: true,
  logger: true,
};
var SERVE2 = "Cannot serve";
function resolveLogOptions(options) {
  const { hideToken = false, showToken = false } = options;
  const { logLevel = "info", logFormat = "text", logger } = options;
  checkBoolean(SERVE2, "hideToken", hideToken);
  checkBoolean(SERVE2, "showToken", showToken);
  if (hideToken && showToken) {
    throw new TypeError(
      `${SERVE2}: 'hideToken' and 'showToken' exclude each other. Omit one of them.`,
    );
  }
  return {
    hideToken,
    showToken,
    logLevel: checkLogLevel(logLevel),
    logFormat: checkOneOf(SERVE2, "logFormat", logFormat, LOG_FORMATS),
    logger: checkLogger(logger),
  };
}
function checkLogLevel(value) {
  const level = parseLogLevel(value);
  if (level !== void 0) return level;
  const names = LOG_LEVELS.map((level2) => JSON.stringify(level2)).join(", ");
  const needed = `one of ${names}, or 10, 20, 30, 40 or 50`;
  throw typeof value === "number"
    ? outOfRange(SERVE2, "'logLevel'", needed, value)
    : invalidType(SERVE2, "'logLevel'", needed, value);
}
function checkLogger(logger) {
  checkObject(SERVE2, "logger", logger);
  for (const level of logger === void 0 ? [] : LINE_LEVELS) {
    if (typeof logger?.[level] === "function") continue;
    const needed = `an object with the methods ${LINE_LEVELS.join(", ")}`;
    throw invalidType(SERVE2, "'logger'", needed, logger);
  }
  return logger;
}

// server/options.ts
var SERVER_KEYS = {
  login: true,
  tokens: true,
  contract: true,
  exposeContract: true,
  limits: true,
  onSlow: true,
  allowedOrigins: true,
  trustProxy: true,
  minimumVersion: true,
  tokenLength: true,
  tokenAlphabet: true,
  exposeErrors: true,
  closeTimeout: true,
  signal: true,
  ...LOG_OPTIONS_KEYS,
};
var SERVE_KEYS = {
  ...SERVER_KEYS,
  ...LISTEN_KEYS,
};
var CLOSE_KEYS = {
  timeout: true,
};
var ROTATE_KEYS = {
  grace: true,
};
var SERVE3 = "Cannot serve";
function splitOptions(options) {
  checkKeys(SERVE3, options, SERVE_KEYS);
  checkSignal(SERVE3, "signal", options.signal);
  const { hostname, port, cert, key, reusePort, onListen, ...rest } = options;
  return [
    rest,
    {
      hostname,
      port,
      cert,
      key,
      reusePort,
      onListen,
    },
  ];
}
function resolveOptions(tokenOrOptions, options = {}) {
  if (typeof tokenOrOptions === "object" && tokenOrOptions !== null) {
    return resolve(void 0, tokenOrOptions);
  }
  return resolve(tokenOrOptions, options);
}
function resolve(given, options) {
  checkKeys(SERVE3, options, SERVER_KEYS);
  const { contract, tokens = [] } = options;
  const { exposeErrors = false, onSlow = "disconnect" } = options;
  const { closeTimeout = 5e3, login, signal } = options;
  const token = resolveToken(given, options);
  checkNamedTokens(token, tokens);
  assertOneLogin(options);
  assertDefined(SERVE3, contract);
  return {
    token,
    tokens,
    isTokenGenerated: given === void 0,
    login: checkFunction(SERVE3, "login", login),
    contract,
    exposeContract: resolveExposeContract(options),
    limits: resolveLimits(options.limits),
    onSlow: checkOneOf(SERVE3, "onSlow", onSlow, [
      "disconnect",
      "skip",
    ]),
    isAllowed: makeOriginCheck(options.allowedOrigins),
    trustProxy: resolveProxies(options.trustProxy),
    minimumVersion: checkVersion(options.minimumVersion),
    exposeErrors: checkBoolean(SERVE3, "exposeErrors", exposeErrors),
    closeTimeout: checkNumber(SERVE3, "closeTimeout", closeTimeout, DURATION),
    ...resolveLogOptions(options),
    signal: checkSignal(SERVE3, "signal", signal),
  };
}
function resolveToken(token, { tokenLength, tokenAlphabet, tokens }) {
  const range = {
    min: 1,
    max: 1024,
    integer: true,
  };
  const length = checkNumber(SERVE3, "tokenLength", tokenLength, range);
  const alphabet = checkString(SERVE3, "tokenAlphabet", tokenAlphabet);
  if (token !== void 0) {
    checkToken(SERVE3, "the token", token, "Omit it to generate one.");
    return token;
  }
  return tokens?.length ? "" : generateToken({
    length,
    alphabet,
  });
}
function assertOneLogin({ login, tokens }) {
  if (login === void 0 || tokens === void 0) return;
  throw new TypeError(
    `${SERVE3}: 'login' and 'tokens' exclude each other. Omit one of them.`,
  );
}
function resolveExposeContract({ contract, exposeContract = false }) {
  checkBoolean(SERVE3, "exposeContract", exposeContract);
  if (contract !== void 0 || !exposeContract) return exposeContract;
  throw new TypeError(
    `${SERVE3}: 'exposeContract' needs a contract. Pass one as the option 'contract'.`,
  );
}
function resolveProxies(trustProxy = false) {
  if (typeof trustProxy === "boolean") return trustProxy ? 1 : 0;
  if (Number.isSafeInteger(trustProxy) && trustProxy >= 0) return trustProxy;
  const needed = "true, false or a whole number of proxies";
  throw typeof trustProxy === "number"
    ? outOfRange(SERVE3, "'trustProxy'", needed, trustProxy)
    : invalidType(SERVE3, "'trustProxy'", needed, trustProxy);
}
function checkVersion(minimum) {
  if (minimum === void 0) return minimum;
  if (typeof minimum === "string" && isVersion(minimum)) return minimum;
  const needed = 'a version such as "1.2.3"';
  throw invalidType(SERVE3, "'minimumVersion'", needed, minimum);
}
function resolveTimeout(options) {
  checkKeys("Cannot close", options, CLOSE_KEYS);
  return checkNumber("Cannot close", "timeout", options.timeout, DURATION);
}
function resolveGrace(options) {
  const subject = "Cannot rotate the token";
  checkKeys(subject, options, ROTATE_KEYS);
  const { grace = 0 } = options;
  return checkNumber(subject, "grace", grace, DURATION);
}

// server/startup.ts
function logStartup(log, { addr, url, token }, options, credentials) {
  const { showToken } = options;
  const shown = isShown(token, options) ? token : void 0;
  log.startup(formatAddress(addr), shown, showToken);
  log.http(() => `listening on ${url}`);
  if (options.login === void 0) {
    warnAboutShortTokens(log, addr.hostname, credentials);
  }
}
function isShown(
  token,
  { token: first, isTokenGenerated, hideToken, showToken, login },
) {
  if (hideToken || login !== void 0 || token === "") return false;
  return showToken || isTokenGenerated && token === first;
}
function isLoopback(hostname) {
  return hostname.startsWith("127.") || hostname === "::1";
}
var MAX_NAMED = 3;
function warnAboutShortTokens(log, hostname, credentials) {
  if (isLoopback(hostname)) return;
  const short = credentials.filter(({ token }) => token.length < MIN_SECRET);
  if (short.length === 0) return;
  const names = short.slice(0, MAX_NAMED).map(({ identity }) =>
    identity === void 0 ? "the token" : `the token ${quote(identity.name)}`
  );
  const rest = short.length > MAX_NAMED ? " and others" : "";
  const have = short.length === 1 ? "has" : "have";
  log.warn(
    "startup",
    `${
      names.join(", ")
    }${rest} ${have} fewer than ${MIN_SECRET} characters, and other machines can reach the server. Choose a longer token, or listen on 127.0.0.1.`,
  );
}

// common/debug.ts
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

// server.ts
function serve(tokenOrOptions, options = {}) {
  if (typeof tokenOrOptions === "object" && tokenOrOptions !== null) {
    return serve(void 0, tokenOrOptions);
  }
  const [serverOptions, listenOptions] = splitOptions(options);
  options.signal?.throwIfAborted();
  return new Server(tokenOrOptions, serverOptions).listen(listenOptions);
}
var start2 = serve;
var Server = class {
  /**
   * Resolves when the server is closed and its port is free. Rejects if the server lost its
   * port: Deno stopped accepting connections, and the port was then unavailable for 30
   * seconds. A program that does not await this promise continues.
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   *
   * const server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * setTimeout(() => server.close(), 100);
   * await server.finished;
   * ```
   */
  finished;
  /**
   * Handles an HTTP request, as a handler of `Deno.serve`. You can pass `server.fetch` as a
   * function, because it does not need `this`: to `Deno.serve`, to a route of Hono, or to
   * `deno serve`.
   *
   * @param request The request from `Deno.serve`; a copy of it cannot be upgraded
   * @param info The remote address; without it, all clients count as one address. The server
   * rejects an upgrade with the port 0, because Deno reports it if the client has left
   * @returns The response
   */
  fetch;
  #options;
  #log;
  #hub;
  #finishing = Promise.withResolvers();
  /** Limits the lines about failed broadcasts, because the data can come from a client */
  #broadcastLines = new LogThrottle(1, 20);
  #onAbort = () => void this.close();
  #listening;
  #closing;
  /**
   * Constructs a `Server`.
   *
   * @param token Optional. The token that clients need, or the options; if omitted, the server
   * generates a token
   * @param options Optional. The behavior of the server
   *
   * @throws {TypeError} If an option is unknown or of the wrong type
   * @throws {RangeError} If an option is out of range
   */
  constructor(token, options) {
    const resolved = resolveOptions(token, options);
    const { login } = resolved;
    const general = this;
    this.#options = resolved;
    this.#log = new Log({
      ...resolved,
      secrets: () => this.#hub.credentials.secrets,
    });
    this.#hub = new Hub(
      resolved,
      this.#log,
      login && ((token2, context) => login(general, token2, context)),
    );
    reportMissing(this.#log, this.#hub);
    this.fetch = makeHandler(this.#hub);
    this.finished = this.#finishing.promise;
    this.finished.catch(() => {
    });
    this.#watchSignal();
  }
  /** The token of the server; an empty string if it has only named tokens */
  get token() {
    return this.#hub.credentials.token;
  }
  /**
   * Listens on a port of its own, immediately.
   *
   * @param options Optional. The address and the port
   * @returns This server
   *
   * @throws {Deno.errors.AddrInUse} If the port is in use
   * @throws {Deno.errors.NotCapable} If the permission `--allow-net` is missing
   * @throws {RangeError} If the port is out of range
   * @throws {TypeError} If an option is unknown or of the wrong type
   * @throws {HoistError} If the server already listens or is closed
   *
   * @example
   * ```ts
   * import { Server } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = new Server("test");
   * server.listen({ hostname: "127.0.0.1", port: 0 });
   * assert.notEqual(server.addr.port, 0);
   * ```
   */
  listen(options = {}) {
    this.#assertCanListen();
    this.#unwatchSignal();
    this.#listening = new Listening(
      options,
      this.fetch,
      this.#log,
      (error) => this.#finishing.reject(error),
    );
    this.#watchSignal();
    const credentials = this.#hub.credentials.current();
    logStartup(this.#log, this, this.#options, credentials);
    return this;
  }
  #assertCanListen() {
    if (this.#closing !== void 0) {
      throw new HoistError(
        "Cannot listen: the server is closed. Create a new one.",
      );
    }
    if (this.#listening === void 0) return;
    const { url } = this.#listening;
    throw new HoistError(
      `Cannot listen: the server already listens on ${url}. Create another server for another port.`,
    );
  }
  get #open() {
    if (this.#listening !== void 0) return this.#listening;
    throw new HoistError(
      "Cannot get the address: the server does not listen. Call listen() first.",
    );
  }
  /**
   * The bound address and port
   *
   * @throws {HoistError} If the server does not listen
   */
  get addr() {
    return this.#open.addr;
  }
  /**
   * The URL to connect to from this machine, such as `http://localhost:5000`
   *
   * @throws {HoistError} If the server does not listen
   */
  get url() {
    return this.#open.url;
  }
  /** Whether the server listens on a port of its own, until `close` is called */
  get running() {
    return this.#listening !== void 0 && this.#closing === void 0;
  }
  /** The clients that are logged in. The set changes when they connect and disconnect. */
  get clients() {
    const clients = this.#hub.clients;
    return clients;
  }
  receive(...given) {
    const { registry } = this.#hub;
    const [listener, names, schema] = lastFirst(given);
    return given.length > 1
      ? registry.receive(names, listener, schema)
      : registry.receiveAll(listener);
  }
  // No call matches this signature, so that compiler errors never mention it.
  operation(name, ...given) {
    const [handler, schemas] = lastFirst(given);
    return this.#hub.registry.operation(name, handler, schemas);
  }
  /**
   * Sends an event to all clients that are logged in. An event is a named message from the
   * server. A broadcast is an event to all clients.
   *
   * Without a contract: `broadcast(name: string, data?: JsonObject)`.
   *
   * The server sends a broadcast in several steps and handles other requests between them.
   * Each client receives broadcasts and later messages in the order in which they were sent.
   * If the server is closed, nothing is sent.
   *
   * @param name The name of the event
   * @param data Optional if it can be empty. The data of the event; an empty object if omitted
   * @returns How many clients received, skipped or failed to receive the broadcast
   *
   * @throws {TypeError} If the data is not a JSON object
   * @throws {RangeError} If the message is larger than `limits.maxBuffered`
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * const { delivered } = await server.broadcast("news", { n: 1 });
   * assert.equal(delivered, 0);
   * ```
   */
  broadcast(name, ...data) {
    const [given = {}] = data;
    return ignorable(this.#broadcast(name, given));
  }
  async #broadcast(name, data) {
    try {
      return await this.#hub.broadcast(name, data);
    } catch (error) {
      if (isNumberError(error)) this.#logBroadcast(error);
      throw error;
    }
  }
  #logBroadcast(error) {
    const text2 = "a broadcast failed";
    const line = this.#broadcastLines.pass(text2);
    if (line !== void 0) this.#log.exception(line, error);
  }
  /**
   * Stops accepting a named token and closes the connections of the clients that logged in
   * with it (1008). The token stays revoked until this server is closed.
   *
   * @param name The name of the token
   * @returns The number of closed connections
   *
   * @throws {TypeError} If the token does not exist
   *
   * @example
   * ```ts
   * import { serve } from "@hoist/cli";
   * import assert from "node:assert/strict";
   *
   * const tokens = [{ name: "ci", token: "a long secret" }];
   * await using server = serve({ hostname: "127.0.0.1", port: 0, tokens });
   * assert.equal(await server.revoke("ci"), 0);
   * ```
   */
  // deno-lint-ignore require-await -- an error rejects the promise
  async revoke(name) {
    return this.#hub.revoke(name);
  }
  /**
   * Replaces the token of the server. The old token stays valid for `grace` milliseconds.
   * The server then closes the connections of the clients that logged in with it (1008). The
   * new token is valid until this server is closed. A function `login` finds it in
   * `server.token`.
   *
   * @param token The new token
   * @param options Optional. How long the old token stays valid
   *
   * @throws {TypeError} If the new token is empty or already in use
   * @throws {RangeError} If `grace` is out of range
   *
   * @example
   * ```ts
   * import { generateToken, serve } from "@hoist/cli";
   *
   * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
   * await server.rotate(generateToken(), { grace: 60_000 });
   * ```
   */
  // deno-lint-ignore require-await -- an error rejects the promise
  async rotate(token, options = {}) {
    const grace = resolveGrace(options);
    this.#hub.rotate(token, grace);
    if (this.#listening === void 0 || this.#options.login) return;
    const { addr } = this.#listening;
    const credentials = this.#hub.credentials.current();
    warnAboutShortTokens(this.#log, addr.hostname, credentials);
  }
  /**
   * Closes the server. It rejects new connections (503) and new requests. It waits up to
   * `closeTimeout` milliseconds until the requests in progress are finished, and then up to
   * two seconds for the sockets to close. Each client gets the close code 1001. A client with
   * the option `reconnect` gets the close code 1012 and a delay of its own, so that not all
   * clients reconnect at once.
   *
   * @param options Optional. How long to wait for requests in progress
   * @returns Resolves when the port is free; a second call returns the same promise
   *
   * @throws {RangeError} If `timeout` is out of range
   */
  close(options = {}) {
    const timeout = resolveTimeout(options);
    return this.#closing ??= this.#shutdown(timeout);
  }
  /** Closes the server at the end of an `await using` block. */
  [Symbol.asyncDispose]() {
    return this.close();
  }
  async #shutdown(timeout = this.#options.closeTimeout) {
    this.#log.info("shutdown", "closing server");
    await this.#hub.close(timeout);
    await this.#listening?.close();
    this.#log.info("shutdown", "server closed");
    this.#unwatchSignal();
    this.#finishing.resolve();
  }
  #watchSignal() {
    const { signal } = this.#options;
    signal?.addEventListener("abort", this.#onAbort, {
      once: true,
    });
    if (signal?.aborted) this.#onAbort();
  }
  #unwatchSignal() {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }
};
function lastFirst(given) {
  return [
    ...given.slice(-1),
    ...given.slice(0, -1),
  ];
}
export {
  ClientMessage,
  CloseCode,
  ConnectionClosedError,
  debug,
  defineContract,
  ErrorCode,
  FeatureError,
  HoistError,
  Message,
  NoReplyError,
  ResponseError,
  serve,
  Server,
  start2 as start,
  TimeoutError,
  ValidationError,
};
