import assert from "node:assert/strict";
import {
  type Checking,
  type Checks,
  ContractChecks,
} from "../../client/validate.ts";
import { defineContract } from "../../contract/define.ts";
import { ValidationError } from "../../common/errors.ts";
import { type WireMessage } from "../../protocol/message.ts";
import { Replies } from "../../client/connection.ts";
import { ServerMessage } from "../../client/message.ts";
import { throwsExactly } from "../support/errors.ts";
import { endOfTick, gate } from "../support/timing.ts";
import { ACCEPT_ALL, REJECT_ALL } from "../support/schemas.ts";

/** A reply to a message named `hi`. */
function wireOf(name: string, id = 2): WireMessage {
  const replying = { message: "hi", data: {}, id: 1, replying: null };
  return { message: name, data: {}, id, replying };
}

/** Checks that a function makes. */
function checking(reply: (wire: WireMessage) => Checking): Checks {
  const never = () => assert.fail("it is checked as something else");
  return {
    reply(asked, wire) {
      assert.equal(asked, "hi");
      return reply(wire);
    },
    message: never,
    result: never,
    item: never,
  };
}

/** Replies, and the names of those that were accepted, in their order. */
function collect(checks: Checks | undefined) {
  const accepted: string[] = [];
  const replies = new Replies("hi", checks, (wire) => {
    accepted.push(wire.message);
    return new ServerMessage(wire, () => assert.fail("replied"));
  });
  return { replies, accepted };
}

function namesOf(messages: readonly ServerMessage[]): string[] {
  return messages.map(({ name }) => name);
}

Deno.test("Replies are accepted at once, and all there in their order", async () => {
  for (const checks of [undefined, checking(() => {})]) {
    const { replies, accepted } = collect(checks);
    for (const name of ["one", "two", "one"]) {
      replies.add(wireOf(name));
      assert.equal(accepted.at(-1), name);
    }
    assert.deepEqual(namesOf(await replies.all()), ["one", "two", "one"]);
    assert.equal(accepted.length, 3);
  }
});

Deno.test("Replies are none if none came", async () => {
  assert.deepEqual(await collect(undefined).replies.all(), []);
});

Deno.test("Replies are what they were accepted as", async () => {
  const messages = [1, 2].map((id) =>
    new ServerMessage(wireOf("one", id), () => assert.fail("replied"))
  );
  const wires: WireMessage[] = [];
  const replies = new Replies("hi", undefined, (wire) => {
    wires.push(wire);
    return messages[wires.length - 1]!;
  });
  const added = [wireOf("one"), wireOf("two")];
  for (const wire of added) replies.add(wire);
  const all = await replies.all();
  assert(all.every((message, index) => message === messages[index]));
  assert(wires.every((wire, index) => wire === added[index]));
});

Deno.test("Replies wait for their checks, and keep their order", async () => {
  const { opened, open } = gate();
  const { replies, accepted } = collect(checking(({ message }) => {
    if (message === "slow") return opened;
    if (message === "soon") return Promise.resolve();
  }));
  for (const name of ["fast", "slow", "soon", "fast"]) {
    replies.add(wireOf(name));
  }
  const all = replies.all();
  await endOfTick();
  assert.deepEqual(accepted, ["fast"]);
  open();
  assert.deepEqual(namesOf(await all), ["fast", "slow", "soon", "fast"]);
});

Deno.test("Replies fail for one that does not fit, and the others are accepted", async () => {
  const contract = defineContract({
    messages: { hi: { replies: { good: ACCEPT_ALL, bad: REJECT_ALL } } },
  });
  const { replies, accepted } = collect(new ContractChecks(contract));
  for (const name of ["good", "bad", "other", "good"]) {
    replies.add(wireOf(name));
  }
  await assert.rejects(replies.all(), (error) => {
    assert(error instanceof ValidationError);
    assert.equal(
      error.message,
      'Cannot take message "bad": its data does not match its schema: n: no',
    );
    return true;
  });
  assert.deepEqual(accepted, ["good", "good"]);
});

Deno.test("Replies fail with what was thrown first in their order, whatever it is", async () => {
  for (const thrown of [new Error("first"), undefined, null, "text"]) {
    const { opened, open } = gate();
    const { replies } = collect(checking(async ({ message }) => {
      if (message === "slow") await opened;
      throw message === "slow" ? thrown : new Error("second");
    }));
    for (const name of ["slow", "fast"]) replies.add(wireOf(name));
    const all = replies.all();
    await endOfTick();
    open();
    assert(await throwsExactly(() => all, thrown));
  }
});

Deno.test("Replies fail in the same way if they are asked for again", async () => {
  const error = new Error("no");
  const { replies } = collect(checking(() => {
    throw error;
  }));
  replies.add(wireOf("one"));
  for (const _ of [1, 2]) {
    await assert.rejects(replies.all(), (thrown) => thrown === error);
  }
});

Deno.test("nobody has to ask for Replies that do not fit", async () => {
  const { replies } = collect(checking(() => Promise.reject(new Error("no"))));
  replies.add(wireOf("one"));
  await endOfTick();
});
