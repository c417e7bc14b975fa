import assert from "node:assert/strict";
import { LoginQueue } from "../../server/login_queue.ts";
import { endOfTick, gate, pause } from "../support/timing.ts";

/** Makes a queue, whose decisions the test ends. */
function make(failures: number, timeout = Infinity) {
  const state = { failures };
  const failuresLeft = () => state.failures;
  const queue = new LoginQueue({ failuresLeft }, timeout);
  const started: string[] = [];
  const add = (name: string, network = "a") => {
    const { opened, open } = gate();
    const key = { name };
    const result = queue.run(network, key, async () => {
      started.push(name);
      await opened;
      return name;
    });
    const abandon = () => queue.abandon(network, key);
    return { result, end: open, abandon };
  };
  return { state, queue, started, add };
}

Deno.test("LoginQueue begins as many decisions as there are failures left", async () => {
  const { state, started, add } = make(2);
  const [one, two, three] = ["1", "2", "3", "4"].map((name) => add(name));
  assert.deepEqual(started, ["1", "2"]);
  one?.end();
  assert.equal(await one?.result, "1");
  assert.deepEqual(started, ["1", "2", "3"]);
  // One of them fails.
  state.failures = 1;
  two?.end();
  await two?.result;
  assert.deepEqual(started, ["1", "2", "3"]);
  three?.end();
  await three?.result;
  assert.deepEqual(started, ["1", "2", "3", "4"]);
});

Deno.test("LoginQueue lets each login of a network that is locked out find that out", async () => {
  const { state, started, add } = make(1);
  const [one] = ["1", "2", "3"].map((name) => add(name));
  state.failures = 0;
  one?.end();
  await one?.result;
  assert.deepEqual(started, ["1", "2", "3"]);
});

Deno.test("LoginQueue begins all decisions if there is no limit", () => {
  const { started, add } = make(Infinity);
  for (let n = 0; n < 100; n++) add(`${n}`);
  assert.equal(started.length, 100);
});

Deno.test("LoginQueue: networks do not wait for each other", () => {
  const { started, add } = make(1);
  add("1", "a");
  add("2", "b");
  add("3", "b");
  assert.deepEqual(started, ["1", "2"]);
});

Deno.test("LoginQueue does not begin an abandoned login, and keeps the slot of one that has begun", async () => {
  const { started, add } = make(1);
  const [one, two, three] = ["1", "2", "3"].map((name) => add(name));
  one?.abandon();
  two?.abandon();
  await endOfTick();
  assert.deepEqual(started, ["1"]);
  one?.end();
  await one?.result;
  assert.deepEqual(started, ["1", "3"]);
  three?.abandon();
});

Deno.test("LoginQueue frees the slot of a decision that takes too long", async () => {
  const { started, add, queue } = make(1, 20);
  add("1");
  add("2");
  while (started.length < 2) await pause(5);
  assert.deepEqual(started, ["1", "2"]);
  queue.close();
});

Deno.test("LoginQueue resolves a decision that takes too long, once", async () => {
  const { add } = make(1, 20);
  const one = add("1");
  const two = add("2");
  assert.equal(await one.result, "timed out");
  two.end();
  assert.equal(await two.result, "2");
  one.end();
  assert.equal(await one.result, "timed out");
});

Deno.test("LoginQueue ignores the end of a decision that has lost its slot", async () => {
  const { started, add, queue } = make(1, 20);
  const one = add("1");
  const two = add("2");
  while (started.length < 2) await pause(5);
  two.end();
  await two.result;
  const three = add("3");
  // It ends while another decision occupies the slot.
  one.end();
  await one.result;
  add("4");
  assert.deepEqual(started, ["1", "2", "3"]);
  three.end();
  await three.result;
  assert.deepEqual(started, ["1", "2", "3", "4"]);
  queue.close();
});

Deno.test("LoginQueue.close() stops the timer", () => {
  const { add, queue } = make(1, 1_000_000);
  add("1");
  // The test fails if a timer is left.
  queue.close();
});
