/** What a contract is to the compiler: the gate fails where inference is lost. */

import assert from "node:assert/strict";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import {
  type Client,
  type ClientMessage,
  connect,
  type Connection,
  defineContract,
  type InputOf,
  type Json,
  type JsonObject,
  type OperationStream,
  type OutputOf,
  type Schema,
  serve,
  Server,
  type ServerMessage,
} from "../../mod.ts";
import { type HandlerIn } from "../../server/message.ts";
import {
  type JsonOf,
  type NoData,
  type OperationName,
  type StreamName,
} from "../../contract/infer.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { assertSameType } from "../support/same_type.ts";

const QUIET = { hostname: "127.0.0.1", port: 0, logger: new LogRecorder() };

const contract = defineContract({
  messages: {
    hello: {
      data: z.object({ name: z.string(), loud: z.boolean().default(false) }),
      replies: {
        hi: z.object({ text: z.string() }),
        bye: v.object({ at: v.number() }),
      },
    },
    note: type({ text: "string" }),
    ping: {},
  },
  events: {
    news: z.object({ n: z.number() }),
    ready: { replies: { yes: z.object({ at: z.coerce.number() }) } },
  },
  operations: {
    add: {
      input: z.object({ a: z.number(), b: z.number().optional() }),
      output: z.number(),
    },
    rows: {
      input: v.object({ to: v.number() }),
      yields: type({ n: "number" }),
    },
    now: {},
  },
});

type Of = typeof contract;

/** Never runs: what is in it has to compile, or not to. */
function compiles(_check: () => unknown): void {}

Deno.test("the types of a schema are found, of all three libraries", () => {
  const coerced = z.object({ n: z.string().transform(Number) });
  assertSameType<InputOf<typeof coerced>, { n: string }>(true);
  assertSameType<OutputOf<typeof coerced>, { n: number }>(true);
  const piped = v.pipe(v.string(), v.transform(Number));
  assertSameType<InputOf<typeof piped>, string>(true);
  assertSameType<OutputOf<typeof piped>, number>(true);
  const parsed = type("string.numeric.parse");
  assertSameType<InputOf<typeof parsed>, string>(true);
  assertSameType<OutputOf<typeof parsed>, number>(true);
  const own = {} as Schema<{ a: 1 }, { a: 2 }>;
  assertSameType<InputOf<typeof own>, { a: 1 }>(true);
  assertSameType<OutputOf<typeof own>, { a: 2 }>(true);
});

Deno.test("a listener gets what its schema makes of the data", () => {
  compiles(() => {
    const server = new Server("test");
    server.receive("n", z.object({ n: z.coerce.number() }), (message) => {
      assertSameType<typeof message.data, { n: number }>(true);
      message.reply("anything", { at: "all" });
    });
    server.receive(["a", "b"], v.object({ n: v.number() }), ({ data }) => {
      assertSameType<typeof data, { n: number }>(true);
    });
    // @ts-expect-error: what a message carries is an object
    server.receive("n", z.string(), () => {});
    // @ts-expect-error: there is no such key
    server.receive("n", type({ n: "number" }), ({ data }) => data.m);
  });
});

Deno.test("a handler gets what its schema makes of the arguments, and gives what the other takes", () => {
  compiles(() => {
    const server = new Server("test");
    const input = z.object({ n: z.coerce.number() });
    const output = z.string().transform(Number);
    server.operation("a", { input, output }, (data, { client }) => {
      assertSameType<typeof data, { n: number }>(true);
      assertSameType<typeof client.identity, unknown>(true);
      return String(data.n);
    });
    server.operation("b", { input }, ({ n }) => Promise.resolve([n]));
    server.operation("c", { output }, async (data) => {
      assertSameType<typeof data, JsonObject>(true);
      return await Promise.resolve("1");
    });
    server.operation("d", { yields: output }, async function* () {
      yield "1";
    });
    async function* texts() {
      yield "1";
    }
    server.operation("h", { yields: output }, async () => {
      await Promise.resolve();
      return texts();
    });
    // @ts-expect-error: the schema takes a text
    server.operation("e", { output }, () => 1);
    // @ts-expect-error: what it resolves to is no stream
    server.operation("i", { yields: output }, () => Promise.resolve("1"));
    // @ts-expect-error: the schema takes a text
    server.operation("f", { yields: output }, async function* () {
      yield 1;
    });
    // @ts-expect-error: what an operation takes is an object
    server.operation("g", { input: z.string() }, () => 1);
  });
});

