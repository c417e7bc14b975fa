import assert from "node:assert/strict";
import { z } from "zod";
import {
  checkData,
  checkedListener,
  checkMessage,
} from "../../server/validate.ts";
import { ClientMessage } from "../../server/message.ts";
import type { Contract } from "../../contract/contract.ts";
import { defineContract } from "../../contract/define.ts";
import { ErrorCode } from "../../common/errors.ts";
import type { JsonObject } from "../../common/json.ts";
import { Mismatch } from "../../common/listeners.ts";
import type { WireMessage } from "../../protocol/message.ts";
import { RequestError } from "../../protocol/request_error.ts";
import type { Schema } from "../../contract/schema.ts";
import { HOSTILE } from "../support/attacks.ts";
import { throwsExactly } from "../support/errors.ts";
import { gate } from "../support/timing.ts";
import {
  ACCEPT_ALL,
  ASYNC_SCHEMAS,
  REJECT_ALL,
  schemaOf,
} from "../support/schemas.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { messageContext } from "../support/message_context.ts";
import { message, RawClient } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";

const NUMBERED = z.object({ n: z.coerce.number() });

/** Returns a message of a client, with the names in its chain of replies. */
function wireOf(
  name: string,
  data: JsonObject = {},
  ...replying: readonly string[]
): WireMessage {
  const [nearest, ...rest] = replying;
  return {
    message: name,
    data,
    id: 9,
    replying: nearest === undefined ? null : wireOf(nearest, {}, ...rest),
  };
}

/** Returns what is thrown, synchronously or asynchronously. */
async function errorOf(action: () => unknown): Promise<RequestError> {
  try {
    await action();
  } catch (error) {
    assert(RequestError.is(error));
    return error;
  }
  assert.fail("nothing is refused");
}

Deno.test("checkData() returns the same data without a schema", () => {
  const data = { n: "1" };
  assert.equal(checkData(data, undefined), data);
});

Deno.test("checkData() returns the output of a schema synchronously", () => {
  assert.deepEqual(checkData({ n: "1", more: 2 }, NUMBERED), { n: 1 });
  for (const made of [null, 0, "", [1], undefined]) {
    const schema = schemaOf(() => ({ value: made }));
    assert.equal(checkData({}, schema), made);
  }
});

Deno.test("checkData() rejects invalid data synchronously", () => {
  const data = { n: [] };
  assert.throws(() => checkData(data, z.object({ n: z.int() })), (error) => {
    assert(RequestError.is(error));
    assert.equal(error.code, ErrorCode.INVALID_CONTENT);
    const { issues, ...types } = JSON.parse(JSON.stringify(error.data));
    assert.deepEqual(types, { current: "dict", needed: "dict" });
    assert.deepEqual(issues[0].path, ["n"]);
    assert.equal(error.note, "the data does not match its schema at n");
    return true;
  });
});

for (const [library, schema] of Object.entries(ASYNC_SCHEMAS)) {
  Deno.test(`checkData() waits for an asynchronous schema of ${library}`, async () => {
    const fitting = checkData({ n: 1 }, schema);
    assert(fitting instanceof Promise);
    assert.deepEqual(await fitting, { n: 1 });
    const checked = checkData({ n: 0 }, schema);
    assert(checked instanceof Promise);
    const { data } = await errorOf(() => checked);
    assert.deepEqual(data?.issues instanceof Array && data.issues.length, 1);
  });
}

Deno.test("checkData() fails with the error that a schema throws or rejects with", async () => {
  for (const thrown of [new Error("broken"), undefined, HOSTILE]) {
    const schemas: readonly Schema[] = [
      schemaOf(() => {
        throw thrown;
      }),
      schemaOf(() => Promise.reject(thrown)),
    ];
    for (const schema of schemas) {
      assert(
        await throwsExactly(() => checkData({}, schema), thrown) &&
          !RequestError.is(thrown),
      );
    }
  }
});

