/** Tests of `contract/contract.ts`. */

import assert from "node:assert/strict";
import {
  type Contract,
  dataSchemaOf,
  findMessage,
  isReply,
  ownEntry,
  repliesOf,
  repliesTo,
} from "../../contract/contract.ts";
import { assertNamed } from "../../contract/checks.ts";
import { defineContract } from "../../contract/define.ts";
import {
  ACCEPT_ALL,
  LIBRARIES,
  REJECT_ALL,
  schemaOf,
} from "../support/schemas.ts";

/** Names that every object inherits. */
const INHERITED = ["__proto__", "constructor", "toString", "hasOwnProperty"];

const REPLY = schemaOf((value) => ({ value }));

const CONTRACT = defineContract({
  messages: {
    bare: ACCEPT_ALL,
    open: {},
    count: { data: REJECT_ALL, replies: { number: ACCEPT_ALL } },
    ready: { data: REJECT_ALL },
  },
  events: {
    news: ACCEPT_ALL,
    ask: { data: ACCEPT_ALL, replies: { ready: REPLY, busy: REPLY } },
  },
  operations: { add: { input: ACCEPT_ALL, output: ACCEPT_ALL } },
});

/** Makes a contract whose message, event and operation have the same name. */
function contractWith(name: string): Contract {
  const entries = <Entry>(entry: Entry): Record<string, Entry> =>
    Object.fromEntries([[name, entry]]);
  return defineContract({
    messages: entries({ data: REJECT_ALL, replies: entries(ACCEPT_ALL) }),
    events: entries({ data: ACCEPT_ALL, replies: entries(REPLY) }),
    operations: entries({}),
  });
}

/** Finds a message that replies to an event, or claims to. */
function find(
  contract: Contract,
  name: string,
  event: string | null = null,
  isAwaited = false,
) {
  const replying = event === null ? null : { message: event };
  return findMessage(contract, { name, replying, isAwaited });
}

Deno.test("defineContract() returns the parts unchanged", () => {
  const messages = { hi: ACCEPT_ALL };
  const events = { news: { data: LIBRARIES.zod! } };
  const operations = { add: { output: LIBRARIES.valibot! } };
  const rooms = { "chat:{id}": { events: { say: LIBRARIES.arktype! } } };
  const contract = defineContract({ messages, events, operations, rooms });
  assert.equal(contract.messages, messages);
  assert.equal(contract.events, events);
  assert.equal(contract.operations, operations);
  assert.equal(contract.rooms, rooms);
  assert.deepEqual(Object.keys(contract), [
    "messages",
    "events",
    "operations",
    "rooms",
    "describe",
  ]);
});

Deno.test("defineContract() replaces omitted parts by empty ones", () => {
  for (const parts of [{}, { messages: undefined, events: undefined }]) {
    const { describe, ...contract } = defineContract(parts);
    const empty = { messages: {}, events: {}, operations: {}, rooms: {} };
    assert.deepEqual(contract, empty);
    assert.deepEqual(describe(), empty);
  }
});

Deno.test("contract.describe() works without its receiver", () => {
  const { describe } = CONTRACT;
  const description = describe();
  assert.deepEqual(description, CONTRACT.describe());
  assert.deepEqual(Object.keys(description.messages), [
    "bare",
    "open",
    "count",
    "ready",
  ]);
});

Deno.test("defineContract() rejects an invalid contract", () => {
  // TypeScript rejects these values, but JavaScript does not.
  assert.throws(() => defineContract(undefined as never), {
    name: "TypeError",
    message:
      "Cannot define the contract: 'contract' must be an object. It is undefined.",
  });
  assert.throws(() => defineContract({ messages: { hi: 1 as never } }), {
    name: "TypeError",
    message:
      "Cannot define the contract: 'messages.hi' must be an object. It is 1.",
  });
});

Deno.test("a contract can have names that every object inherits", () => {
  for (const name of INHERITED) {
    const contract = contractWith(name);
    assert.deepEqual(Object.keys(contract.describe().messages), [name]);
    assert.deepEqual(find(contract, name), { schema: REJECT_ALL });
    const reply = find(contract, name, name, true);
    assert.deepEqual(reply, { schema: REPLY });
    assert(isReply(contract, name, name));
    assert.deepEqual(ownEntry(contract.operations, name), {});
    assertNamed("Cannot do it", contract.events, name);
    assertNamed("Cannot do it", repliesTo(contract.messages, name), name);
  }
});

Deno.test("a contract does not have inherited names", () => {
  for (const name of INHERITED) {
    assert.equal(find(CONTRACT, name), undefined);
    assert.equal(find(CONTRACT, name, name), undefined);
    assert.equal(find(CONTRACT, name, "ask"), undefined);
    assert(!isReply(CONTRACT, name, "ready"));
    assert(!isReply(CONTRACT, "ask", name));
    assert(!isReply(CONTRACT, name, name));
    assert.equal(ownEntry(CONTRACT.operations, name), undefined);
    assert.deepEqual(repliesTo(CONTRACT.messages, name), {});
    assert.deepEqual(repliesTo(CONTRACT.events, name), {});
    assert.throws(() => assertNamed("No", CONTRACT.events, name), TypeError);
  }
});