Deno.test("names of a contract are those that there are", () => {
  assertSameType<OperationName<Of>, "add" | "now">(true);
  assertSameType<StreamName<Of>, "rows">(true);
  compiles(async () => {
    const server = serve("test", { ...QUIET, contract });
    const connection = await connect("test", { contract });
    // @ts-expect-error: there is no such operation
    server.operation("ad", () => 1);
    // @ts-expect-error: there is no such message
    server.receive("helo", () => {});
    // @ts-expect-error: one of them is not there
    server.receive(["hello", "helo"], () => {});
    // @ts-expect-error: there is no such event
    server.broadcast("newz", { n: 1 });
    // @ts-expect-error: there is no such operation
    connection.operation("ad", { a: 1 });
    // @ts-expect-error: it gives a stream
    connection.operation("rows", { to: 1 });
    // @ts-expect-error: it gives one result
    connection.stream("add", { a: 1 });
    // @ts-expect-error: there is no such message
    connection.message("helo", { name: "Ada" });
    // @ts-expect-error: there are no replies to it
    connection.request("ping");
    // @ts-expect-error: there is no such event
    connection.receive("newz", () => {});
  });
});

Deno.test("a server is typed by its contract", () => {
  compiles(() => {
    const login = () => ({ id: 1 });
    const server = serve("test", { ...QUIET, contract, login });
    assertSameType<typeof server, Server<{ id: number }, Of>>(true);
    server.operation("add", (data, { client, signal }) => {
      assertSameType<typeof data, { a: number; b?: number | undefined }>(true);
      assertSameType<typeof client, Client<{ id: number }, Of>>(true);
      assertSameType<typeof signal, AbortSignal>(true);
      return data.a;
    });
    // @ts-expect-error: the result is a number
    server.operation("add", ({ a }) => `${a}`);
    // @ts-expect-error: it gives a stream
    server.operation("rows", ({ to }) => to);
    server.operation("rows", async function* ({ to }) {
      yield { n: to };
    });
    server.operation("now", (data) => {
      assertSameType<typeof data, NoData>(true);
      return new Date();
    });
    // @ts-expect-error: the contract has its schemas
    server.operation("now", { output: z.number() }, () => "1");
    server.receive("hello", (message) => {
      assertSameType<typeof message.name, "hello">(true);
      assertSameType<typeof message.data, { name: string; loud: boolean }>(
        true,
      );
      message.reply("hi", { text: message.data.name });
      // @ts-expect-error: there is no such reply
      message.reply("hey", { text: "" });
      // @ts-expect-error: it carries a text
      message.reply("hi", { text: 1 });
      // @ts-expect-error: it carries something
      message.reply("hi");
      message.client.message("news", { n: message.client.identity.id });
    });
    server.receive(["note", "ping"], (message) => {
      if (message.name === "ping") {
        return assertSameType<typeof message.data, NoData>(true);
      }
      assertSameType<typeof message.data, { text: string }>(true);
      // @ts-expect-error: there are no replies to it
      message.reply("hi", { text: "" });
    });
    server.receive((message) => {
      message.name satisfies "hello" | "note" | "ping" | "yes";
      if (message.name === "yes") {
        assertSameType<typeof message.data, { at: number }>(true);
      }
    });
    server.broadcast("news", { n: 1 });
    server.broadcast("ready");
    // @ts-expect-error: it carries something
    server.broadcast("news");
    // @ts-expect-error: it carries a number
    server.broadcast("news", { n: "1" });
  });
});

Deno.test("a client of a server is asked by the contract", () => {
  compiles(async () => {
    const server = serve("test", { ...QUIET, contract });
    for (const client of server.clients) {
      const reply = await client.request("ready", {}, { timeout: 1 });
      assertSameType<typeof reply.name, "yes">(true);
      // What a client sends is checked: this is what came of it.
      assertSameType<typeof reply.data, { at: number }>(true);
      // @ts-expect-error: there are no replies to it
      client.request("news", { n: 1 });
      // @ts-expect-error: there is no such event
      client.message("newz", { n: 1 });
    }
  });
});

