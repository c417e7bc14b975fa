import assert from "node:assert/strict";
import type { OperationSchemas } from "../../contract/contract.ts";
import { ErrorCode, ValidationError } from "../../common/errors.ts";
import { StreamSource } from "../../server/stream_source.ts";
import type { JsonObject } from "../../common/json.ts";
import type { OperationHandler } from "../../server/message.ts";
import { Operations } from "../../server/registry.ts";
import { RequestError } from "../../protocol/request_error.ts";
import { HOSTILE } from "../support/attacks.ts";
import { ManualHandler } from "../support/fake_stream.ts";
import { gate } from "../support/timing.ts";
import {
  ACCEPT_ALL,
  ASYNC_SCHEMAS,
  REJECT_ALL,
  schemaOf,
} from "../support/schemas.ts";

const STREAM_ERROR = {
  name: "RequestError",
  code: ErrorCode.UNSUPPORTED_OPERATION,
  message: "the operation is a stream. Call it with 'connection.stream()'.",
};

const RESULT_ERROR = {
  name: "RequestError",
  code: ErrorCode.UNSUPPORTED_OPERATION,
  message:
    "the operation returns one result. Call it with 'connection.operation()'.",
};

/** Returns operations with the operation `rows`. */
function withRows(
  handler: OperationHandler<null, never>,
  schemas?: OperationSchemas,
): Operations<null> {
  const operations = new Operations<null>();
  operations.add("rows", handler, schemas);
  return operations;
}

/** Opens the stream of `rows`. */
function open(operations: Operations<null>, data: JsonObject = {}) {
  return operations.find("rows")!.open(data, null);
}

/** Returns all items of a stream. */
async function all(
  items: StreamSource | PromiseLike<StreamSource>,
): Promise<string[]> {
  const opened = await items;
  const texts: string[] = [];
  for (;;) {
    const text = await opened.next();
    if (text === undefined) return texts;
    texts.push(text);
  }
}

async function* count({ to }: { to: number }) {
  for (let n = 0; n < to; n++) yield n;
}

/** Handlers that return a stream */
const STREAMS: Readonly<Record<string, OperationHandler<null, never>>> = {
  "an async generator": count,
  "a method": {
    async *rows(data: { to: number }) {
      yield* count(data);
    },
  }.rows,
  "a function that returns a generator": (data: { to: number }) => count(data),
  "a promise of a generator": (data: { to: number }) =>
    Promise.resolve(count(data)),
  "a stream of the web": ({ to }: { to: number }) =>
    ReadableStream.from(Array.from({ length: to }, (_, n) => n)),
};

for (const [what, handler] of Object.entries(STREAMS)) {
  Deno.test(`an operation is a stream if its handler is ${what}`, async () => {
    for (const schemas of [undefined, {}, { yields: ACCEPT_ALL }]) {
      const operations = withRows(handler, schemas);
      assert.deepEqual(await all(open(operations, { to: 3 })), ["0", "1", "2"]);
    }
  });

  Deno.test(`Operation.call() rejects ${what}`, async () => {
    for (const schemas of [undefined, { yields: ACCEPT_ALL }]) {
      const operations = withRows(handler, schemas);
      await assert.rejects(
        async () => await operations.find("rows")!.call({ to: 1 }, null),
        STREAM_ERROR,
      );
    }
  });
}

for (const value of [undefined, null, 1, "text", [1], {}, new Map(), count]) {
  Deno.test(`${Deno.inspect(value)} is not a stream`, async () => {
    assert.throws(() => open(withRows(() => value)), RESULT_ERROR);
    const later = open(withRows(() => Promise.resolve(value)));
    assert(later instanceof Promise);
    await assert.rejects(later, RESULT_ERROR);
  });
}

Deno.test("the handler is not called if its kind is known to be wrong", () => {
  let runs = 0;
  const result = withRows(() => runs++, { output: ACCEPT_ALL });
  assert.throws(() => open(result), RESULT_ERROR);
  const stream = withRows(() => runs++, { yields: ACCEPT_ALL });
  assert.throws(() => stream.find("rows")!.call({}, null), STREAM_ERROR);
  const generator = withRows(async function* () {
    runs++;
    yield 1;
  });
  assert.throws(() => generator.find("rows")!.call({}, null), STREAM_ERROR);
  // Nor are its arguments looked at.
  const refusing = withRows(count, { input: REJECT_ALL });
  assert.throws(() => refusing.find("rows")!.call({}, null), STREAM_ERROR);
  assert.equal(runs, 0);
});

Deno.test("Operation.call() ends a stream that it rejects", () => {
  const handler = new ManualHandler();
  const operations = withRows(() => handler);
  assert.throws(() => operations.find("rows")!.call({}, null), STREAM_ERROR);
  assert.deepEqual([handler.requested, handler.returned], [0, 1]);
});

