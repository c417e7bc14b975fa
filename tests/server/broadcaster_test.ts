import assert from "node:assert/strict";
import { BroadcastBatch } from "../../server/broadcaster.ts";
import { BUDGET, framesOf, MANY, Stage } from "../support/fake_recipients.ts";
import { countMovedItems } from "../support/moved_items.ts";

/** Returns the names of recipients. */
function namesFrom(start: number, end: number): string[] {
  return Array.from({ length: end - start }, (_, n) => String(start + n));
}

/** Returns the log lines of one frame for the recipients from `start` to `end`. */
function lines(start: number, end: number, ...frames: string[]): string[] {
  return namesFrom(start, end).flatMap((name) =>
    frames.map((frame) => `${name} ${frame}`)
  );
}

Deno.test("send() without recipients resolves to 0 and schedules no turn", async () => {
  const stage = new Stage();
  stage.send("a");
  await stage.settle();
  assert.deepEqual([stage.through, stage.isDue], [["a 0"], false]);
  const [late] = stage.join(1);
  await stage.settle();
  assert.deepEqual(late?.frames, []);
});

Deno.test("send() resolves to the number of recipients", async () => {
  for (const count of [1, 2, BUDGET - 1, BUDGET, BUDGET + 1, MANY]) {
    const stage = new Stage();
    stage.join(count);
    stage.send("a");
    await stage.finish();
    assert.deepEqual(stage.log, lines(0, count, "a"));
    assert.deepEqual(stage.through, [`a ${count}`]);
  }
});

Deno.test("send() delivers nothing before the end of the tick", async () => {
  const stage = new Stage();
  stage.join(1);
  stage.send("a", "b");
  assert.deepEqual(stage.log, []);
  await stage.settle();
  assert.deepEqual(stage.log, ["0 a", "0 b"]);
});

Deno.test("a turn has a limited number of sends", () => {
  assert(BUDGET >= 16 && BUDGET <= 256, `${BUDGET} sends in one turn`);
});

Deno.test("Broadcaster schedules one turn per batch of sends", async () => {
  const stage = new Stage();
  stage.join(MANY);
  stage.send("a");
  await stage.settle();
  assert.deepEqual(stage.log, lines(0, BUDGET, "a"));
  await stage.turn();
  assert.deepEqual(stage.log, lines(0, 2 * BUDGET, "a"));
  assert.deepEqual(stage.through, []);
  const turns = await stage.finish();
  assert.equal(turns, Math.ceil(MANY / BUDGET) - 2);
  assert.deepEqual(stage.log, lines(0, MANY, "a"));
  assert.deepEqual(stage.through, [`a ${MANY}`]);
});

for (
  const [recipients, turns] of [[316, 0], [317, 1], [1_000, 9], [3_125, 97]]
) {
  Deno.test(`a broadcast to ${recipients} takes ${turns} turns after the first`, async () => {
    const stage = new Stage();
    stage.join(recipients!);
    stage.send("a");
    assert.equal(await stage.finish(), turns);
  });
}

Deno.test("a broadcast that ends with the last send of a turn schedules no other turn", async () => {
  const stage = new Stage();
  stage.join(BUDGET);
  stage.send("a");
  await stage.settle();
  assert.deepEqual([stage.through, stage.isDue], [[`a ${BUDGET}`], false]);
});

Deno.test("Broadcaster delivers a batch at once, and counts its frames", async () => {
  const stage = new Stage();
  stage.join(MANY);
  const frames = namesFrom(0, Math.floor(BUDGET / 2) - 1);
  stage.send(...frames);
  await stage.settle();
  // Two batches fill less than a turn, and a third one starts and ends in it.
  assert.deepEqual(stage.log, lines(0, 3, ...frames));
  await stage.turn();
  assert.deepEqual(stage.log, lines(0, 6, ...frames));
});

