import assert from "node:assert/strict";
import { z } from "zod";
import { type Checking, ContractChecks } from "../../client/validate.ts";
import { defineContract } from "../../contract/define.ts";
import { HoistError, ValidationError } from "../../common/errors.ts";
import type { JsonObject } from "../../common/json.ts";
import type { WireMessage } from "../../protocol/message.ts";
import { HOSTILE } from "../support/attacks.ts";
import { throwsExactly } from "../support/errors.ts";
import {
  ACCEPT_ALL,
  ASYNC_SCHEMAS,
  INVALID_DATA,
  LIBRARIES,
  REJECT_ALL,
  schemaOf,
  VALID_DATA,
} from "../support/schemas.ts";

/** Returns a message of a server that replies to the message `replying`. */
function wireOf(
  name: string,
  data: JsonObject = {},
  replying?: string,
): WireMessage {
  return {
    message: name,
    data,
    id: 9,
    replying: replying === undefined ? null : wireOf(replying),
  };
}

const CONTRACT = defineContract({
  messages: {
    count: {
      data: REJECT_ALL,
      replies: { number: LIBRARIES.zod!, any: ACCEPT_ALL },
    },
    quiet: ACCEPT_ALL,
  },
  events: {
    number: ACCEPT_ALL,
    open: {},
    never: { data: REJECT_ALL, replies: { yes: ACCEPT_ALL } },
    later: ASYNC_SCHEMAS.zod!,
  },
  operations: {
    never: { input: ACCEPT_ALL, output: REJECT_ALL },
    neither: { input: REJECT_ALL },
    none: { yields: REJECT_ALL },
    later: { output: ASYNC_SCHEMAS.valibot! },
    soon: { yields: ASYNC_SCHEMAS["no library"]! },
  },
});

const CHECKS = new ContractChecks(CONTRACT);

/** Returns the error that a check throws or rejects with. */
async function failureOf(
  check: () => Checking,
): Promise<ValidationError> {
  try {
    await check();
  } catch (error) {
    assert(error instanceof ValidationError && error instanceof HoistError);
    return error;
  }
  assert.fail("the value is valid");
}

Deno.test("accepts valid values synchronously", () => {
  for (
    const check of [
      () => CHECKS.message(wireOf("number", { n: "any" })),
      () => CHECKS.message(wireOf("open", { n: 1 })),
      () => CHECKS.message(wireOf("number", VALID_DATA, "count")),
      () => CHECKS.message(wireOf("any", {}, "count")),
      () => CHECKS.result("neither", 1),
      () => CHECKS.item("neither", [1]),
    ]
  ) {
    assert.equal(check(), undefined);
  }
});

Deno.test("waits for asynchronous schemas", async () => {
  for (
    const [fits, fails] of [
      [
        () => CHECKS.message(wireOf("later", { n: 1 })),
        () => CHECKS.message(wireOf("later", { n: 0 })),
      ],
      [
        () => CHECKS.result("later", { n: 1 }),
        () => CHECKS.result("later", { n: 0 }),
      ],
      [
        () => CHECKS.item("soon", { n: 1 }),
        () => CHECKS.item("soon", { n: 0 }),
      ],
    ] as const
  ) {
    const fitting = fits();
    assert(fitting instanceof Promise);
    assert.equal(await fitting, undefined);
    const failing = fails();
    assert(failing instanceof Promise);
    const { issues } = await failureOf(() => failing);
    assert.deepEqual(issues.map(({ path }) => path), [["n"]]);
  }
});

for (
  const [check, message] of [
    [
      () => CHECKS.message(wireOf("never")),
      'Cannot accept message "never": its data does not match its schema: n: no',
    ],
    [
      () => CHECKS.result("never", 1),
      'Cannot finish operation "never": the result does not match its schema: n: no',
    ],
    [
      () => CHECKS.item("none", 1),
      'Cannot continue stream "none": an item does not match its schema: n: no',
    ],
  ] as const
) {
  Deno.test(`throws synchronously: ${message}`, async () => {
    assert.throws(check, { name: "ValidationError", message });
    const { issues } = await failureOf(check);
    assert.deepEqual(issues, [{ path: ["n"], message: "no" }]);
  });
}

for (const [library, schema] of Object.entries(LIBRARIES)) {
  Deno.test(`reports the issues of a schema of ${library} with their paths`, async () => {
    const checks = new ContractChecks(defineContract({
      messages: { ask: { replies: { reply: schema } } },
      events: { news: schema, full: { data: schema } },
      operations: { add: { output: schema }, rows: { yields: schema } },
    }));
    for (
      const check of [
        (value: typeof VALID_DATA) => checks.message(wireOf("news", value)),
        (value: typeof VALID_DATA) => checks.message(wireOf("full", value)),
        (value: typeof VALID_DATA) =>
          checks.message(wireOf("reply", value, "ask")),
        (value: typeof VALID_DATA) => checks.result("add", value),
        (value: typeof VALID_DATA) => checks.item("rows", value),
      ]
    ) {
      assert.equal(check(VALID_DATA), undefined);
      const { issues, message } = await failureOf(() =>
        check(INVALID_DATA as unknown as typeof VALID_DATA)
      );
      assert.deepEqual(issues.map(({ path }) => [...path]), [[
        "rows",
        1,
        "name",
      ]]);
      assert.match(message, / does not match its schema: rows\[1\]\.name: .+$/);
    }
  });
}

