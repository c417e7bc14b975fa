import assert from "node:assert/strict";
import { z } from "zod";
import { ClientMessage, type OperationContext } from "../../server/message.ts";
import type { Contract, OperationSchemas } from "../../contract/contract.ts";
import { defineContract } from "../../contract/define.ts";
import { ErrorCode } from "../../common/errors.ts";
import { RequestError } from "../../protocol/request_error.ts";
import { Registry } from "../../server/registry.ts";
import { messageContext } from "../support/message_context.ts";
import { ACCEPT_ALL, LIBRARIES, REJECT_ALL } from "../support/schemas.ts";

const CONTEXT = {} as OperationContext;

const CONTRACT = defineContract({
  messages: { hi: ACCEPT_ALL, bye: {} },
  operations: {
    add: { input: z.object({ n: z.coerce.number() }), output: z.number() },
    rows: { yields: ACCEPT_ALL },
    open: {},
  },
});

const NO_SCHEMAS = [null, 1, "text", {}, [], () => {}];

/** Returns a registry with or without a contract. */
function registryOf(contract?: Contract): Registry {
  return new Registry(contract);
}

/** Returns a message of a client. */
function message(name: string, data = {}): ClientMessage {
  const wire = { message: name, data, id: 1, replying: null };
  return new ClientMessage(wire, messageContext());
}

/** Calls the listeners for a message and returns their exceptions. */
async function dispatch(registry: Registry, name: string, data = {}) {
  const errors: unknown[] = [];
  await registry.listeners.dispatch(
    message(name, data),
    (error) => errors.push(error),
  );
  return errors;
}

Deno.test("a registry without a contract accepts every name", async () => {
  const registry = registryOf();
  const seen: string[] = [];
  const listener = ({ name }: ClientMessage) => void seen.push(name);
  registry.receive("hi", listener, undefined);
  registry.receive(["__proto__", "toString", ""], listener, undefined);
  for (const name of ["hi", "__proto__", "toString", "", "bye"]) {
    assert.deepEqual(await dispatch(registry, name), []);
  }
  assert.deepEqual(seen, ["hi", "__proto__", "toString", ""]);
  registry.operation("constructor", () => 1, undefined);
  assert.equal(registry.operations.find("constructor")!.call({}, CONTEXT), "1");
  assert.deepEqual(registry.missing, []);
});

Deno.test("a listener gets the output of its schema", async () => {
  const registry = registryOf();
  const seen: unknown[] = [];
  const schema = z.object({ n: z.coerce.number() });
  registry.receive(["hi", "bye"], ({ data }) => seen.push(data), schema);
  registry.receive("hi", ({ data }) => seen.push(data), undefined);
  assert.deepEqual(await dispatch(registry, "hi", { n: "1" }), []);
  assert.deepEqual(await dispatch(registry, "bye", { n: "2" }), []);
  // The listener without a schema accepts everything.
  assert.deepEqual(await dispatch(registry, "hi", { n: "x" }), []);
  const errors = await dispatch(registry, "bye", { n: "x" });
  assert(errors.length === 1 && RequestError.is(errors[0]));
  assert.deepEqual(seen, [{ n: 1 }, { n: "1" }, { n: 2 }, { n: "x" }]);
});

Deno.test("disposing removes listeners and operations", async () => {
  const registry = registryOf();
  let called = 0;
  const disposables = [
    registry.receive("hi", () => called++, ACCEPT_ALL),
    registry.receive("hi", () => called++, undefined),
    registry.operation("add", () => 1, undefined),
  ];
  assert(registry.operations.has("add"));
  for (const disposable of disposables) disposable[Symbol.dispose]();
  await dispatch(registry, "hi");
  assert.equal(called, 0);
  assert(!registry.operations.has("add"));
});

Deno.test("a registry with a contract accepts its names", async () => {
  const registry = registryOf(CONTRACT);
  const seen: string[] = [];
  registry.receive(["hi", "bye"], ({ name }) => seen.push(name), undefined);
  registry.receive("hi", ({ name }) => seen.push(name), undefined);
  await dispatch(registry, "hi");
  await dispatch(registry, "bye");
  assert.deepEqual(seen, ["hi", "hi", "bye"]);
});

for (const name of ["Hi", "", "add", "toString", "__proto__"]) {
  Deno.test(`a registry with a contract rejects the message ${JSON.stringify(name)}`, async () => {
    const registry = registryOf(CONTRACT);
    let called = 0;
    for (const names of [name, [name], ["hi", name]]) {
      assert.throws(() => registry.receive(names, () => called++, undefined), {
        name: "TypeError",
        message:
          /^Cannot receive message ".*": the contract does not have this name\. /,
      });
    }
    // Nothing is received of a list with one that is not there.
    for (const each of ["hi", name]) await dispatch(registry, each);
    assert.equal(called, 0);
  });
}

for (const name of ["Add", "", "hi", "toString", "__proto__"]) {
  Deno.test(`a registry with a contract rejects the operation ${JSON.stringify(name)}`, () => {
    const registry = registryOf(CONTRACT);
    assert.throws(() => registry.operation(name, () => 1, undefined), {
      name: "TypeError",
      message:
        /^Cannot register operation ".*": the contract does not have this name\. /,
    });
    assert(!registry.operations.has(name));
  });
}

