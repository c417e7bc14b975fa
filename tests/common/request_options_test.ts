import assert from "node:assert/strict";
import { MAX_TIMEOUT } from "../../common/check.ts";
import {
  checkRequestOptions,
  REQUEST_KEYS,
  type RequestOptions,
} from "../../common/request_options.ts";

const SUBJECT = "Cannot send the request";

const { signal } = new AbortController();

Deno.test("checkRequestOptions() accepts omitted and valid options", () => {
  for (
    const options of [
      undefined,
      {},
      { signal: undefined, timeout: undefined },
      { signal, timeout: 0 },
      { timeout: MAX_TIMEOUT },
      { timeout: Infinity },
    ]
  ) {
    checkRequestOptions(SUBJECT, options);
  }
});

for (
  const [options, problem] of [
    [{ timout: 5 }, "unknown option 'timout'. Did you mean 'timeout'?"],
    [{ signal: {} }, "'signal' must be an AbortSignal. It is an object."],
    [null, "the options must be an object. They are null."],
    [
      { timeout: "1" },
      "'timeout' must be a number of milliseconds from 0 to 2147483647, or Infinity. It is \"1\".",
    ],
  ] as readonly [object | null, string][]
) {
  Deno.test(`checkRequestOptions() rejects ${Deno.inspect(options)}`, () => {
    assert.throws(
      () => checkRequestOptions(SUBJECT, options as RequestOptions),
      { name: "TypeError", message: `${SUBJECT}: ${problem}` },
    );
  });
}

for (const timeout of [-1, -0.5, NaN, -Infinity, MAX_TIMEOUT + 1, 2 ** 53]) {
  Deno.test(`checkRequestOptions() rejects the timeout ${timeout}`, () => {
    assert.throws(() => checkRequestOptions(SUBJECT, { timeout }), {
      name: "RangeError",
      message:
        `${SUBJECT}: 'timeout' must be a number of milliseconds from 0 to 2147483647, or Infinity. It is ${timeout}.`,
    });
  });
}

Deno.test("checkRequestOptions() accepts further options", () => {
  const known = { ...REQUEST_KEYS, more: true };
  const options = { more: 1 } as RequestOptions;
  checkRequestOptions(SUBJECT, options, known);
  assert.throws(() => checkRequestOptions(SUBJECT, options), TypeError);
});