Deno.test("a connection is typed by its contract", () => {
  compiles(async () => {
    const connection = await connect("test", { contract, validate: "all" });
    assertSameType<typeof connection, Connection<Of>>(true);
    const sum = await connection.operation("add", { a: 1 }, { timeout: 1 });
    assertSameType<typeof sum, number>(true);
    assertSameType<Awaited<ReturnType<typeof now>>, Json>(true);
    const now = () => connection.operation("now");
    // @ts-expect-error: it takes numbers
    connection.operation("add", { a: "1" });
    // @ts-expect-error: it takes something
    connection.operation("add");
    // What has a default may be left out by whoever sends it.
    const sent = await connection.message("hello", { name: "Ada" }, {
      onReply: (reply) => reply.name satisfies "hi" | "bye",
    });
    for (const reply of sent.replies) {
      if (reply.name === "hi") {
        assertSameType<typeof reply.data, { text: string }>(true);
      } else assertSameType<typeof reply.data, { at: number }>(true);
    }
    const reply = await connection.request("hello", { name: "Ada" });
    assertSameType<typeof reply.name, "hi" | "bye">(true);
    const stream = connection.stream("rows", { to: 3 }, { buffer: 1 });
    assertSameType<typeof stream, OperationStream<{ n: number }>>(true);
    for await (const row of stream) {
      assertSameType<typeof row, { n: number }>(true);
    }
  });
});

Deno.test("events are typed by the contract, and so are the replies to them", () => {
  compiles(async () => {
    const connection = await connect("test", { contract });
    connection.receive("news", ({ data }) => {
      assertSameType<typeof data, { n: number }>(true);
    });
    connection.receive("ready", (message) => {
      message.reply("yes", { at: "12" });
      // @ts-expect-error: there is no such reply
      message.reply("no", {});
      // A reply is a message, so it may be any of those as well.
      const sent = message.reply("hello", { name: "Ada" });
      sent satisfies Promise<{ name: "hello" }>;
    });
    connection.receive((message) => {
      message.name satisfies "news" | "ready" | "hi" | "bye";
      if (message.name === "bye") {
        assertSameType<typeof message.data, { at: number }>(true);
      }
    });
  });
});

Deno.test("without a contract, names are texts and payloads JSON", () => {
  compiles(async () => {
    const server = serve("test", QUIET);
    const connection = await connect("test");
    assertSameType<typeof connection, Connection>(true);
    server.operation("any", (data) => {
      assertSameType<typeof data, JsonObject>(true);
    });
    server.receive((message) => {
      assertSameType<typeof message, ClientMessage<IdentityIn<typeof server>>>(
        true,
      );
    });
    connection.receive((message) => {
      assertSameType<typeof message, ServerMessage>(true);
    });
    connection.receive("any", (message) => {
      message satisfies ServerMessage;
      message.reply("any", { at: "all" });
    });
    const result = await connection.operation("any", { at: "all" });
    assertSameType<typeof result, Json>(true);
    const { data, replies } = await connection.message("any");
    assertSameType<typeof data, JsonObject>(true);
    replies satisfies readonly ServerMessage[];
    for await (const item of connection.stream("any")) {
      assertSameType<typeof item, Json>(true);
    }
    const name: string = String(result);
    (await connection.request(name)).data satisfies JsonObject;
  });
});

/** The type of the identity of a server's clients. */
type IdentityIn<Of> = Of extends Server<infer Identity> ? Identity : never;

Deno.test("handlers can be written elsewhere", () => {
  const add: HandlerIn<unknown, Of, Of["operations"]["add"]> = ({ a, b = 0 }) =>
    a + b;
  assert.equal(typeof add, "function");
  compiles(() => {
    const server = new Server<unknown, Of>("test", { contract });
    server.operation("add", add);
    // @ts-expect-error: it has another contract
    const _other: Server = server;
    // @ts-expect-error: both have to be named
    new Server<unknown>("test", { contract });
  });
});

Deno.test("options are not taken for the data of what carries none", () => {
  compiles(async () => {
    const connection = await connect("test", { contract });
    connection.operation("now", {}, { timeout: 1 });
    connection.message("ping", {}, { timeout: 1 });
    // @ts-expect-error: it takes nothing
    connection.operation("now", { timeout: 1 });
    // @ts-expect-error: it carries nothing
    connection.message("ping", { timeout: 1 });
  });
});

Deno.test("data may be left out only where it may be for each of the names", () => {
  compiles(async () => {
    const connection = await connect("test", { contract });
    const either = "ping" as "ping" | "hello";
    // @ts-expect-error: one of them carries something
    connection.message(either);
    connection.message(either, { name: "Ada" });
  });
});

Deno.test("no overload lets a name pass that is not in the contract", () => {
  compiles(() => {
    const server = serve("test", { ...QUIET, contract });
    // @ts-expect-error: the contract has the schemas
    server.receive("helo", z.object({ n: z.number() }), () => {});
    // @ts-expect-error: the contract has the schemas
    server.operation("ad", { output: z.number() }, () => 1);
  });
});

