/** What ends the wait of a message to a room, and how many messages can wait. */

import assert from "node:assert/strict";
import { BufferFullError, TimeoutError } from "../../common/errors.ts";
import { isPublishKey } from "../../protocol/room_fields.ts";
import { Clock, READING_TIME } from "../support/clock.ts";
import { rejection } from "../support/errors.ts";
import { createPublisher } from "../support/room_publisher.ts";
import { endOfTick } from "../support/timing.ts";

Deno.test("a signal and a timeout end the wait, also without a connection", async () => {
  using clock = new Clock();
  const { open, publish } = createPublisher();
  const controller = new AbortController();
  const aborted = publish("aborted", { signal: controller.signal });
  const late = publish("late", { timeout: 50 });
  controller.abort(new Error("enough"));
  clock.pass(50 + READING_TIME);
  assert.equal((await rejection(aborted)).message, "enough");
  assert(await rejection(late) instanceof TimeoutError);
  assert.deepEqual(open().sent, []);
  const reason = await rejection(
    publish("early", { signal: controller.signal }),
  );
  assert.equal(reason.message, "enough");
  const link = open();
  const accepted = publish("accepted", { timeout: 50 });
  link.accept("e.1");
  await accepted;
  assert.equal(clock.timers, 0);
});

Deno.test("limits the bytes that wait, and accepts a single message of any length", async () => {
  const { open, publish } = createPublisher(100);
  const link = open();
  const long = publish("x".repeat(200));
  const error = await rejection(publish("y"));
  assert(error instanceof BufferFullError);
  assert.match(error.message, /more than 100 bytes/);
  link.accept("e.1");
  await long;
  const short = publish("y");
  link.accept("e.2");
  await short;
});

for (const end of ["answers", "is lost"]) {
  Deno.test(`a message counts until its link ${end}, although its caller has given up`, async () => {
    using clock = new Clock();
    const { open, lose, publish } = createPublisher(100);
    const link = open();
    const late = publish("x".repeat(200), { timeout: 50 });
    clock.pass(50 + READING_TIME);
    assert(await rejection(late) instanceof TimeoutError);
    assert(await rejection(publish("y")) instanceof BufferFullError);
    if (end === "answers") link.accept("e.1");
    else await lose(link);
    await endOfTick();
    const next = end === "answers" ? link : open();
    const published = publish("y");
    next.accept("e.2");
    assert.equal((await published).position, "e.2");
  });
}

Deno.test("invalid data rejects, and nothing waits", async () => {
  const { publisher } = createPublisher();
  const error = await rejection(publisher.add("one", [] as never));
  assert(error instanceof TypeError);
  assert.equal(publisher.isBusy, false);
  assert(!isPublishKey("x".repeat(65)));
});