Deno.test("dataSchemaOf() returns the schema of both forms of an entry", () => {
  for (const schema of [ACCEPT_ALL, ...Object.values(LIBRARIES)]) {
    assert.equal(dataSchemaOf(schema), schema);
    assert.equal(dataSchemaOf({ data: schema }), schema);
    assert.equal(dataSchemaOf({ data: schema, replies: {} }), schema);
  }
  assert.equal(dataSchemaOf({}), undefined);
  assert.equal(dataSchemaOf({ replies: { hi: ACCEPT_ALL } }), undefined);
});

Deno.test("repliesOf() returns the replies of an entry, or none", () => {
  const replies = { hi: ACCEPT_ALL };
  assert.equal(repliesOf({ replies }), replies);
  assert.equal(repliesOf({ data: ACCEPT_ALL, replies }), replies);
  for (
    const entry of [{}, { data: ACCEPT_ALL }, ACCEPT_ALL, LIBRARIES.arktype!]
  ) {
    assert.deepEqual(repliesOf(entry), {});
  }
  // A schema with a key `replies` is still a schema.
  assert.deepEqual(repliesOf({ ...ACCEPT_ALL, replies }), {});
});

for (
  const [name, replying, schema, isAwaited = false] of [
    ["bare", null, ACCEPT_ALL],
    ["open", null, undefined],
    ["count", null, REJECT_ALL],
    ["bare", "unknown", ACCEPT_ALL],
    ["bare", "ask", ACCEPT_ALL],
    ["ready", null, REJECT_ALL],
    // Without a request that waits, the client sends a message, not a reply.
    ["ready", "ask", REJECT_ALL],
    ["ready", "ask", REPLY, true],
    ["ready", "news", REJECT_ALL],
    ["ready", "count", REJECT_ALL],
    ["busy", "ask", REPLY],
    ["busy", "ask", REPLY, true],
    ["bare", "ask", ACCEPT_ALL, true],
  ] as const
) {
  Deno.test(`findMessage() finds ${name} as a reply to ${replying}, awaited: ${isAwaited}`, () => {
    const found = find(CONTRACT, name, replying, isAwaited);
    assert(found !== undefined);
    assert.deepEqual(Object.keys(found), ["schema"]);
    assert.equal(found.schema, schema);
  });
}

for (
  const [name, replying] of [
    ["unknown", null],
    ["", null],
    ["Bare", null],
    ["news", null],
    ["ask", null],
    ["add", null],
    ["number", null],
    ["number", "count"],
    ["busy", null],
    ["busy", "news"],
    ["busy", "unknown"],
    ["busy", "Ask"],
  ] as const
) {
  Deno.test(`findMessage() does not find ${JSON.stringify(name)} as a reply to ${replying}`, () => {
    assert.equal(find(CONTRACT, name, replying), undefined);
  });
}

Deno.test("assertNamed() accepts any name without a contract", () => {
  for (const name of ["news", ...INHERITED]) {
    assertNamed("Cannot do it", undefined, name);
  }
});

for (
  const [entries, name, remedy] of [
    [{}, "news", "There are no names."],
    [{ news: {} }, "new", 'Did you mean "news"?'],
    [{ news: {}, ask: {} }, "", "The names are news, ask."],
    [{ news: undefined }, "toString", "The names are news."],
  ] as const
) {
  Deno.test(`assertNamed() rejects ${JSON.stringify(name)} and helps: ${remedy}`, () => {
    const subject = 'Cannot broadcast message "new"';
    assert.throws(() => assertNamed(subject, entries, name), {
      name: "TypeError",
      message:
        `Cannot broadcast message "new": the contract does not have this name. ${remedy}`,
    });
    for (const own of Object.keys(entries)) assertNamed(subject, entries, own);
  });
}

Deno.test("repliesTo() returns the replies to an entry by its name", () => {
  const { events, messages } = CONTRACT;
  assert.equal(repliesTo(messages, "count"), messages.count.replies);
  assert.equal(repliesTo(events, "ask"), events.ask.replies);
  for (const name of ["bare", "open", "ready", "unknown", "news", "ask"]) {
    assert.deepEqual(repliesTo(messages, name), {});
  }
});

for (
  const [event, name, isOne] of [
    ["ask", "ready", true],
    ["ask", "busy", true],
    ["ask", "bare", false],
    ["ask", "", false],
    ["news", "ready", false],
    ["count", "number", false],
    ["unknown", "ready", false],
  ] as const
) {
  Deno.test(`isReply() returns ${isOne} for ${JSON.stringify(name)} to ${event}`, () => {
    assert.equal(isReply(CONTRACT, event, name), isOne);
  });
}