const literals = defineContract({
  operations: {
    state: { output: z.object({ kind: z.literal("on") }) },
    word: { output: z.enum(["yes", "no"]) },
    loose: {},
    any: { output: z.any() },
  },
});

Deno.test("what a handler returns keeps its literals, whatever else there is", () => {
  compiles(() => {
    const server = serve("test", { ...QUIET, contract: literals });
    server.operation("state", () => ({ kind: "on" }));
    server.operation("state", (_data) => ({ kind: "on" }));
    server.operation("word", () => "yes");
    server.operation("word", (_data) => Promise.resolve("yes"));
    // @ts-expect-error: there is no such word
    server.operation("word", () => "maybe");
    server.operation("loose", () => {});
    server.operation("loose", () => console.log());
    server.operation("loose", async () => await Promise.resolve());
    server.operation("any", () => null);
    server.operation("any", () => 1n);
  });
});

Deno.test("a client gets what JSON makes of a value", () => {
  interface Item {
    readonly at: Date;
    readonly tags?: readonly string[];
    readonly sizes: Map<string, number>;
  }
  type Sent = JsonOf<{ readonly items: readonly Item[]; url: URL }>;
  assertSameType<Sent["items"][number]["at"], string>(true);
  assertSameType<Sent["items"][number]["tags"], readonly string[] | undefined>(
    true,
  );
  assertSameType<Sent["items"][number]["sizes"], never>(true);
  assertSameType<Sent["url"], string>(true);
  assertSameType<JsonOf<[1, Date]>, [1, string]>(true);
  // In an array, JSON has null for what is left out.
  assertSameType<JsonOf<(number | undefined)[]>, (number | null)[]>(true);
  assertSameType<JsonOf<readonly [Date, undefined]>, readonly [string, null]>(
    true,
  );
  assertSameType<JsonOf<unknown>, unknown>(true);
  const dated = defineContract({
    events: { at: z.object({ at: z.date() }) },
    operations: { now: { output: z.object({ at: z.date() }) } },
  });
  compiles(async () => {
    const connection = await connect("test", { contract: dated });
    const { at } = await connection.operation("now");
    assertSameType<typeof at, string>(true);
    connection.receive("at", ({ data }) => {
      assertSameType<typeof data.at, string>(true);
    });
    const server = serve("test", { ...QUIET, contract: dated });
    server.broadcast("at", { at: new Date() });
    server.operation("now", () => ({ at: new Date() }));
  });
});

Deno.test("what takes any server or connection takes those with a contract", () => {
  // deno-lint-ignore no-explicit-any
  const stop = (server: Server<any, any>, connection: Connection<any>) =>
    Promise.all([connection.close(), server.close()]);
  compiles(async () => {
    const server = serve("test", { ...QUIET, contract });
    await stop(server, await connect("test", { contract }));
  });
});

Deno.test("a contract is refused that could not work", () => {
  compiles(() => {
    // @ts-expect-error: what a message carries is an object
    defineContract({ messages: { hello: z.string() } });
    // @ts-expect-error: what an operation takes is an object
    defineContract({ operations: { add: { input: z.number() } } });
    // @ts-expect-error: a list is an object to the compiler, and none in JSON
    defineContract({ operations: { sum: { input: z.array(z.number()) } } });
    // @ts-expect-error: the same, for a message
    defineContract({ messages: { sum: v.array(v.number()) } });
    const list = z.array(z.int());
    // @ts-expect-error: the same, for an event with replies
    defineContract({ events: { sum: { data: list, replies: {} } } });
    defineContract({
      messages: { all: z.any(), keyed: z.record(z.string(), z.int()) },
    });
    // @ts-expect-error: there is no such part
    defineContract({ operation: {} });
    // @ts-expect-error: this is no schema
    defineContract({ events: { news: { data: {} } } });
    const output = z.number();
    // @ts-expect-error: it is misspelt
    defineContract({ operations: { add: { ouput: output } } });
    // @ts-expect-error: it is misspelt, beside another one
    defineContract({ operations: { add: { output, inputs: z.object() } } });
    // @ts-expect-error: it gives one result, or a stream
    defineContract({ operations: { add: { output, yields: output } } });
    // @ts-expect-error: it is misspelt
    defineContract({ messages: { hi: { data: z.object(), reply: {} } } });
    // @ts-expect-error: it is misspelt
    defineContract({ events: { hi: { date: z.object() } } });
  });
});