Deno.test("Broadcaster uses the number of sends that a recipient reports", async () => {
  const stage = new Stage();
  let bursts = 0;
  for (const recipient of stage.join(MANY)) {
    recipient.deliver = () => {
      bursts++;
      return { delivered: 1_000, rest: "failed", sends: 1 };
    };
  }
  stage.send(...namesFrom(0, 1_000));
  await stage.settle();
  assert.equal(bursts, BUDGET);
  await stage.finish();
  assert.equal(bursts, MANY);
});

Deno.test("the broadcasts of one tick are one batch, which all recipients share", async () => {
  const stage = new Stage();
  const bursts = new Set<BroadcastBatch>();
  for (const recipient of stage.join(MANY)) {
    recipient.onDeliver = (batch) => bursts.add(batch);
  }
  stage.send("1", "2", "3");
  await stage.finish();
  assert.deepEqual([...bursts].map(framesOf), [["1", "2", "3"]]);
  stage.send("4");
  await stage.finish();
  assert.deepEqual([...bursts].map(framesOf), [
    ["1", "2", "3"],
    ["4"],
  ]);
});

Deno.test("a batch contains joined frames for clients that support batches", () => {
  const shown = ({ batched }: BroadcastBatch) =>
    batched.map(({ data, count }) => ({ data, count }));
  const one = { data: "1", count: 1 };
  assert.deepEqual(shown(new BroadcastBatch(["1"])), [one]);
  const two = { data: '[1,"é"]', count: 2 };
  assert.deepEqual(shown(new BroadcastBatch(["1", '"é"'])), [two]);
  const large = JSON.stringify("x".repeat(10_000));
  const batch = new BroadcastBatch([large, large, "1"]);
  assert.deepEqual(framesOf(batch), [large, large, "1"]);
  assert.deepEqual(shown(batch), [
    { data: large, count: 1 },
    { data: `[${large},1]`, count: 2 },
  ]);
});

Deno.test("a frame knows whether its bytes fit", () => {
  const [frame] = new BroadcastBatch(["1", '"é"']).batched;
  assert.equal(frame!.data, '[1,"é"]');
  for (const [limit, fits] of [[7, false], [8, true], [100, true]] as const) {
    assert.equal(frame!.fitsInto(limit), fits, `${limit}`);
  }
  assert(!frame!.fitsInto(7) && !frame!.fitsInto(-1));
});

Deno.test("overlapping broadcasts reach all recipients in the same order", async () => {
  const stage = new Stage();
  const recipients = stage.join(MANY);
  const sent: string[] = [];
  for (let n = 0; n < 20; n++) {
    const frame = `f${n}`;
    sent.push(frame);
    stage.send(frame);
    if (n % 2 === 0) await stage.settle();
    if (n % 3 === 0 && stage.isDue) await stage.turn();
  }
  await stage.finish();
  for (const { frames } of recipients) assert.deepEqual(frames, sent);
  assert.deepEqual(stage.through, sent.map((frame) => `${frame} ${MANY}`));
});

Deno.test("a new broadcast does not interrupt the current round", async () => {
  const stage = new Stage();
  stage.join(MANY);
  stage.send("a");
  await stage.settle();
  stage.send("b");
  await stage.turn();
  const half = Math.ceil(BUDGET / 2);
  assert.deepEqual(
    stage.log.slice(BUDGET),
    lines(BUDGET, BUDGET + half, "a", "b"),
  );
  await stage.finish();
  assert.deepEqual(stage.log.slice(-BUDGET), lines(0, BUDGET, "b"));
});

Deno.test("Broadcaster starts again after all broadcasts have ended", async () => {
  const stage = new Stage();
  const recipients = stage.join(3);
  for (const frame of ["a", "b", "c"]) {
    stage.send(frame);
    await stage.settle();
  }
  for (const { frames } of recipients) {
    assert.deepEqual(frames, ["a", "b", "c"]);
  }
  assert.deepEqual(stage.through, ["a 3", "b 3", "c 3"]);
});