for (
  const [name, replying, replies] of [
    ["unknown", undefined],
    ["", undefined],
    ["any", undefined],
    ["count", undefined],
    ["yes", "never", "none"],
    ["open", "count", "number, any"],
    ["any", "quiet", "none"],
    ["any", "unknown", "none"],
    ["__proto__", undefined],
    ["constructor", undefined],
    ["toString", undefined],
    ["constructor", "count", "number, any"],
    ["any", "toString", "none"],
    ["toString", "__proto__", "none"],
  ] as const
) {
  Deno.test(`rejects ${JSON.stringify(name)} as a reply to ${replying}`, () => {
    const wire = wireOf(name, VALID_DATA, replying);
    const known = replying === undefined
      ? "the events are number, open, never, later"
      : `the replies to message "${replying}" are ${replies}`;
    assert.throws(() => CHECKS.message(wire), {
      name: "ValidationError",
      message: `Cannot accept message ${
        JSON.stringify(name)
      }: it is not in the contract: ${known}`,
      issues: [{ path: [], message: known }],
    });
  });
}

Deno.test("rejects every message if the contract has no events", () => {
  const checks = new ContractChecks(defineContract({}));
  assert.throws(() => checks.message(wireOf("\n")), {
    message:
      'Cannot accept message "\\n": it is not in the contract: the events are none',
  });
});

Deno.test("validates a reply with the schema of the message, not of the event of its name", async () => {
  const fitsTheEvent = { n: "any" };
  assert.equal(CHECKS.message(wireOf("number", fitsTheEvent)), undefined);
  const wire = wireOf("number", fitsTheEvent, "count");
  await failureOf(() => CHECKS.message(wire));
});

Deno.test("accepts any result of an operation that is not in the contract", () => {
  for (const name of ["unknown", "__proto__", "constructor", "toString"]) {
    assert.equal(CHECKS.result(name, null), undefined);
    assert.equal(CHECKS.item(name, null), undefined);
  }
});

Deno.test("distinguishes results and items", () => {
  assert.equal(CHECKS.item("never", 1), undefined);
  assert.equal(CHECKS.result("none", 1), undefined);
});

Deno.test("handles names that every object inherits", async () => {
  for (const name of ["__proto__", "constructor", "toString"]) {
    const entries = <Entry>(entry: Entry): Record<string, Entry> =>
      Object.fromEntries([[name, entry]]);
    const checks = new ContractChecks(defineContract({
      messages: entries({ replies: entries(REJECT_ALL) }),
      events: entries({ data: ACCEPT_ALL }),
      operations: entries({ output: REJECT_ALL }),
    }));
    assert.equal(checks.message(wireOf(name)), undefined);
    await failureOf(() => checks.message(wireOf(name, {}, name)));
    await failureOf(() => checks.result(name, 1));
  }
});

Deno.test("discards the value that a schema returns", () => {
  const checks = new ContractChecks(defineContract({
    operations: { add: { output: z.string().transform(Number) } },
  }));
  assert.equal(checks.result("add", "1"), undefined);
});

Deno.test("fails with any value that a schema throws or rejects with", async () => {
  for (const thrown of [new Error("broken"), undefined, HOSTILE]) {
    const checks = new ContractChecks(defineContract({
      events: {
        news: schemaOf(() => {
          throw thrown;
        }),
      },
      operations: {
        add: { output: schemaOf(() => Promise.reject(thrown)) },
      },
    }));
    const attempts = [
      () => checks.message(wireOf("news")),
      () => checks.result("add", 1),
    ];
    for (const attempt of attempts) {
      assert(await throwsExactly(attempt, thrown));
    }
  }
});

Deno.test("throws a TypeError if a schema returns an invalid result", () => {
  for (const invalid of [undefined, null, { issues: 1 }, { issues: [null] }]) {
    const operations = { add: { output: schemaOf(() => invalid) } };
    const checks = new ContractChecks(defineContract({ operations }));
    assert.throws(() => checks.result("add", 1), TypeError);
  }
});

Deno.test("validates a reply with the schema of the request, whatever the server says", async () => {
  for (const replying of [undefined, "quiet", "never", "constructor"]) {
    assert.equal(
      CHECKS.reply("count", wireOf("any", { n: 1 }, replying)),
      undefined,
    );
    const { message } = await failureOf(() =>
      CHECKS.reply("quiet", wireOf("any", { n: 1 }, replying))
    );
    assert.equal(
      message,
      'Cannot accept message "any": it is not in the contract: the replies to message "quiet" are none',
    );
  }
});

Deno.test("accepts null where the schema accepts undefined", async () => {
  const optional = new ContractChecks(defineContract({
    operations: {
      may: { output: z.string().optional() },
      must: { output: z.string() },
      null: { output: z.null() },
      items: { yields: z.int().optional() },
    },
  }));
  assert.equal(optional.result("may", null), undefined);
  assert.equal(optional.result("null", null), undefined);
  assert.equal(optional.item("items", null), undefined);
  await failureOf(() => optional.result("must", null));
  await failureOf(() => optional.result("may", 1));
});
