import assert from "node:assert/strict";
import { ErrorCode, HoistError } from "../../common/errors.ts";
import { encodeErrorResponse } from "../../server/error_response.ts";
import { RequestError } from "../../protocol/request_error.ts";
import { unknownNameError } from "../../server/validate.ts";
import { decodeServerFrame } from "../../protocol/server_frames.ts";
import { HOSTILE, REVOKED } from "../support/attacks.ts";

const SERVER_ERROR = {
  success: false,
  error: "SERVER_ERROR",
  code: 6,
  message: "Internal server error.",
  desc: null,
  id: 7,
};

const GENERIC = {
  message: "the server could not carry out the request",
  exc: "InternalError",
};

/** Returns the frame that answers request 7. */
function frameOf(
  error: unknown,
  exposeErrors: boolean,
  maxBuffered = Infinity,
) {
  const rules = { exposeErrors, limits: { maxBuffered } };
  return JSON.parse(encodeErrorResponse(7, error, rules));
}

class KeyError extends HoistError {
  override name = "KeyError";
}

/** Thrown values, and what a client sees of them with `exposeErrors`. */
const THROWN: readonly (readonly [
  what: string,
  error: unknown,
  message: string,
  exc: string,
])[] = [
  ["an error", new Error("secret"), "secret", "Error"],
  ["an error of a class", new KeyError("secret"), "secret", "KeyError"],
  ["an error without a message", new TypeError(), "", "TypeError"],
  ["a string", "secret", "secret", "Error"],
  ["a number", 7, "7", "Error"],
  ["nothing", undefined, "undefined", "Error"],
  ["null", null, "null", "Error"],
  ["a symbol", Symbol("secret"), "Symbol(secret)", "Error"],
  ["an object", { message: "secret" }, "[object Object]", "Error"],
  [
    "an abort",
    new DOMException("secret", "AbortError"),
    "secret",
    "AbortError",
  ],
  [
    "an error with an odd name and message",
    Object.assign(new Error(), { name: 5, message: null }),
    "null",
    "5",
  ],
  [
    "an error that breaks JSON made by hand",
    Object.assign(new Error('"},\n'), { name: "__proto__" }),
    '"},\n',
    "__proto__",
  ],
];

for (const [what, error, message, exc] of THROWN) {
  Deno.test(`encodeErrorResponse() hides ${what} by default`, () => {
    assert.deepEqual(frameOf(error, false), { ...SERVER_ERROR, data: GENERIC });
  });

  Deno.test(`encodeErrorResponse() exposes ${what} with exposeErrors`, () => {
    const data = { message, exc };
    assert.deepEqual(frameOf(error, true), { ...SERVER_ERROR, data });
  });
}

/** Throws on every access. */
function throwing(key: string): Error {
  return Object.defineProperty(new Error("secret"), key, {
    get: () => {
      throw new Error("secret");
    },
  });
}

const HOSTILES: Readonly<Record<string, unknown>> = {
  "a proxy": HOSTILE,
  "a proxy that was revoked": REVOKED,
  "an error whose message throws": throwing("message"),
  "an error whose name throws": throwing("name"),
  "an error whose message cannot be a text": Object.assign(new Error(), {
    message: HOSTILE,
  }),
  "an object that cannot be a text": { toString: 1, valueOf: 1 },
  "an object without a prototype": Object.create(null),
};

for (const [what, error] of Object.entries(HOSTILES)) {
  for (const isExposed of [true, false]) {
    Deno.test(`encodeErrorResponse() does not throw for ${what}, exposed: ${isExposed}`, () => {
      assert.deepEqual(frameOf(error, isExposed), {
        ...SERVER_ERROR,
        data: GENERIC,
      });
    });
  }
}

Deno.test("encodeErrorResponse() truncates long messages", () => {
  for (const [length, told] of [[999, 999], [1_000, 1_000], [5_000, 1_000]]) {
    const text = "x".repeat(length!);
    const error = Object.assign(new Error(text), { name: text });
    const { data } = frameOf(error, true);
    assert.deepEqual(data, {
      message: "x".repeat(told!),
      exc: "x".repeat(told!),
    });
  }
});

for (const isExposed of [true, false]) {
  Deno.test(`encodeErrorResponse() includes the message of a RequestError, exposed: ${isExposed}`, () => {
    const data = { current: "str", needed: "int", issues: [] };
    const details = { data, note: "for the log alone" };
    const requestError = new RequestError(
      ErrorCode.INVALID_CONTENT,
      "why",
      details,
    );
    assert.deepEqual(frameOf(requestError, isExposed), {
      success: false,
      data,
      error: "INVALID_CONTENT",
      code: 2,
      message: "JSON content is invalid.",
      desc: "why",
      id: 7,
    });
  });

  Deno.test(`encodeErrorResponse() includes the code and the data of a RequestError, exposed: ${isExposed}`, () => {
    const requestError = new RequestError(
      ErrorCode.UNSUPPORTED_OPERATION,
      "why",
    );
    const { code, error, data, desc } = frameOf(requestError, isExposed);
    assert.deepEqual([code, error, data, desc], [
      7,
      "UNSUPPORTED_OPERATION",
      null,
      "why",
    ]);
  });
}

Deno.test("encodeErrorResponse() does not mistake a similar error for a RequestError", () => {
  const like = Object.assign(new Error("secret"), {
    name: "RequestError",
    code: 2,
    data: { secret: 1 },
    note: "secret",
  });
  assert.deepEqual(frameOf(like, false), { ...SERVER_ERROR, data: GENERIC });
});

Deno.test("a client decodes the frame of encodeErrorResponse() as an error", () => {
  for (const id of [0, 7, -1]) {
    for (const error of [new Error("no"), unknownNameError("no")]) {
      const response = decodeServerFrame(encodeErrorResponse(id, error, {
        exposeErrors: false,
        limits: { maxBuffered: Infinity },
      }));
      assert.deepEqual([
        response?.kind,
        response?.kind === "error" && response.id,
      ], [
        "error",
        id,
      ]);
    }
  }
});

Deno.test("encodeErrorResponse() omits details that do not fit", () => {
  const issues = Array(16).fill({ path: [], message: "x".repeat(100) });
  const data = { current: "str", needed: "int", issues };
  const requestError = new RequestError(
    ErrorCode.INVALID_CONTENT,
    "x".repeat(500),
    {
      data,
    },
  );
  assert.deepEqual(frameOf(requestError, false).data, data);
  const { desc, code, ...rest } = frameOf(requestError, false, 1_024);
  assert.deepEqual([code, desc], [2, null]);
  assert.deepEqual(rest.data, { current: "str", needed: "int" });
  const bare = new RequestError(
    ErrorCode.UNSUPPORTED_OPERATION,
    "x".repeat(2_000),
  );
  assert.equal(frameOf(bare, false, 1_024).data, null);
});
