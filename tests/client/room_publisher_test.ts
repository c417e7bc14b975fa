/** The messages to a room, on a clock and over links that the tests control. */

import assert from "node:assert/strict";
import { PublishError, ResponseError } from "../../common/errors.ts";
import { Clock, READING_TIME } from "../support/clock.ts";
import { rejection } from "../support/errors.ts";
import {
  createPublisher,
  interrupt,
  outcomeOf,
} from "../support/room_publisher.ts";

const WINDOW = 120_000;

Deno.test("sends messages with different keys, and resolves to their positions", async () => {
  const { open, publish } = createPublisher();
  const link = open();
  const published = [publish("one"), publish("two", { key: "mine" })];
  assert.deepEqual(link.sent.map(({ key }) => key), ["key-1", "mine"]);
  link.accept("e.1");
  link.accept("e.2", true);
  assert.deepEqual(await Promise.all(published), [
    { position: "e.1", duplicate: false },
    { position: "e.2", duplicate: true },
  ]);
});

Deno.test("sends a message again with the same key after a reconnect, in order", async () => {
  const { open, lose, publish } = createPublisher();
  const first = open();
  const published = [publish("one"), publish("two")];
  await lose(first);
  published.push(publish("three"));
  const second = open();
  const flags = second.sent.map((
    { message, key, repeated },
  ) => [message, key, repeated]);
  assert.deepEqual(flags, [
    ["one", "key-1", true],
    ["two", "key-2", true],
    ["three", "key-3", undefined],
  ]);
  for (const position of ["e.1", "e.2", "e.3"]) second.accept(position);
  const results = await Promise.all(published);
  assert.deepEqual(results.map(({ position }) => position), [
    ...["e.1", "e.2", "e.3"],
  ]);
});

Deno.test("sends a message again until 120 seconds after it was first sent", async () => {
  using clock = new Clock();
  const { open, published } = await interrupt();
  clock.pass(WINDOW - 1);
  const second = open();
  assert.equal(second.sent.length, 1);
  second.accept("e.1", true);
  assert.deepEqual(await published, { position: "e.1", duplicate: true });
  assert.equal(clock.timers, 0);
});

Deno.test("does not send a message again after 120 seconds", async () => {
  using clock = new Clock();
  const { open, published } = await interrupt();
  // The timer has not fired yet, for example because the program was suspended.
  clock.pass(WINDOW - 1);
  clock.pass(1, 0);
  const second = open();
  assert.deepEqual(second.sent, []);
  assert.equal(await outcomeOf(published), "unknown");
  assert.equal(clock.timers, 0);
});

Deno.test("rejects after 120 seconds without an answer or a connection", async () => {
  using clock = new Clock();
  const { open, lose, publish } = createPublisher();
  const link = open();
  const lost = publish("lost");
  await lose(link);
  const unsent = publish("unsent");
  clock.pass(WINDOW + READING_TIME);
  assert.equal(await outcomeOf(lost), "unknown");
  assert.equal(await outcomeOf(unsent), "none");
  const second = open();
  const unanswered = publish("unanswered");
  clock.pass(WINDOW + READING_TIME);
  assert.equal(await outcomeOf(unanswered), "unknown");
  assert.deepEqual(second.sent.map(({ message }) => message), ["unanswered"]);
  assert.equal(clock.timers, 0);
});

Deno.test("the 120 seconds begin when a message is first sent", async () => {
  using clock = new Clock();
  const { open, lose, publish } = createPublisher();
  const published = publish("one");
  clock.pass(WINDOW - 1);
  const first = open();
  await lose(first);
  clock.pass(WINDOW - 1);
  const second = open();
  assert.deepEqual(second.sent.map(({ repeated }) => repeated), [true]);
  second.accept("e.1");
  await published;
});