Deno.test("an unreachable recipient is not counted, but costs a send", async () => {
  const stage = new Stage();
  const recipients = stage.join(MANY);
  for (const recipient of recipients) recipient.reachable = false;
  const [last] = recipients.slice(-1);
  last!.reachable = true;
  stage.send("a", "b");
  assert.equal(await stage.finish(), Math.ceil(MANY / BUDGET) - 1);
  assert.deepEqual(stage.through, ["a 1", "b 1"]);
  assert.deepEqual(last!.frames, ["a", "b"]);
});

Deno.test("an unreachable recipient does not receive the broadcast later", async () => {
  const stage = new Stage();
  const [recipient] = stage.join(1);
  recipient!.reachable = false;
  stage.send("a");
  await stage.settle();
  recipient!.reachable = true;
  stage.send("b");
  await stage.settle();
  assert.deepEqual(recipient!.frames, ["b"]);
  assert.deepEqual(stage.through, ["a 0", "b 1"]);
});

Deno.test("join() can be called twice, and keeps what the recipient lacks", async () => {
  const stage = new Stage();
  const [recipient] = stage.join(1);
  stage.send("a");
  stage.broadcasts.join(recipient!);
  await stage.finish();
  assert.deepEqual(recipient!.frames, ["a"]);
  assert.deepEqual(stage.through, ["a 1"]);
});

Deno.test("leave() can be called twice", async () => {
  const stage = new Stage();
  const [one, two] = stage.join(2);
  stage.broadcasts.leave(one!);
  stage.broadcasts.leave(one!);
  assert.deepEqual([one!.cursor, two!.cursor], [Infinity, 0]);
  stage.send("a");
  await stage.settle();
  assert.deepEqual([one!.frames, two!.frames], [[], ["a"]]);
});

Deno.test("catchUp() delivers the missing broadcasts at once, in order", async () => {
  const stage = new Stage();
  const recipients = stage.join(MANY);
  const [, second] = recipients;
  const last = recipients.at(-1)!;
  stage.broadcasts.catchUp(last);
  stage.send("a", "b");
  assert.deepEqual(last.frames, []);
  stage.broadcasts.catchUp(last);
  assert.deepEqual(last.frames, ["a", "b"]);
  stage.broadcasts.catchUp(last);
  stage.send("c");
  for (const early of [second!, last]) {
    stage.broadcasts.catchUp(early);
    assert.deepEqual(early.frames, ["a", "b", "c"]);
  }
  await stage.finish();
  for (const { frames } of recipients) {
    assert.deepEqual(frames, ["a", "b", "c"]);
  }
  assert.deepEqual(stage.through, ["a", "b", "c"].map((f) => `${f} ${MANY}`));
});

Deno.test("a broadcast ends when all recipients have caught up", async () => {
  const stage = new Stage();
  const recipients = stage.join(3);
  stage.send("a");
  for (const recipient of recipients) stage.broadcasts.catchUp(recipient);
  await stage.settle();
  assert.deepEqual([stage.through, stage.isDue], [["a 3"], false]);
  stage.send("b");
  await stage.settle();
  assert.deepEqual(stage.through, ["a 3", "b 3"]);
});

Deno.test("catchUp() sends nothing to a recipient that has not joined, or has left", async () => {
  const stage = new Stage();
  const [stays, leaves] = stage.join(2);
  stage.broadcasts.leave(leaves!);
  stage.send("a");
  stage.broadcasts.catchUp(leaves!);
  await stage.settle();
  assert.deepEqual([stays!.frames, leaves!.frames], [["a"], []]);
});

Deno.test("Broadcaster does not move all broadcasts after each that has ended", async () => {
  const stage = new Stage();
  stage.join(2);
  const frames = namesFrom(0, 2_000);
  const moved = await countMovedItems(async () => {
    stage.send(...frames);
    await stage.finish();
  });
  assert.equal(stage.through.length, frames.length);
  assert(moved < 10 * frames.length, `${moved} items were moved`);
});