for (const rubbish of [undefined, null, { issues: 1 }, { issues: [null] }]) {
  Deno.test(`checkData() fails if a schema returns ${Deno.inspect(rubbish)}`, async () => {
    assert.throws(() => checkData({}, schemaOf(() => rubbish)), TypeError);
    const later = checkData({}, schemaOf(() => Promise.resolve(rubbish)));
    assert(later instanceof Promise);
    await assert.rejects(later, TypeError);
  });
}

const CONTRACT = defineContract({
  messages: {
    count: NUMBERED,
    open: {},
    never: { data: REJECT_ALL },
    later: ASYNC_SCHEMAS.zod!,
  },
  events: {
    ask: { replies: { count: ACCEPT_ALL, no: REJECT_ALL } },
    news: ACCEPT_ALL,
  },
});

/** Checks a message, which can be a reply to a pending request. */
function checked(
  contract: Contract | undefined,
  { message: name, data, replying }: WireMessage,
  isAwaited = false,
): unknown {
  return checkMessage(contract, data, { name, replying, isAwaited });
}

Deno.test("checkMessage() accepts every message without a contract", () => {
  const data = { n: "1" };
  assert.equal(checked(undefined, wireOf("any", data, "other")), data);
});

Deno.test("checkMessage() returns the output of the schema of the message", async () => {
  const data = { n: "1" };
  assert.deepEqual(checked(CONTRACT, wireOf("count", data)), { n: 1 });
  assert.equal(checked(CONTRACT, wireOf("open", data)), data);
  const later = checked(CONTRACT, wireOf("later", { n: 1 }));
  assert(later instanceof Promise);
  assert.deepEqual(await later, { n: 1 });
});

Deno.test("checkMessage() checks a reply with the schema of its event", async () => {
  const data = { n: "1" };
  // As a message, its data becomes a number.
  assert.equal(checked(CONTRACT, wireOf("count", data, "ask"), true), data);
  assert.deepEqual(checked(CONTRACT, wireOf("count", data, "ask")), { n: 1 });
  for (const replying of [["news"], ["unknown"], ["news", "ask"]]) {
    const wire = wireOf("count", data, ...replying);
    assert.deepEqual(checked(CONTRACT, wire), { n: 1 });
  }
  const { message } = await errorOf(() =>
    checked(CONTRACT, wireOf("no", {}, "ask"))
  );
  assert.equal(message, "the data does not match its schema: n: no");
});

Deno.test("checkMessage() rejects invalid data", async () => {
  for (const wire of [wireOf("never"), wireOf("later", { n: 0 })]) {
    const error = await errorOf(() => checked(CONTRACT, wire));
    assert.match(
      error.message,
      /^the data does not match its schema: n: .*$/,
    );
  }
});

for (
  const [name, replying, shown, asked] of [
    ["unknown", [], '"unknown"'],
    ["", [], '""'],
    ["news", [], '"news"'],
    ["no", [], '"no"'],
    ["no", ["news"], '"no"', '"news"'],
    ["no", ["unknown", "ask"], '"no"'],
    ["__proto__", [], '"__proto__"'],
    ["constructor", ["ask"], '"constructor"', '"ask"'],
    ["toString", ["__proto__"], '"toString"'],
    ["\x1b[2J\n", [], '"\\u001b[2J\\n"'],
    ["n".repeat(1_000), [], `"${"n".repeat(100)}…"`],
  ] as const
) {
  Deno.test(`checkMessage() rejects the unknown message ${shown} to ${asked}`, () => {
    const reply = asked
      ? `, neither as a message nor as a reply to message ${asked}`
      : "";
    const description = `the contract has no message ${shown}${reply}`;
    const wire = wireOf(name, { n: 1 }, ...replying);
    assert.throws(() => checked(CONTRACT, wire), {
      name: "RequestError",
      message: description,
      code: ErrorCode.INVALID_CONTENT,
      note: description,
      data: {
        current: "str",
        needed: "str",
        issues: [{ path: [], message: description }],
      },
    });
  });
}

/** Returns a message, and the replies to it. */
function receive(data: JsonObject) {
  const replies: unknown[][] = [];
  const wire = wireOf("hi", data, "before");
  const context = messageContext((...reply) => replies.push(reply));
  return { message: new ClientMessage(wire, context), context, replies };
}