Deno.test("the 120 seconds do not begin again when a message is sent again", async () => {
  using clock = new Clock();
  const { open, lose, published } = await interrupt();
  clock.pass(WINDOW / 2);
  const second = open();
  assert.equal(second.sent.length, 1);
  await lose(second);
  clock.pass(WINDOW / 2);
  assert.deepEqual(open().sent, []);
  assert.equal(await outcomeOf(published), "unknown");
});

for (const publisher of ["c-2", undefined]) {
  Deno.test(`does not send a message again as ${publisher ?? "nobody"}`, async () => {
    const { context, open, lose, publish } = createPublisher();
    const first = open();
    const sent = publish("sent");
    await lose(first);
    const unsent = publish("unsent");
    context.publisher = publisher;
    const second = open();
    assert.deepEqual(second.sent.map(({ message }) => message), ["unsent"]);
    assert.equal(await outcomeOf(sent), "unknown");
    second.accept("e.1");
    await unsent;
  });
}

for (
  const [data, outcome] of [
    [{ outcome: "none" }, "none"],
    [{ outcome: "unknown" }, "unknown"],
    [{ outcome: "sure" }, "unknown"],
    [null, "unknown"],
  ] as const
) {
  Deno.test(`code 11 with ${JSON.stringify(data)} has the outcome ${outcome}`, async () => {
    const { open, publish } = createPublisher();
    const link = open();
    const published = publish("one");
    link.refuse(11, data);
    assert.equal(await outcomeOf(published), outcome);
  });
}

Deno.test("a refused message rejects with the error of the server", async () => {
  const { open, publish } = createPublisher();
  const link = open();
  const published = publish("one");
  link.refuse(10);
  const error = await rejection(published);
  assert(error instanceof ResponseError);
  assert.match(error.message, /^Cannot finish message "one" to room "r": /);
});

Deno.test("a message that is refused when it is sent again is unknown", async () => {
  const { open, published } = await interrupt();
  open().refuse(10);
  assert.equal(await outcomeOf(published), "unknown");
});

Deno.test("a repeated message that the broker does not get can have arrived before", async () => {
  const { open, published } = await interrupt();
  open().refuse(11, { outcome: "none" });
  assert.equal(await outcomeOf(published), "unknown");
});

Deno.test("a repeated message that is too large for the next link can have arrived before", async () => {
  const { open, published } = await interrupt();
  open().fail(new RangeError("too large"));
  assert.equal(await outcomeOf(published), "unknown");
});

for (const code of [1003, 1008, 1009]) {
  Deno.test(`a message that can be the reason for the close code ${code} is not sent again`, async () => {
    const { open, lose, publish } = createPublisher();
    const link = open();
    const published = publish("one");
    await lose(link, code);
    assert.deepEqual(open().sent, []);
    assert.equal(await outcomeOf(published), "unknown");
  });
}

Deno.test("an answer that does not belong to the message rejects", async () => {
  const { open, publish } = createPublisher();
  const link = open();
  const published = publish("one");
  link.answerWrongly();
  const error = await rejection(published);
  assert(error instanceof PublishError);
  assert.equal(error.outcome, "unknown");
  assert.match(error.message, /the server sent an invalid answer/);
});

Deno.test("`end` gives up only what no open link answers", async () => {
  const { publisher, open, lose, publish } = createPublisher();
  const first = open();
  const lost = publish("lost");
  await lose(first);
  const unsent = publish("unsent");
  publisher.end("the test ends it");
  assert.equal(await outcomeOf(lost), "unknown");
  assert.equal(await outcomeOf(unsent), "none");
  const second = open();
  const published = publish("in progress");
  publisher.end("the test ends it");
  second.accept("e.1");
  await published;
  assert.equal(publisher.isBusy, false);
});

Deno.test("a message that was given up is not sent again", async () => {
  const { publisher, open, lose, publish } = createPublisher();
  const first = open();
  const published = publish("one");
  publisher.end("the test ends it");
  await lose(first);
  assert.equal(publisher.isBusy, false);
  assert.equal(await outcomeOf(published), "unknown");
  assert.deepEqual(open().sent, []);
});
