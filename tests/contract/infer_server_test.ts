/** Tests of the types that a server infers from its contract and its schemas. */

import assert from "node:assert/strict";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import {
  type Client,
  defineContract,
  type JsonObject,
  serve,
  Server,
  tracked,
} from "../../mod.ts";
import type { NoData } from "../../contract/infer.ts";
import type { HandlerIn } from "../../server/handler_types.ts";
import { assertSameType } from "../support/same_type.ts";
import {
  compiles,
  contract,
  QUIET,
  type TypedContract,
} from "../support/typed_contract.ts";

Deno.test("a listener receives the output type of its schema", () => {
  compiles(() => {
    const server = new Server("test");
    server.receive("n", z.object({ n: z.coerce.number() }), (message) => {
      assertSameType<typeof message.data, { n: number }>(true);
      message.reply("anything", { at: "all" });
    });
    server.receive(["a", "b"], v.object({ n: v.number() }), ({ data }) => {
      assertSameType<typeof data, { n: number }>(true);
    });
    // @ts-expect-error: data must be an object
    server.receive("n", z.string(), () => {});
    // @ts-expect-error: there is no such key
    server.receive("n", type({ n: "number" }), ({ data }) => data.m);
  });
});

Deno.test("a handler receives and returns the types of its schemas", () => {
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
    async function* strings() {
      yield "1";
    }
    server.operation("j", { yields: output }, async function* (_data, context) {
      assertSameType<typeof context.lastEventId, string | undefined>(true);
      yield tracked("1", "1");
      yield "2";
    });
    // @ts-expect-error: the schema accepts a string
    server.operation("k", { yields: output }, async function* () {
      yield tracked("1", 1);
    });
    server.operation("h", { yields: output }, async () => {
      await Promise.resolve();
      return strings();
    });
    // @ts-expect-error: the schema accepts a string
    server.operation("e", { output }, () => 1);
    // @ts-expect-error: it resolves to no stream
    server.operation("i", { yields: output }, () => Promise.resolve("1"));
    // @ts-expect-error: the schema accepts a string
    server.operation("f", { yields: output }, async function* () {
      yield 1;
    });
    // @ts-expect-error: arguments must be an object
    server.operation("g", { input: z.string() }, () => 1);
  });
});

Deno.test("a server has the types of its contract", () => {
  compiles(() => {
    const login = () => ({ id: 1 });
    const server = serve("test", { ...QUIET, contract, login });
    assertSameType<
      typeof server,
      Server<{ id: number }, TypedContract, undefined>
    >(true);
    server.operation("add", (data, { client, signal }) => {
      assertSameType<typeof data, { a: number; b?: number | undefined }>(true);
      assertSameType<
        typeof client,
        Client<{ id: number }, TypedContract, undefined>
      >(true);
      assertSameType<typeof signal, AbortSignal>(true);
      return data.a;
    });
    // @ts-expect-error: the result is a number
    server.operation("add", ({ a }) => `${a}`);
    // @ts-expect-error: it returns a stream
    server.operation("rows", ({ to }) => to);
    server.operation("rows", async function* ({ to }) {
      yield { n: to };
    });
    server.operation("rows", async function* ({ to }) {
      yield tracked("1", { n: to });
    });
    // @ts-expect-error: an item is an object
    server.operation("rows", async function* ({ to }) {
      yield tracked("1", to);
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
      // @ts-expect-error: its data is a string
      message.reply("hi", { text: 1 });
      // @ts-expect-error: it has data
      message.reply("hi");
      message.client.message("news", { n: message.client.identity.id });
    });
    server.receive(["note", "ping"], (message) => {
      if (message.name === "ping") {
        return assertSameType<typeof message.data, NoData>(true);
      }
      assertSameType<typeof message.data, { text: string }>(true);
      // @ts-expect-error: it has no replies
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
    // @ts-expect-error: it has data
    server.broadcast("news");
    // @ts-expect-error: its data is a number
    server.broadcast("news", { n: "1" });
  });
});

Deno.test("client.request() has the types of the contract", () => {
  compiles(async () => {
    const server = serve("test", { ...QUIET, contract });
    for (const client of server.clients) {
      const reply = await client.request("ready", {}, { timeout: 1 });
      assertSameType<typeof reply.name, "yes">(true);
      // The server validates the reply, so this is the output of the schema.
      assertSameType<typeof reply.data, { at: number }>(true);
      // @ts-expect-error: it has no replies
      client.request("news", { n: 1 });
      // @ts-expect-error: there is no such event
      client.message("newz", { n: 1 });
    }
  });
});

Deno.test("no overload accepts a name that the contract does not have", () => {
  compiles(() => {
    const server = serve("test", { ...QUIET, contract });
    // @ts-expect-error: the contract has the schemas
    server.receive("helo", z.object({ n: z.number() }), () => {});
    // @ts-expect-error: the contract has the schemas
    server.operation("ad", { output: z.number() }, () => 1);
  });
});

Deno.test("HandlerIn types a handler outside of the call", () => {
  const add: HandlerIn<
    unknown,
    TypedContract,
    TypedContract["operations"]["add"]
  > = ({ a, b = 0 }) => a + b;
  assert.equal(typeof add, "function");
  compiles(() => {
    const server = new Server<unknown, TypedContract>("test", { contract });
    server.operation("add", add);
    // @ts-expect-error: it has another contract
    const _other: Server = server;
    // @ts-expect-error: both must be passed
    new Server<unknown>("test", { contract });
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

Deno.test("literals in the result of a handler are not widened", () => {
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
