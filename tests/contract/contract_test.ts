import assert from "node:assert/strict";
import {
  assertNamed,
  type Contract,
  dataSchemaOf,
  findMessage,
  isReply,
  ownEntry,
  repliesOf,
  repliesTo,
} from "../../contract/contract.ts";
import { defineContract } from "../../contract/define.ts";
import {
  ACCEPT_ALL,
  LIBRARIES,
  REJECT_ALL,
  schemaOf,
} from "../support/schemas.ts";

/** Names that every object has already. */
const INHERITED = ["__proto__", "constructor", "toString", "hasOwnProperty"];

const ASKED = schemaOf((value) => ({ value }));

const CONTRACT = defineContract({
  messages: {
    bare: ACCEPT_ALL,
    open: {},
    count: { data: REJECT_ALL, replies: { number: ACCEPT_ALL } },
    ready: { data: REJECT_ALL },
  },
  events: {
    news: ACCEPT_ALL,
    ask: { data: ACCEPT_ALL, replies: { ready: ASKED, busy: ASKED } },
  },
  operations: { add: { input: ACCEPT_ALL, output: ACCEPT_ALL } },
});

/** A contract with messages, events and operations of one name. */
function contractWith(name: string): Contract {
  const entries = <Entry>(entry: Entry): Record<string, Entry> =>
    Object.fromEntries([[name, entry]]);
  return defineContract({
    messages: entries({ data: REJECT_ALL, replies: entries(ACCEPT_ALL) }),
    events: entries({ data: ACCEPT_ALL, replies: entries(ASKED) }),
    operations: entries({}),
  });
}

/** What a message has to be that replies to an event, or claims to. */
function find(
  contract: Contract,
  name: string,
  event: string | null = null,
  isAwaited = false,
) {
  const replying = event === null ? null : { message: event };
  return findMessage(contract, { name, replying, isAwaited });
}

Deno.test("defineContract() gives the parts as they are", () => {
  const messages = { hi: ACCEPT_ALL };
  const events = { news: { data: LIBRARIES.zod! } };
  const operations = { add: { output: LIBRARIES.valibot! } };
  const contract = defineContract({ messages, events, operations });
  assert.equal(contract.messages, messages);
  assert.equal(contract.events, events);
  assert.equal(contract.operations, operations);
  assert.deepEqual(Object.keys(contract), [
    "messages",
    "events",
    "operations",
    "describe",
  ]);
});

Deno.test("defineContract() fills in the parts that are left out", () => {
  for (const parts of [{}, { messages: undefined, events: undefined }]) {
    const { describe, ...contract } = defineContract(parts);
    const nothing = { messages: {}, events: {}, operations: {} };
    assert.deepEqual(contract, nothing);
    assert.deepEqual(describe(), nothing);
  }
});

Deno.test("a contract describes itself, wherever its method is called from", () => {
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

Deno.test("defineContract() refuses what makes no contract", () => {
  // What TypeScript refuses and JavaScript does not.
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

Deno.test("a contract can be defined with names that every object has", () => {
  for (const name of INHERITED) {
    const contract = contractWith(name);
    assert.deepEqual(Object.keys(contract.describe().messages), [name]);
    assert.deepEqual(find(contract, name), { schema: REJECT_ALL });
    const reply = find(contract, name, name, true);
    assert.deepEqual(reply, { schema: ASKED });
    assert(isReply(contract, name, name));
    assert.deepEqual(ownEntry(contract.operations, name), {});
    assertNamed("Cannot do it", contract.events, name);
    assertNamed("Cannot do it", repliesTo(contract.messages, name), name);
  }
});

Deno.test("a contract does not have the names that every object has", () => {
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

Deno.test("dataSchemaOf() is the schema that stands for a message, or in it", () => {
  for (const schema of [ACCEPT_ALL, ...Object.values(LIBRARIES)]) {
    assert.equal(dataSchemaOf(schema), schema);
    assert.equal(dataSchemaOf({ data: schema }), schema);
    assert.equal(dataSchemaOf({ data: schema, replies: {} }), schema);
  }
  assert.equal(dataSchemaOf({}), undefined);
  assert.equal(dataSchemaOf({ replies: { hi: ACCEPT_ALL } }), undefined);
});

Deno.test("repliesOf() are those of a message, or none", () => {
  const replies = { hi: ACCEPT_ALL };
  assert.equal(repliesOf({ replies }), replies);
  assert.equal(repliesOf({ data: ACCEPT_ALL, replies }), replies);
  for (
    const entry of [{}, { data: ACCEPT_ALL }, ACCEPT_ALL, LIBRARIES.arktype!]
  ) {
    assert.deepEqual(repliesOf(entry), {});
  }
  // A schema is none of ours, whatever it has besides.
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
    // Who was asked nothing sends a message, whatever it claims to reply to.
    ["ready", "ask", REJECT_ALL],
    ["ready", "ask", ASKED, true],
    ["ready", "news", REJECT_ALL],
    ["ready", "count", REJECT_ALL],
    ["busy", "ask", ASKED],
    ["busy", "ask", ASKED, true],
    ["bare", "ask", ACCEPT_ALL, true],
  ] as const
) {
  Deno.test(`findMessage() finds ${name} as a reply to ${replying}, asked for: ${isAwaited}`, () => {
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

Deno.test("assertNamed() takes any name where there is no contract", () => {
  for (const name of ["news", ...INHERITED]) {
    assertNamed("Cannot do it", undefined, name);
  }
});

for (
  const [entries, name, remedy] of [
    [{}, "news", "There are no names."],
    [{ news: {} }, "new", "Did you mean 'news'?"],
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

Deno.test("repliesTo() are those to the message or the event of a name, or none", () => {
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
  Deno.test(`isReply() says ${isOne} for ${JSON.stringify(name)} to ${event}`, () => {
    assert.equal(isReply(CONTRACT, event, name), isOne);
  });
}