Deno.test("a registry with an empty contract rejects every name", () => {
  const registry = registryOf(defineContract({}));
  assert.throws(() => registry.receive("hi", () => {}, undefined), {
    message:
      'Cannot receive message "hi": the contract does not have this name. There are no names.',
  });
  assert.throws(() => registry.operation("add", () => {}, undefined), {
    message:
      'Cannot register operation "add": the contract does not have this name. There are no names.',
  });
});

Deno.test("a registry with a contract rejects other schemas", () => {
  const registry = registryOf(CONTRACT);
  for (const names of ["hi", ["hi"], ["hi", "bye"]]) {
    assert.throws(() => registry.receive(names, () => {}, ACCEPT_ALL), {
      name: "TypeError",
      message:
        'Cannot receive message "hi" with a schema: the server has a contract. Move the schema into the contract.',
    });
  }
  for (const schemas of [{}, null] as OperationSchemas[]) {
    assert.throws(() => registry.operation("open", () => {}, schemas), {
      name: "TypeError",
      message:
        'Cannot register operation "open" with a schema: the server has a contract. Move the schema into the contract.',
    });
  }
  assert.deepEqual(registry.missing, ["add", "rows", "open"]);
});

for (const schema of NO_SCHEMAS) {
  Deno.test(`rejects ${Deno.inspect(schema)} as the schema of a listener`, async () => {
    const registry = registryOf();
    const listener = () => assert.fail("the listener is called");
    // TypeScript rejects it, JavaScript does not.
    assert.throws(() => registry.receive("hi", listener, schema as never), {
      name: "TypeError",
      message:
        /^Cannot receive messages: 'schema' must be a Standard Schema, .* It is /,
    });
    assert.deepEqual(await dispatch(registry, "hi"), []);
  });
}

Deno.test("accepts schemas of all libraries", async () => {
  const registry = registryOf();
  for (const schema of Object.values(LIBRARIES)) {
    registry.receive("hi", () => assert.fail("the data fits"), schema);
  }
  const errors = await dispatch(registry, "hi", { n: "x" });
  assert.equal(errors.filter(RequestError.is).length, 3);
});

for (const listener of [undefined, null, "text", {}]) {
  Deno.test(`rejects the listener ${JSON.stringify(listener)}`, () => {
    for (const contract of [undefined, CONTRACT]) {
      const registry = registryOf(contract);
      assert.throws(
        () => registry.receive("hi", listener as never, undefined),
        {
          name: "TypeError",
          message:
            /^Cannot receive messages: the listener must be a function\. It is /,
        },
      );
    }
  });
}

Deno.test("rejects an empty array of names", () => {
  for (const schema of [undefined, ACCEPT_ALL]) {
    assert.throws(() => registryOf().receive([], () => {}, schema), {
      name: "TypeError",
      message:
        "Cannot receive messages: the array of names is empty. Omit it to receive all messages.",
    });
  }
});

Deno.test("checks an operation with the schemas of the contract or its own schemas", async () => {
  const registries = [registryOf(CONTRACT), registryOf()];
  const schemas = [undefined, CONTRACT.operations.add] as const;
  for (const [index, registry] of registries.entries()) {
    registry.operation("add", ({ n }: { n: unknown }) => n, schemas[index]);
    const { operations } = registry;
    assert.equal(await operations.find("add")!.call({ n: "1" }, CONTEXT), "1");
    assert.throws(() => operations.find("add")!.call({ n: "x" }, CONTEXT), {
      name: "RequestError",
      code: ErrorCode.INVALID_CONTENT,
    });
  }
});

Deno.test("rejects invalid schemas of an operation", () => {
  const registry = registryOf();
  const add = (schemas: unknown) => () =>
    registry.operation("add", () => 1, schemas as never);
  assert.throws(add(null), {
    name: "TypeError",
    message:
      `Cannot register operation "add": 'schemas' must be an object. It is null.`,
  });
  assert.throws(add({ input: 1 }), {
    name: "TypeError",
    message:
      `Cannot register operation "add": 'schemas.input' must be a Standard Schema, for example of zod, valibot or arktype. It is 1.`,
  });
  assert(!registry.operations.has("add"));
});

Deno.test("rejects a handler that does not fit its contract", () => {
  const registry = registryOf(CONTRACT);
  const generate = async function* () {};
  for (
    const [name, problem] of [
      ["add", "generator. Use 'yields' instead of 'output'."],
      [
        "open",
        "generator, and the contract has no 'yields' for it. Add 'yields' to the contract.",
      ],
    ] as const
  ) {
    assert.throws(() => registry.operation(name, generate, undefined), {
      name: "TypeError",
      message:
        `Cannot register operation "${name}": the handler is a ${problem}`,
    });
  }
  registry.operation("rows", generate, undefined);
  assert.deepEqual(registry.missing, ["add", "open"]);
});

Deno.test("lists the operations of the contract without a handler", () => {
  const registry = registryOf(CONTRACT);
  assert.deepEqual(registry.missing, ["add", "rows", "open"]);
  const rows = registry.operation("rows", () => REJECT_ALL, undefined);
  assert.deepEqual(registry.missing, ["add", "open"]);
  rows[Symbol.dispose]();
  assert.deepEqual(registry.missing, ["add", "rows", "open"]);
});
