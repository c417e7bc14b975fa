import assert from "node:assert/strict";
import {
  applicationData,
  ApplicationError,
  describeApplicationError,
  readApplicationError,
  responseErrorOf,
} from "../../common/application_error.ts";
import type { ErrorFrame } from "../../common/codes.ts";
import {
  HoistError,
  isApplicationError,
  LoginError,
  ResponseError,
} from "../../common/errors.ts";
import type { JsonObject } from "../../common/json.ts";
import { CYCLE, HOSTILE, REVOKED } from "../support/attacks.ts";

const FRAME: ErrorFrame = {
  code: 6,
  error: "SERVER_ERROR",
  message: "Internal server error.",
  description: null,
  data: {
    exc: "sold_out",
    message: "no seats",
    application: { kind: "sold_out", details: { left: 0 } },
  },
};

Deno.test("ApplicationError is a ResponseError with the code 6", () => {
  const cause = new Error("why");
  const details = { left: 0 };
  const options = { message: "no seats", details, cause };
  const error = new ApplicationError("sold_out", options);
  assert(error instanceof ResponseError && error instanceof HoistError);
  assert.equal(error.name, "ApplicationError");
  assert.equal(error.message, "no seats");
  assert.deepEqual([error.code, error.error], [6, "SERVER_ERROR"]);
  assert.deepEqual([error.kind, error.details], ["sold_out", details]);
  assert.equal(error.cause, cause);
  assert.deepEqual(error.data, FRAME.data);
  assert.deepEqual(error.issues, []);
  assert.match(error.stack ?? "", /no seats/);
});

Deno.test("ApplicationError has its kind as the message, and no details, by default", () => {
  const error = new ApplicationError("sold_out");
  assert.equal(error.message, "sold_out");
  assert.deepEqual(error.details, {});
  assert(!("cause" in error));
  assert.deepEqual(
    error.data,
    { exc: "sold_out", message: "sold_out", application: { kind: "sold_out" } },
  );
});

for (
  const [kind, options, expected] of [
    [
      1,
      {},
      /^TypeError: Cannot create an ApplicationError: the kind of an error must be a string\. It is 1\.$/,
    ],
    [
      "",
      {},
      /^RangeError: .* must have 1 to 100 UTF-16 units\. It has 0\. Use a short name/,
    ],
    ["x".repeat(101), {}, /^RangeError: .* It has 101\. /],
    [
      "full",
      { message: 1 },
      /^TypeError: .*'message' must be a string\. It is 1\.$/,
    ],
    [
      "full",
      { detail: {} },
      /^TypeError: .*unknown option 'detail'\. Did you mean 'details'\?$/,
    ],
  ] as const
) {
  Deno.test(`ApplicationError rejects ${Deno.inspect([kind, options])}`, () => {
    assert.throws(
      () => new ApplicationError(kind as string, options as object),
      (error) => expected.test(String(error)),
    );
  });
}

Deno.test("a frame of an application becomes an ApplicationError", () => {
  const error = responseErrorOf('operation "buy"', FRAME);
  assert(isApplicationError(error, "sold_out"));
  assert.equal(error.message, "no seats");
  assert.deepEqual(error.details, { left: 0 });
  assert.equal(error.data, FRAME.data);
});

Deno.test("the message of an ApplicationError cannot control a terminal", () => {
  const message = "no\n\u001b[31mseats";
  const data = { exc: "x", message, application: { kind: "x" } };
  const error = readApplicationError({ ...FRAME, data });
  assert.equal(error?.message, "no\\u{a}\\u{1b}[31mseats");
  assert.equal((error?.data as JsonObject).message, message);
});

const VALID = applicationData("full", "no seats", { seats: 0 });

