import assert from "node:assert/strict";
import {
  checkMessageOptions,
  checkOperationOptions,
  resolveStreamOptions,
} from "../../client/call_options.ts";

const { signal } = new AbortController();

const CHECKS: readonly (readonly [
  subject: string,
  check: (options: never) => unknown,
  valid: object,
])[] = [
  ["Cannot send the message", checkMessageOptions, {
    signal,
    timeout: 0,
    onReply: () => {},
  }],
  ["Cannot call the operation", checkOperationOptions, {
    signal,
    timeout: Infinity,
    idempotent: true,
  }],
  ["Cannot call the operation", resolveStreamOptions, { signal, buffer: 1 }],
];

for (const [subject, check, valid] of CHECKS) {
  const test = check as (options: unknown) => unknown;

  Deno.test(`${check.name}() accepts omitted and valid options`, () => {
    for (const options of [undefined, {}, { signal: undefined }, valid]) {
      test(options);
    }
  });

  Deno.test(`${check.name}() rejects unknown options and other values`, () => {
    for (
      const [options, problem] of [
        [{ signl: signal }, "unknown option 'signl'. Did you mean 'signal'?"],
        [{ signal: {} }, "'signal' must be an AbortSignal. It is an object."],
        [null, "the options must be an object. They are null."],
        [5, "the options must be an object. They are 5."],
      ]
    ) {
      assert.throws(() => test(options), {
        name: "TypeError",
        message: `${subject}: ${problem}`,
      });
    }
  });
}

for (
  const [check, options, name, message] of [
    [
      checkMessageOptions,
      { onReply: 1 },
      "TypeError",
      "Cannot send the message: 'onReply' must be a function. It is 1.",
    ],
    [
      checkOperationOptions,
      { idempotent: 1 },
      "TypeError",
      "Cannot call the operation: 'idempotent' must be true or false. It is 1.",
    ],
    [
      checkMessageOptions,
      { timeout: -1 },
      "RangeError",
      "Cannot send the message: 'timeout' must be a number of milliseconds from 0 to 2147483647, or Infinity. It is -1.",
    ],
    [
      resolveStreamOptions,
      { timeout: 1 },
      "TypeError",
      "Cannot call the operation: unknown option 'timeout'. The options are signal, buffer, resume, idempotent.",
    ],
    [
      resolveStreamOptions,
      { resume: "yes" },
      "TypeError",
      "Cannot call the operation: 'resume' must be true or false. It is \"yes\".",
    ],
    [
      resolveStreamOptions,
      { resume: true, idempotent: 1 },
      "TypeError",
      "Cannot call the operation: 'idempotent' must be true or false. It is 1.",
    ],
    [
      resolveStreamOptions,
      { idempotent: true },
      "TypeError",
      "Cannot call the operation: 'idempotent' has no effect on a stream without 'resume'. Set 'resume', too.",
    ],
  ] as readonly [(options: never) => unknown, object, string, string][]
) {
  Deno.test(`${check.name}() rejects ${Deno.inspect(options)}`, () => {
    assert.throws(() => check(options as never), { name, message });
  });
}

Deno.test("resolveStreamOptions() returns a position only with `resume`", () => {
  for (const options of [{ resume: false }, { idempotent: false }]) {
    assert.equal(resolveStreamOptions(options).position, undefined);
  }
  for (const idempotent of [undefined, false, true]) {
    const { position } = resolveStreamOptions({ resume: true, idempotent });
    assert.equal(position?.lastEventId, null);
  }
});

Deno.test("resolveStreamOptions() adds the default buffer", () => {
  for (const options of [undefined, {}, { buffer: undefined }]) {
    assert.deepEqual(resolveStreamOptions(options), {
      signal: undefined,
      buffer: 256,
      position: undefined,
    });
  }
  for (const buffer of [0, 1, 2, 65_536]) {
    assert.equal(resolveStreamOptions({ buffer }).buffer, buffer);
  }
});

for (
  const buffer of [
    ...[-1, -0.5, 1.5, 65_537, Infinity, -Infinity, NaN, 2 ** 53],
    ...[null, "256", true, [256], 256n],
  ] as unknown as readonly number[]
) {
  Deno.test(`resolveStreamOptions() rejects the buffer ${Deno.inspect(buffer)}`, () => {
    assert.throws(() => resolveStreamOptions({ buffer }), {
      name: typeof buffer === "number" ? "RangeError" : "TypeError",
      message:
        /^Cannot call the operation: 'buffer' must be a whole number of items from 0 to 65536\. It is /,
    });
  });
}
