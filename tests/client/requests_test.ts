import assert from "node:assert/strict";
import { ServerMessage } from "../../client/message.ts";
import { Replies } from "../../client/requests.ts";
import { type Checking, ContractChecks } from "../../client/validate.ts";
import { ValidationError } from "../../common/errors.ts";
import { defineContract } from "../../contract/define.ts";
import type { WireMessage } from "../../protocol/message.ts";
import { throwsExactly } from "../support/errors.ts";
import { ACCEPT_ALL, REJECT_ALL } from "../support/schemas.ts";
import { endOfTick, gate } from "../support/timing.ts";

type Checks = Pick<ContractChecks, "reply">;

/** Returns a reply to a message named `hi`. */
function wireOf(name: string, id = 2): WireMessage {
  const replying = { message: "hi", data: {}, id: 1, replying: null };
  return { message: name, data: {}, id, replying };
}

function checksOf(check: (wire: WireMessage) => Checking): Checks {
  return {
    reply: (name, wire) => {
      assert.equal(name, "hi");
      return check(wire);
    },
  };
}

/** Creates replies, and records the names of those that are accepted. */
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

Deno.test("accepts valid replies at once and returns them in order", async () => {
  for (const checks of [undefined, checksOf(() => {})]) {
    const { replies, accepted } = collect(checks);
    for (const name of ["one", "two", "one"]) {
      replies.onReply(wireOf(name));
      assert.equal(accepted.at(-1), name);
    }
    assert.deepEqual(namesOf(await replies.all()), ["one", "two", "one"]);
    assert.equal(accepted.length, 3);
  }
});

Deno.test("returns no replies if none came", async () => {
  assert.deepEqual(await collect(undefined).replies.all(), []);
});

Deno.test("keeps the number of the message", () => {
  const { replies } = collect(undefined);
  assert.equal(replies.messageId, 0);
  replies.onOpen(7);
  assert.equal(replies.messageId, 7);
});

Deno.test("returns what each reply was accepted as", async () => {
  const messages = [1, 2].map((id) =>
    new ServerMessage(wireOf("one", id), () => assert.fail("replied"))
  );
  const wires: WireMessage[] = [];
  const replies = new Replies("hi", undefined, (wire) => {
    wires.push(wire);
    return messages[wires.length - 1]!;
  });
  const added = [wireOf("one"), wireOf("two")];
  for (const wire of added) replies.onReply(wire);
  const all = await replies.all();
  assert(all.every((message, index) => message === messages[index]));
  assert(wires.every((wire, index) => wire === added[index]));
});

Deno.test("waits for the validation of each reply and keeps the order", async () => {
  const { opened, open } = gate();
  const { replies, accepted } = collect(checksOf(({ message }) => {
    if (message === "slow") return opened;
    if (message === "soon") return Promise.resolve();
  }));
  for (const name of ["fast", "slow", "soon", "fast"]) {
    replies.onReply(wireOf(name));
  }
  const all = replies.all();
  await endOfTick();
  assert.deepEqual(accepted, ["fast"]);
  open();
  assert.deepEqual(namesOf(await all), ["fast", "slow", "soon", "fast"]);
});

Deno.test("rejects if a reply is invalid, and accepts the others", async () => {
  const contract = defineContract({
    messages: { hi: { replies: { good: ACCEPT_ALL, bad: REJECT_ALL } } },
  });
  const { replies, accepted } = collect(new ContractChecks(contract));
  for (const name of ["good", "bad", "other", "good"]) {
    replies.onReply(wireOf(name));
  }
  await assert.rejects(replies.all(), (error) => {
    assert(error instanceof ValidationError);
    assert.equal(
      error.message,
      'Cannot accept message "bad": its data does not match its schema: n: no',
    );
    return true;
  });
  assert.deepEqual(accepted, ["good", "good"]);
});

Deno.test("rejects with the first error in the order of the replies, whatever it is", async () => {
  for (const thrown of [new Error("first"), undefined, null, "text"]) {
    const { opened, open } = gate();
    const { replies } = collect(checksOf(async ({ message }) => {
      if (message === "slow") await opened;
      throw message === "slow" ? thrown : new Error("second");
    }));
    for (const name of ["slow", "fast"]) replies.onReply(wireOf(name));
    const all = replies.all();
    await endOfTick();
    open();
    assert(await throwsExactly(() => all, thrown));
  }
});

Deno.test("rejects in the same way each time", async () => {
  const error = new Error("no");
  const { replies } = collect(checksOf(() => {
    throw error;
  }));
  replies.onReply(wireOf("one"));
  for (const _ of [1, 2]) {
    await assert.rejects(replies.all(), (thrown) => thrown === error);
  }
});

Deno.test("leaves no unhandled rejection if nothing waits for invalid replies", async () => {
  const { replies } = collect(
    checksOf(() => Promise.reject(new Error("no"))),
  );
  replies.onReply(wireOf("one"));
  await endOfTick();
});
