/** `Broadcaster` while recipients join, leave and send frames. */

import assert from "node:assert/strict";
import {
  BUDGET,
  type FakeRecipient,
  MANY,
  Stage,
} from "../support/fake_recipients.ts";
import { endOfTick } from "../support/timing.ts";

/** The number of recipients that get two frames in one turn. */
const HALF = Math.ceil(BUDGET / 2);

/** The points in a broadcast of two frames at which a test acts. */
const POINTS: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  "before the end of the tick": () => Promise.resolve(),
  "after the first turn": (stage) => stage.settle(),
  async "after the second turn"(stage) {
    await stage.settle();
    await stage.turn();
  },
  async "before the last turn"(stage) {
    await stage.settle();
    while (stage.log.length < 2 * (MANY - HALF)) await stage.turn();
    assert(stage.isDue);
  },
  async "when it has ended"(stage) {
    await stage.finish();
  },
};

for (const [point, reach] of Object.entries(POINTS)) {
  Deno.test(`a recipient that joins ${point} receives the later broadcasts`, async () => {
    const stage = new Stage();
    const recipients = stage.join(MANY);
    stage.send("a", "b");
    await reach(stage);
    const [late] = stage.join(1);
    stage.send("c");
    await stage.finish();
    assert.deepEqual(late!.frames, ["c"]);
    for (const { frames } of recipients) {
      assert.deepEqual(frames, ["a", "b", "c"]);
    }
    assert.deepEqual(stage.through, [
      `a ${MANY}`,
      `b ${MANY}`,
      `c ${MANY + 1}`,
    ]);
  });

  for (const index of [0, HALF - 1, HALF, BUDGET - 1, BUDGET, MANY - 1]) {
    Deno.test(`recipient ${index} leaves ${point}, and the result is right`, async () => {
      const stage = new Stage();
      const recipients = stage.join(MANY);
      const leaver = recipients[index]!;
      stage.send("a", "b");
      await reach(stage);
      const got = [...leaver.frames];
      assert(got.length === 0 || got.length === 2);
      stage.broadcasts.leave(leaver);
      stage.send("c");
      await stage.finish();
      const handed = got.length === 0 ? MANY - 1 : MANY;
      assert.deepEqual(leaver.frames, got);
      assert.deepEqual(stage.through, [
        `a ${handed}`,
        `b ${handed}`,
        `c ${MANY - 1}`,
      ]);
    });
  }

  Deno.test(`all recipients leave ${point}, and later broadcasts reach new ones`, async () => {
    const stage = new Stage();
    const recipients = stage.join(MANY);
    stage.send("a", "b");
    await reach(stage);
    const handed = recipients.filter(({ frames }) => frames.length > 0).length;
    for (const recipient of recipients) stage.broadcasts.leave(recipient);
    await endOfTick();
    assert.deepEqual(stage.through, [`a ${handed}`, `b ${handed}`]);
    stage.send("nobody");
    const late = stage.join(2);
    stage.send("c");
    await stage.finish();
    for (const { frames } of late) assert.deepEqual(frames, ["c"]);
    assert.deepEqual(stage.through.slice(2), ["nobody 0", "c 2"]);
  });

  Deno.test(`a recipient that leaves ${point} and joins again receives the later broadcasts`, async () => {
    const stage = new Stage();
    const recipients = stage.join(MANY);
    const other = recipients.at(-1)!;
    stage.send("a", "b");
    await reach(stage);
    const got = [...other.frames];
    stage.broadcasts.leave(other);
    stage.send("c");
    stage.broadcasts.join(other);
    stage.send("d");
    await stage.finish();
    assert.deepEqual(other.frames, [...got, "d"]);
    assert.deepEqual(stage.through.slice(2), [`c ${MANY - 1}`, `d ${MANY}`]);
  });
}

/** What a recipient does during a delivery, and the result. */
const DEEDS: Readonly<
  Record<
    string,
    readonly [
      deed: (stage: Stage, self: FakeRecipient, other: FakeRecipient) => void,
      self: readonly string[],
      other: readonly string[],
      through: readonly string[],
    ]
  >
> = {
  "sends something": [
    (stage) => stage.send("b"),
    ["a", "b"],
    ["a", "b"],
    ["a 3", "b 3"],
  ],
  "catches up": [
    ({ broadcasts }, self) => broadcasts.catchUp(self),
    ["a"],
    ["a"],
    ["a 3"],
  ],
  "makes another catch up": [
    ({ broadcasts }, _self, other) => broadcasts.catchUp(other),
    ["a"],
    ["a"],
    ["a 3"],
  ],
  "sends something and makes another catch up": [
    (stage, _self, other) => {
      stage.send("b");
      stage.broadcasts.catchUp(other);
    },
    ["a", "b"],
    ["a", "b"],
    ["a 3", "b 3"],
  ],
  "leaves": [
    ({ broadcasts }, self) => broadcasts.leave(self),
    ["a"],
    ["a"],
    ["a 3"],
  ],
  "sends something and leaves": [
    (stage, self) => {
      stage.send("b");
      stage.broadcasts.leave(self);
    },
    ["a"],
    ["a", "b"],
    ["a 3", "b 2"],
  ],
  "leaves and joins again": [
    ({ broadcasts }, self) => {
      broadcasts.leave(self);
      broadcasts.join(self);
    },
    ["a"],
    ["a"],
    ["a 3"],
  ],
  "removes another": [
    ({ broadcasts }, _self, other) => broadcasts.leave(other),
    ["a"],
    [],
    ["a 2"],
  ],
  "removes another that is added again": [
    ({ broadcasts }, _self, other) => {
      broadcasts.leave(other);
      broadcasts.join(other);
    },
    ["a"],
    [],
    ["a 2"],
  ],
  "adds another": [(stage) => void stage.join(1), ["a"], ["a"], ["a 3"]],
};

for (const [what, [deed, self, other, through]] of Object.entries(DEEDS)) {
  Deno.test(`a recipient ${what} during a delivery`, async () => {
    for (const catchesUp of [false, true]) {
      const stage = new Stage();
      const [actor, target, third] = stage.join(3);
      actor!.onDeliver = () => {
        actor!.onDeliver = () => {};
        deed(stage, actor!, target!);
      };
      stage.send("a");
      if (catchesUp) stage.broadcasts.catchUp(actor!);
      await stage.finish();
      assert.deepEqual([actor!.frames, target!.frames], [self, other]);
      assert.deepEqual(third!.frames, through.map((line) => line.charAt(0)));
      assert.deepEqual(stage.through, through);
      // The next broadcast reaches all recipients.
      const { length } = stage.joined;
      stage.send("z");
      await stage.finish();
      assert.equal(stage.through.at(-1), `z ${length}`);
    }
  });
}

Deno.test("the only recipient leaves during a delivery", async () => {
  const stage = new Stage();
  const [only] = stage.join(1);
  only!.onDeliver = () => {
    stage.send("b");
    stage.broadcasts.leave(only!);
  };
  stage.send("a");
  await stage.finish();
  assert.deepEqual(only!.frames, ["a"]);
  assert.deepEqual(stage.through, ["a 1", "b 0"]);
});
