/** Several broadcasters share the turns of the event loop. */

import assert from "node:assert/strict";
import { Broadcaster } from "../../server/broadcaster.ts";
import { Turns } from "../../server/scheduler.ts";
import { FakeRecipient } from "../support/fake_recipients.ts";
import { endOfTick } from "../support/timing.ts";

/** Broadcasters whose turns a test runs. */
class Stage {
  readonly log: string[] = [];
  readonly #turns: Turns;
  #turn: (() => void) | undefined;

  constructor() {
    this.#turns = new Turns((turn) => {
      assert.equal(this.#turn, undefined, "two turns are scheduled");
      this.#turn = turn;
    });
  }

  get isDue(): boolean {
    return this.#turn !== undefined;
  }

  broadcaster(name: string, recipients: number): Broadcaster {
    const broadcaster = new Broadcaster(this.#turns);
    for (let n = 0; n < recipients; n++) {
      broadcaster.join(new FakeRecipient(name, this.log));
    }
    return broadcaster;
  }

  async turn(): Promise<void> {
    const turn = this.#turn!;
    this.#turn = undefined;
    turn();
    await endOfTick();
  }
}

Deno.test("a long broadcast does not delay one to a few recipients", async () => {
  const stage = new Stage();
  const crowd = stage.broadcaster("crowd", 10_000);
  const pair = stage.broadcaster("pair", 2);
  const long = crowd.send({ frame: "x" });
  await endOfTick();
  assert(stage.isDue);
  const short = pair.send({ frame: "y" });
  await stage.turn();
  await stage.turn();
  await short;
  assert.equal(stage.log.filter((line) => line === "pair y").length, 2);
  assert(stage.log.length < 200);
  while (stage.isDue) await stage.turn();
  assert.equal((await long).delivered, 10_000);
});

Deno.test("small broadcasters share one turn", async () => {
  const stage = new Stage();
  const results = Array.from(
    { length: 100 },
    (_, n) => stage.broadcaster(String(n), 3).send({ frame: "x" }),
  );
  await Promise.all(results);
  assert.equal(stage.log.length, 300);
  assert(!stage.isDue);
});

Deno.test("no turn has more sends because of many broadcasters", async () => {
  const stage = new Stage();
  for (let n = 0; n < 1_000; n++) {
    void stage.broadcaster(String(n), 10).send({ frame: "x" });
  }
  await endOfTick();
  let most = stage.log.length;
  for (let before = most; stage.isDue; before = stage.log.length) {
    await stage.turn();
    most = Math.max(most, stage.log.length - before);
  }
  assert.equal(stage.log.length, 10_000);
  // As many as one broadcast to a few hundred recipients.
  assert(most <= 320, `${most} sends in one turn`);
});

Deno.test("excludes recipients of single broadcasts, in order", async () => {
  const stage = new Stage();
  const broadcaster = stage.broadcaster("all", 0);
  const [ada, bob] = ["ada", "bob"].map((name) =>
    new FakeRecipient(name, stage.log)
  ) as [FakeRecipient, FakeRecipient];
  broadcaster.join(ada);
  broadcaster.join(bob);
  const isFor = (recipient: unknown) => recipient !== ada;
  const results = await Promise.all([
    broadcaster.send({ frame: "1" }),
    broadcaster.send({ frame: "2", isFor }),
    broadcaster.send({ frame: "3", isFor }),
    broadcaster.send({ frame: "4" }),
  ]);
  assert.deepEqual(ada.frames, ["1", "4"]);
  assert.deepEqual(bob.frames, ["1", "2", "3", "4"]);
  assert.deepEqual(results.map(({ delivered }) => delivered), [2, 1, 1, 2]);
  assert(results.every(({ skipped, failed }) => skipped + failed === 0));
});

Deno.test("sends plain recipients other frames", async () => {
  const stage = new Stage();
  const broadcaster = stage.broadcaster("all", 0);
  const recipients = [false, true, false, true].map((isPlain) =>
    Object.assign(new FakeRecipient(String(isPlain), stage.log), { isPlain })
  );
  for (const recipient of recipients) broadcaster.join(recipient);
  await Promise.all([
    broadcaster.send({ frame: "rich", plain: () => "plain" }),
    broadcaster.send({ frame: "both" }),
  ]);
  assert.deepEqual(recipients.map(({ frames }) => frames), [
    ["rich", "both"],
    ["plain", "both"],
    ["rich", "both"],
    ["plain", "both"],
  ]);
});

Deno.test("encodes a broadcast once for all plain recipients", async () => {
  const stage = new Stage();
  const broadcaster = stage.broadcaster("all", 0);
  for (let n = 0; n < 100; n++) {
    const recipient = new FakeRecipient(String(n), stage.log);
    broadcaster.join(Object.assign(recipient, { isPlain: n % 2 === 0 }));
  }
  let encoded = 0;
  const plain = () => `plain ${++encoded}`;
  const { delivered } = await broadcaster.send({ frame: "rich", plain });
  assert.deepEqual([delivered, encoded], [100, 1]);
});

Deno.test("an excluded recipient does not keep a broadcast open", async () => {
  const stage = new Stage();
  const broadcaster = stage.broadcaster("all", 3);
  const result = await broadcaster.send({ frame: "x", isFor: () => false });
  assert.deepEqual(result, {
    delivered: 0,
    skipped: 0,
    replaced: 0,
    failed: 0,
  });
  assert.deepEqual(stage.log, []);
});

Deno.test("the work of a turn does not grow with the number of broadcasters", async () => {
  let looks = 0;
  let taken = 0;
  const pending: (() => void)[] = [];
  const turns = new Turns((turn) => void pending.push(turn));
  for (let n = 0; n < 20_000; n++) {
    turns.add({
      get size() {
        looks++;
        return 1;
      },
      take() {
        taken++;
        return { sends: 1, isDone: true };
      },
    });
  }
  await endOfTick();
  assert.equal(pending.length, 1);
  assert(taken >= 32, `${taken}`);
  assert(looks < 5_000, `${looks}`);
});