Deno.test("Operation.call() ignores an error of a stream that it ends", async () => {
  for (
    const fails of [() => Promise.reject(new Error("no")), () => {
      throw new Error("no");
    }]
  ) {
    const handler = new ManualHandler();
    handler.return = fails;
    const operations = withRows(() => handler);
    assert.throws(() => operations.find("rows")!.call({}, null), STREAM_ERROR);
    await assert.rejects(
      async () =>
        await withRows(() => Promise.resolve(handler)).find("rows")!.call(
          {},
          null,
        ),
      STREAM_ERROR,
    );
  }
});

Deno.test("no item is requested before the stream is read", async () => {
  const handler = new ManualHandler();
  const items = await open(withRows(() => handler));
  assert(items instanceof StreamSource);
  assert.equal(handler.requested, 0);
  assert.equal(await items.next(), "0");
  assert.deepEqual([handler.requested, handler.returned], [1, 0]);
});

Deno.test("a stream gets the output of the schema and the context", async () => {
  const input = schemaOf((value) => ({
    value: { to: Number(Object(value).to) },
  }));
  const operations = new Operations<string>();
  const seen: unknown[] = [];
  operations.add("rows", (data: { to: number }, context) => {
    seen.push(data, context);
    return count(data);
  }, { input });
  const items = operations.find("rows")!.open({ to: "2" }, "context");
  assert.deepEqual(await all(items), ["0", "1"]);
  assert.deepEqual(seen, [{ to: 2 }, "context"]);
});

Deno.test("a stream is not opened if the arguments do not fit", async () => {
  const never = () => assert.fail("the handler is called");
  assert.throws(() => open(withRows(never, { input: REJECT_ALL })), {
    name: "RequestError",
    code: ErrorCode.INVALID_CONTENT,
    message: "the data does not match its schema: n: no",
  });
  for (const input of Object.values(ASYNC_SCHEMAS)) {
    const refused = open(withRows(never, { input }), { n: 0 });
    assert(refused instanceof Promise);
    await assert.rejects(refused, { name: "RequestError", code: 2 });
  }
});

Deno.test("a stream awaits the schema of its arguments", async () => {
  const { opened, open: openGate } = gate();
  const input = schemaOf(async (value) => {
    await opened;
    return { value };
  });
  const items = open(withRows(count, { input }), { to: 1 });
  assert(items instanceof Promise);
  openGate();
  assert.deepEqual(await all(items), ["0"]);
});

Deno.test("the items of a stream are checked, and errors name the operation", async () => {
  const operations = withRows(count, { yields: REJECT_ALL });
  await assert.rejects(all(open(operations, { to: 1 })), (error) => {
    assert(error instanceof ValidationError);
    assert.equal(
      error.message,
      'Cannot continue operation "rows": an item does not match its schema: n: no',
    );
    return true;
  });
});

Deno.test("opening a stream fails with the exception of the handler", async () => {
  const error = new Error("no");
  const fail = () => {
    throw error;
  };
  assert.throws(() => open(withRows(fail)), (thrown) => thrown === error);
  const later = open(withRows(() => Promise.reject(error)));
  assert(later instanceof Promise);
  await assert.rejects(later, (thrown) => thrown === error);
});

Deno.test("a value that cannot be inspected or has no iterator is not a stream", () => {
  const broken = { [Symbol.asyncIterator]: 1 };
  const throwing = {
    [Symbol.asyncIterator]() {
      throw new Error("no");
    },
  };
  for (const value of [HOSTILE, broken, throwing]) {
    const operations = withRows(() => value);
    assert.throws(() => open(operations), { name: /^(Type)?Error$/ });
    assert.throws(
      () => operations.find("rows")!.call({}, null),
      { name: /^(Type)?Error$/ },
    );
  }
});

Deno.test("Operations.add() rejects a synchronous generator", () => {
  const operations = new Operations<null>();
  assert.throws(() => operations.add("rows", function* () {}), {
    name: "TypeError",
    message:
      "Cannot register operation \"rows\": the handler is a synchronous generator. Use 'async function*'.",
  });
  assert(!operations.has("rows"));
});

Deno.test("Operations.add() rejects a generator with an output schema", () => {
  const operations = new Operations<null>();
  const add = () => operations.add("rows", count, { output: ACCEPT_ALL });
  assert.throws(add, {
    name: "TypeError",
    message:
      "Cannot register operation \"rows\": the handler is a generator. Use 'yields' instead of 'output'.",
  });
  assert(!operations.has("rows"));
});

/** Returns the exception of a function or of its promise. */
async function failureOf(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  assert.fail("no exception");
}

Deno.test("a handler with `yields` that returns no stream has failed", async () => {
  for (const value of [1, Promise.resolve(1)]) {
    const operations = new Operations<null>();
    operations.add("rows", () => value, { yields: ACCEPT_ALL });
    const error = await failureOf(() =>
      operations.find("rows")!.open({}, null)
    );
    // The client cannot avoid this error.
    assert(!RequestError.is(error));
  }
});

Deno.test("a handler with `output` that returns a stream has failed", async () => {
  const operations = new Operations<null>();
  operations.add("rows", () => new ManualHandler(), { output: ACCEPT_ALL });
  const error = await failureOf(() => operations.find("rows")!.call({}, null));
  assert(!RequestError.is(error));
});
