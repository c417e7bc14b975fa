/** Broadcaster while recipients come, leave, and do what they like: see broadcasts_test.ts. */

import assert from "node:assert/strict";
import {
  BUDGET,
  type FakeRecipient,
  MANY,
  Stage,
} from "../support/fake_recipients.ts";
import { endOfTick } from "../support/timing.ts";

/** How many recipients of two frames one turn reaches. */
const HALF = Math.ceil(BUDGET / 2);

/** The points of a broadcast of two frames at which something can happen. */
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
  async "when it is through"(stage) {
    await stage.finish();
  },
};

for (const [point, reach] of Object.entries(POINTS)) {
  Deno.test(`a recipient that joins ${point} gets what is sent from then on`, async () => {
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
    Deno.test(`recipient ${index} leaves ${point}, and the number is right`, async () => {
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

  Deno.test(`everyone leaves ${point}, and what is sent later reaches who comes`, async () => {
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

  Deno.test(`a recipient that leaves ${point} and comes back gets what is sent after`, async () => {
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

/** What a recipient may do while it is handed something, and what comes of it. */
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
  "catches up itself": [
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
  "leaves and comes back": [
    ({ broadcasts }, self) => {
      broadcasts.leave(self);
      broadcasts.join(self);
    },
    ["a"],
    ["a"],
    ["a 3"],
  ],
  "sees another off": [
    ({ broadcasts }, _self, other) => broadcasts.leave(other),
    ["a"],
    [],
    ["a 2"],
  ],
  "sees another off that is taken in again": [
    ({ broadcasts }, _self, other) => {
      broadcasts.leave(other);
      broadcasts.join(other);
    },
    ["a"],
    [],
    ["a 2"],
  ],
  "takes another in": [(stage) => void stage.join(1), ["a"], ["a"], ["a 3"]],
};

for (const [what, [deed, self, other, through]] of Object.entries(DEEDS)) {
  Deno.test(`a recipient ${what} while it is handed something`, async () => {
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
      // All is as it was: the next one reaches everybody who is there.
      const { length } = stage.joined;
      stage.send("z");
      await stage.finish();
      assert.equal(stage.through.at(-1), `z ${length}`);
    }
  });
}

Deno.test("the only recipient leaves while it is handed something", async () => {
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
