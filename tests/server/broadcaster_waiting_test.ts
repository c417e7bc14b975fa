/** Broadcasts that wait until a client has read more, and those that replace them. */

import assert from "node:assert/strict";
import type {
  Broadcast,
  BroadcastBatch,
  Delivery,
  HeldBroadcast,
} from "../../server/broadcaster.ts";
import { FakeRecipient, Stage } from "../support/fake_recipients.ts";

/** A recipient that keeps the broadcasts with a key while it is slow. */
class SlowRecipient extends FakeRecipient {
  isSlow = true;
  /** The length that can be sent before a broadcast has to wait */
  free: number;
  readonly held: HeldBroadcast[] = [];

  constructor(log: string[], free = 0) {
    super("slow", log);
    this.free = free;
  }

  override deliver(batch: BroadcastBatch): Delivery {
    for (const { data } of batch.single) this.free -= data.length;
    return super.deliver(batch);
  }

  holds({ latest, frame }: Broadcast, units: number): boolean {
    return this.isSlow && latest !== undefined &&
      units + frame.length > this.free;
  }

  hold(event: HeldBroadcast): void {
    this.held.push(event);
  }
}

function open(free?: number) {
  const stage = new Stage();
  const slow = new SlowRecipient(stage.log, free);
  stage.broadcasts.join(slow);
  stage.join(1);
  return { stage, slow };
}

Deno.test("a broadcast that waits for one recipient reaches the others", async () => {
  const { stage, slow } = open();
  const result = stage.broadcasts.send({ frame: "a", latest: "key" });
  stage.send("b");
  await stage.finish();
  assert.deepEqual(stage.log, ["slow b", "0 a", "0 b"]);
  assert.deepEqual(stage.through, ["b 2"]);
  assert.deepEqual(slow.held.map(({ frame, latest }) => [frame, latest]), [
    ["a", "key"],
  ]);
  slow.held[0]!.settle("delivered");
  assert.equal((await result).delivered, 2);
});

for (const outcome of ["replaced", "failed", "skipped"] as const) {
  Deno.test(`a broadcast that waits can be ${outcome}`, async () => {
    const { stage, slow } = open();
    const result = stage.broadcasts.send({ frame: "a", latest: "key" });
    await stage.finish();
    slow.held[0]!.settle(outcome);
    const nothing = { skipped: 0, replaced: 0, failed: 0 };
    assert.deepEqual(await result, { ...nothing, delivered: 1, [outcome]: 1 });
  });
}

Deno.test("the log does not keep broadcasts that wait", async () => {
  const { stage, slow } = open();
  const { broadcasts } = stage;
  for (let n = 0; n < 3; n++) {
    void broadcasts.send({ frame: `${n}`, latest: "key" });
    await stage.finish();
  }
  assert.equal(slow.held.length, 3);
  // A recipient that joins now begins after them, and one that leaves does not lack them.
  assert.equal(stage.isDue, false);
  broadcasts.leave(slow);
  slow.isSlow = false;
  broadcasts.join(slow);
  stage.send("b");
  await stage.finish();
  assert.deepEqual(slow.frames, ["b"]);
});

Deno.test("a broadcast waits if those of the same turn are too long together", async () => {
  const { stage, slow } = open(2);
  for (const frame of ["a", "b", "c", "d"]) {
    void stage.broadcasts.send({ frame, latest: frame });
  }
  await stage.finish();
  assert.deepEqual(slow.frames, ["a", "b"]);
  assert.deepEqual(slow.held.map(({ frame }) => frame), ["c", "d"]);
});

Deno.test("a plain recipient keeps its own frame", async () => {
  const { stage, slow } = open();
  Object.assign(slow, { isPlain: true });
  void stage.broadcasts.send({ frame: "a", plain: () => "A", latest: "key" });
  await stage.finish();
  assert.deepEqual(slow.held.map(({ frame }) => frame), ["A"]);
  assert.deepEqual(stage.log, ["0 a"]);
});

Deno.test("a broadcast that is not for a recipient does not wait for it", async () => {
  const { stage, slow } = open();
  const isFor = (recipient: unknown) => recipient !== slow;
  const broadcast = { frame: "a", latest: "key", isFor };
  const result = stage.broadcasts.send(broadcast);
  await stage.finish();
  assert.equal(slow.held.length, 0);
  assert.equal((await result).delivered, 1);
});
