/** `done-id` on the wire, and the order of the frames of one tick. */

import assert from "node:assert/strict";
import {
  message,
  operation,
  RawClient,
  SUCCESS,
} from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";
import { gate } from "../support/timing.ts";

/** The features of a client. */
const FEATURES: readonly (readonly string[] | undefined)[] = [
  undefined,
  ["done-id"],
  ["batch"],
  ["batch", "done-id"],
];

/** Returns the message name, the code or the result of each frame. */
// deno-lint-ignore no-explicit-any -- a test looks at any key
function summarize(frames: readonly any[]): string[] {
  return frames.map(({ message, data, code }) =>
    code !== 0
      ? `error ${code}`
      : data?.message ?? message ?? `result ${data?.result}`
  );
}

for (const features of FEATURES) {
  const opens = !features?.includes("done-id");
  const shown = JSON.stringify(features);

  Deno.test(`a message of a client with the features ${shown} gets ${opens ? "an open frame" : "no open frame"}`, async () => {
    await using server = serveQuietly();
    let messageId = 0;
    server.receive("hello", (message) => {
      messageId = message.id;
      message.reply("hi");
    });
    await using client = await RawClient.logIn(server, features);
    client.send(message(7, "hello"));
    const frames = await client.take(opens ? 3 : 2);
    const last = frames.at(-1);
    assert.equal(frames.at(-2).data.replying.id, messageId);
    if (opens) {
      const data = { id: messageId };
      assert.deepEqual(frames[0], { ...SUCCESS, message: "open", id: 7, data });
    }
    const data = opens ? null : { id: messageId };
    assert.deepEqual(last, { ...SUCCESS, message: "done", id: 7, data });
  });

  Deno.test(`a failed message of a client with the features ${shown} gets one error with its id`, async () => {
    await using server = serveQuietly();
    server.receive("hello", () => Promise.reject(new Error("no")));
    await using client = await RawClient.logIn(server, features);
    client.send(message(7, "hello"));
    const frames = await client.take(opens ? 2 : 1);
    const { id, code, data } = frames.at(-1);
    assert.deepEqual([id, code, data.exc], [7, 6, "InternalError"]);
    client.send(message(8, "other"));
    const [first] = await client.take(opens ? 2 : 1);
    assert.equal(first.message, opens ? "open" : "done");
  });

  Deno.test(`a client with the features ${shown} gets the frames of one tick in order`, async () => {
    await using server = serveQuietly();
    server.operation("say", (_data, { client }) => {
      client.message("one");
      void server.broadcast("two");
      void server.broadcast("three");
      client.message("four");
      void server.broadcast("five");
      return "six";
    });
    server.receive("say", (message) => {
      message.reply("one");
      void server.broadcast("two");
      message.reply("three");
      void server.broadcast("four");
    });
    await using client = await RawClient.logIn(server, features);
    await using other = await RawClient.logIn(server, ["batch"]);
    client.send(operation(1, "say"));
    assert.deepEqual(summarize(await client.take(6)), [
      "one",
      "two",
      "three",
      "four",
      "five",
      "result six",
    ]);
    client.send(message(2, "say"));
    const names = ["one", "two", "three", "four", "done"];
    const expected = opens ? ["open", ...names] : names;
    assert.deepEqual(
      summarize(await client.take(expected.length)),
      expected,
    );
    assert.deepEqual(summarize(await other.take(5)), [
      "two",
      "three",
      "five",
      "two",
      "four",
    ]);
  });

  Deno.test(`a client with the features ${shown} gets a broadcast before a later result`, async () => {
    await using server = serveQuietly();
    const { opened, open } = gate();
    server.operation("wait", () => opened.then(() => "waited"));
    await using client = await RawClient.logIn(server, features);
    client.send(operation(1, "wait"));
    client.send(operation(2, "none"));
    assert.deepEqual(summarize(await client.take(1)), ["error 5"]);
    open();
    void server.broadcast("news");
    assert.deepEqual(summarize(await client.take(2)), [
      "news",
      "result waited",
    ]);
  });
}

Deno.test("the broadcasts of one tick are one batch for a client with the extension", async () => {
  await using server = serveQuietly();
  await using joined = await RawClient.logIn(server, ["batch"]);
  await using single = await RawClient.logIn(server);
  const names = ["one", "two", "three"];
  const results = names.map((name) => server.broadcast(name));
  const counts = (await Promise.all(results)).map(({ delivered }) => delivered);
  assert.deepEqual(counts, [2, 2, 2]);
  assert.deepEqual(summarize(await joined.next()), names);
  for (const name of names) {
    assert.deepEqual(summarize([await single.next()]), [name]);
  }
  await server.broadcast("four");
  assert.deepEqual(summarize([await joined.next()]), ["four"]);
});

Deno.test("the message id in done is unique in the server", async () => {
  await using server = serveQuietly();
  server.receive("hello", (message) => void message.reply("hi"));
  await using one = await RawClient.logIn(server, ["batch", "done-id"]);
  await using two = await RawClient.logIn(server);
  one.send([message(1, "hello"), message(2, "hello")]);
  two.send(message(1, "hello"));
  const ids = [
    ...(await one.take(4)).map(({ data }) => data.id),
    ...(await two.take(2)).map(({ data }) => data.id),
  ];
  assert.equal(new Set(ids).size, 6);
});