for (
  const frame of [
    { code: 5 },
    { code: 2 },
    { data: null },
    { data: [VALID] },
    { data: { ...VALID, exc: 1 } },
    { data: { ...VALID, message: null } },
    { data: { ...VALID, message: "x".repeat(1_001) } },
    { data: { ...VALID, application: undefined } },
    { data: { ...VALID, application: "full" } },
    { data: { ...VALID, application: [] } },
    { data: { ...VALID, application: {} } },
    { data: { ...VALID, application: { kind: 1 } } },
    { data: { ...VALID, application: { kind: "" } } },
    { data: { ...VALID, application: { kind: "x".repeat(101) } } },
    { data: { ...VALID, application: { kind: "full", details: null } } },
    { data: { ...VALID, application: { kind: "full", details: [] } } },
    { data: { ...VALID, application: { kind: "full", details: "x" } } },
  ]
) {
  Deno.test(`a frame with ${Deno.inspect(frame, { depth: 4, strAbbreviateSize: 20 })} becomes a ResponseError`, () => {
    assert(isApplicationError(responseErrorOf("x", { ...FRAME, data: VALID })));
    const error = responseErrorOf('operation "buy"', {
      ...FRAME,
      data: VALID,
      ...frame,
    });
    assert.equal(error.constructor, ResponseError);
    assert.match(
      error.message,
      /^Cannot finish operation "buy": the server answered SERVER_ERROR: /,
    );
  });
}

Deno.test("isApplicationError() recognizes only ApplicationError", () => {
  const error = new ApplicationError("full");
  assert(isApplicationError(error));
  const others = [
    ...[undefined, null, 2, "ApplicationError", {}, new Error("no"), CYCLE],
    ...[HOSTILE, REVOKED, Object.create(error), new Proxy(error, {})],
    new ResponseError("x", FRAME),
    new LoginError("refused", { cause: error }),
  ];
  for (const [index, other] of others.entries()) {
    assert(!isApplicationError(other), `${index} is taken for one`);
  }
});

Deno.test("isApplicationError() compares the kind", () => {
  const error = new ApplicationError("full");
  assert(isApplicationError(error, "full"));
  assert(!isApplicationError(error, "closed"));
  assert(!isApplicationError(error, "toString"));
  assert(!isApplicationError(new Error("full"), "full"));
});

Deno.test("isApplicationError() compares the errors that an entry declares", () => {
  const entry = { errors: { full: {}, closed: null } };
  const full = new ApplicationError("full", { details: {} });
  assert(isApplicationError(full, entry));
  assert(isApplicationError(full, entry, "full"));
  assert(!isApplicationError(full, entry, "closed"));
  assert(isApplicationError(new ApplicationError("closed"), entry, "closed"));
  for (const kind of ["other", "toString", "__proto__"]) {
    const other = new ApplicationError(kind, { details: {} });
    assert(!isApplicationError(other, entry));
    assert(!isApplicationError(other, entry, kind as never));
  }
  // JavaScript can pass an entry without errors.
  assert(!isApplicationError(full, {} as never));
});

Deno.test("isApplicationError() rejects a declared error whose details were not sent", () => {
  const entry = { errors: { full: {} } };
  const error = new ApplicationError("full");
  assert(!isApplicationError(error, entry, "full"));
  assert(isApplicationError(error, "full"));
});

Deno.test("describeApplicationError shows the kind and the details", () => {
  const describe = (options: object) =>
    describeApplicationError(new ApplicationError("sold_out", options));
  assert.equal(describe({}), "sold_out");
  assert.equal(describe({ message: "No." }), "No. Kind: sold_out.");
  assert.equal(
    describe({ details: { left: 0 } }),
    'sold_out. Details: {"left":0}',
  );
  const long = describe({ details: { text: "x".repeat(9_000) } });
  assert.equal(long.length, "sold_out. Details: ".length + 1_001);
  const deep = JSON.parse(`{"a":${"[".repeat(9_999)}${"]".repeat(9_999)}}`);
  assert.match(describe({ details: deep }), /^sold_out\. Details: /);
});