Deno.test("checkedListener() passes a copy of the message with the output of the schema", () => {
  const { message, context, replies } = receive({ n: "1" });
  const seen: ClientMessage[] = [];
  const listener = checkedListener(NUMBERED, (message) => {
    seen.push(message);
    message.reply("yo", { n: 2 });
    return "returned";
  });
  assert.equal(listener(message), "returned");
  const [got] = seen;
  assert(got instanceof ClientMessage);
  assert.deepEqual([got.data, message.data], [{ n: 1 }, { n: "1" }]);
  assert.deepEqual([got.id, got.name], [9, "hi"]);
  assert.equal(got.client, context.client);
  assert.equal(got.signal, context.signal);
  assert.equal(got.replying?.name, "before");
  assert.equal(got.toJSON(), message.toJSON());
  assert.deepEqual(replies, [["yo", { n: 2 }]]);
});

Deno.test("checkedListener() does not call the listener with invalid data", async () => {
  const never = () => assert.fail("the listener is called");
  for (const schema of [REJECT_ALL, ...Object.values(ASYNC_SCHEMAS)]) {
    const { message } = receive({ n: 0 });
    await assert.rejects(
      async () => await checkedListener(schema, never)(message),
      (thrown) => Mismatch.is(thrown) && RequestError.is(thrown.error),
    );
  }
  assert.throws(() => checkedListener(REJECT_ALL, never)(receive({}).message));
});

Deno.test("checkedListener() waits for an asynchronous schema, and then for the listener", async () => {
  const { opened, open } = gate();
  const order: string[] = [];
  const schema = schemaOf(async (value) => {
    await opened;
    order.push("checked");
    return { value };
  });
  const listener = checkedListener(schema, async () => {
    await null;
    order.push("called");
  });
  const done = listener(receive({}).message);
  assert(done instanceof Promise);
  assert.deepEqual(order, []);
  open();
  await done;
  assert.deepEqual(order, ["checked", "called"]);
});

Deno.test("checkedListener() fails with the error of the listener or of the schema", async () => {
  const error = new Error("thrown");
  const fail = () => {
    throw error;
  };
  for (
    const [schema, listener] of [
      [ACCEPT_ALL, fail],
      [ACCEPT_ALL, () => Promise.reject(error)],
      [ASYNC_SCHEMAS.zod!, fail],
      [schemaOf(fail), () => assert.fail("the listener is called")],
      [
        schemaOf(() => Promise.reject(error)),
        () => assert.fail("the listener is called"),
      ],
    ] as const
  ) {
    const { message } = receive({ n: 1 });
    await assert.rejects(
      async () => await checkedListener(schema, listener)(message),
      (thrown) => thrown === error,
    );
  }
});

const COUNT_CONTRACT = defineContract({
  messages: { count: z.object({ n: z.number() }) },
  events: { ask: { replies: { count: z.object({}) } } },
});

Deno.test("a client cannot choose the schema of a message with a false reply", async () => {
  await using server = serveQuietly({ contract: COUNT_CONTRACT as never });
  const seen: unknown[] = [];
  server.receive("count", ({ data }) => void seen.push(data));
  await using client = await RawClient.logIn(server);
  // The server has sent no request.
  const claimed = { message: "ask", data: {}, id: 99, replying: null };
  client.send(message(1, "count", { n: "no number" }, claimed));
  await client.take(2);
  assert.deepEqual(seen, []);
});

Deno.test("the log contains no secret that a client sends as a key", async () => {
  const logger = new LogRecorder();
  const token = "a-token-that-nobody-may-see";
  await using server = serveQuietly({
    logger,
    tokens: [{ name: "ada", token }],
  });
  const schema = z.record(z.string(), z.number());
  server.receive("hello", schema, () => {});
  await using client = await RawClient.logIn(server);
  client.send(message(1, "hello", { [token]: "mine" }));
  await logger.line(/^warn reject: .*does not match its schema/);
  assert.deepEqual(logger.lines.filter((line) => line.includes(token)), []);
});
