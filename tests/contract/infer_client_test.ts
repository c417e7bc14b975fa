/** Tests of the types that a connection infers from its contract. */

import {
  connect,
  type Connection,
  type Json,
  type OperationStream,
} from "../../mod.ts";
import { assertSameType } from "../support/same_type.ts";
import {
  compiles,
  contract,
  type TypedContract,
} from "../support/typed_contract.ts";

Deno.test("a connection has the types of its contract", () => {
  compiles(async () => {
    const connection = await connect("test", { contract, validate: "all" });
    assertSameType<typeof connection, Connection<TypedContract>>(true);
    const sum = await connection.operation("add", { a: 1 }, { timeout: 1 });
    assertSameType<typeof sum, number>(true);
    assertSameType<Awaited<ReturnType<typeof now>>, Json>(true);
    const now = () => connection.operation("now");
    // @ts-expect-error: its arguments are numbers
    connection.operation("add", { a: "1" });
    // @ts-expect-error: it has arguments
    connection.operation("add");
    // The sender can omit a key with a default.
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

Deno.test("events and their replies have the types of the contract", () => {
  compiles(async () => {
    const connection = await connect("test", { contract });
    connection.receive("news", ({ data }) => {
      assertSameType<typeof data, { n: number }>(true);
    });
    connection.receive("ready", (message) => {
      message.reply("yes", { at: "12" });
      // @ts-expect-error: there is no such reply
      message.reply("no", {});
      // A reply is a message, so any message of the contract is accepted.
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

Deno.test("options are not accepted as the data of an entry without data", () => {
  compiles(async () => {
    const connection = await connect("test", { contract });
    connection.operation("now", {}, { timeout: 1 });
    connection.message("ping", {}, { timeout: 1 });
    // @ts-expect-error: it has no arguments
    connection.operation("now", { timeout: 1 });
    // @ts-expect-error: it has no data
    connection.message("ping", { timeout: 1 });
  });
});

Deno.test("data can be omitted only if each possible name has none", () => {
  compiles(async () => {
    const connection = await connect("test", { contract });
    const either = "ping" as "ping" | "hello";
    // @ts-expect-error: one of them has data
    connection.message(either);
    connection.message(either, { name: "Ada" });
  });
});
