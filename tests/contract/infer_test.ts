/** Tests of the types in `contract/infer.ts`. */

import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import {
  type ClientMessage,
  connect,
  type Connection,
  defineContract,
  type InputOf,
  type Json,
  type JsonObject,
  type OutputOf,
  type Schema,
  serve,
  type Server,
  type ServerMessage,
} from "../../mod.ts";
import type {
  JsonOf,
  OpenContract,
  OperationName,
  StreamName,
} from "../../contract/infer.ts";
import { assertSameType } from "../support/same_type.ts";
import {
  compiles,
  contract,
  QUIET,
  type TypedContract,
} from "../support/typed_contract.ts";

Deno.test("InputOf and OutputOf infer the types of all three libraries", () => {
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

Deno.test("names that the contract does not have are rejected", () => {
  assertSameType<OperationName<TypedContract>, "add" | "now">(true);
  assertSameType<StreamName<TypedContract>, "rows">(true);
  compiles(async () => {
    const server = serve("test", { ...QUIET, contract });
    const connection = await connect("test", { contract });
    // @ts-expect-error: there is no such operation
    server.operation("ad", () => 1);
    // @ts-expect-error: there is no such message
    server.receive("helo", () => {});
    // @ts-expect-error: one of them does not exist
    server.receive(["hello", "helo"], () => {});
    // @ts-expect-error: there is no such event
    server.broadcast("newz", { n: 1 });
    // @ts-expect-error: there is no such operation
    connection.operation("ad", { a: 1 });
    // @ts-expect-error: it returns a stream
    connection.operation("rows", { to: 1 });
    // @ts-expect-error: it returns one result
    connection.stream("add", { a: 1 });
    // @ts-expect-error: there is no such message
    connection.message("helo", { name: "Ada" });
    // @ts-expect-error: it has no replies
    connection.request("ping");
    // @ts-expect-error: there is no such event
    connection.receive("newz", () => {});
  });
});

Deno.test("without a contract, names are strings and payloads are JSON", () => {
  compiles(async () => {
    const server = serve("test", QUIET);
    const connection = await connect("test");
    assertSameType<typeof connection, Connection>(true);
    server.operation("any", (data) => {
      assertSameType<typeof data, JsonObject>(true);
    });
    server.receive((message) => {
      type Identity = IdentityIn<typeof server>;
      assertSameType<
        typeof message,
        ClientMessage<Identity, JsonObject, OpenContract, string, undefined>
      >(true);
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
type IdentityIn<Of> = Of extends Server<infer Identity> ? Identity
  : never;

Deno.test("JsonOf converts the types that JSON changes", () => {
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
  // In an array, JSON replaces undefined by null.
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

Deno.test("a function for any server accepts a server with a contract", () => {
  // deno-lint-ignore no-explicit-any
  const stop = (server: Server<any, any>, connection: Connection<any>) =>
    Promise.all([connection.close(), server.close()]);
  compiles(async () => {
    const server = serve("test", { ...QUIET, contract });
    await stop(server, await connect("test", { contract }));
  });
});

Deno.test("defineContract() rejects invalid parts at compile time", () => {
  compiles(() => {
    // @ts-expect-error: data must be an object
    defineContract({ messages: { hello: z.string() } });
    // @ts-expect-error: arguments must be an object
    defineContract({ operations: { add: { input: z.number() } } });
    // @ts-expect-error: an array is an object in TypeScript, but not in JSON
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
    // @ts-expect-error: it returns one result or a stream
    defineContract({ operations: { add: { output, yields: output } } });
    // @ts-expect-error: it is misspelt
    defineContract({ messages: { hi: { data: z.object(), reply: {} } } });
    // @ts-expect-error: it is misspelt
    defineContract({ events: { hi: { date: z.object() } } });
  });
});
