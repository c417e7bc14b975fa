import assert from "node:assert/strict";
import { ValidationError } from "../../common/errors.ts";
import { Dispatcher, type DispatcherOwner } from "../../client/dispatcher.ts";
import { type WireMessage } from "../../protocol/message.ts";
import { ClientLog } from "../../client/log.ts";
import { ServerMessage } from "../../client/message.ts";
import { HOSTILE } from "../support/attacks.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { endOfTick, gate } from "../support/timing.ts";

function wireOf(name: string): WireMessage {
  return { message: name, data: {}, id: 1, replying: null };
}

function toMessage(wire: WireMessage): ServerMessage {
  return new ServerMessage(wire, () => assert.fail("replied"));
}

/** An inbox that is open, and what happens in it. */
function openInbox(owner: Partial<DispatcherOwner> = {}) {
  const logger = new LogRecorder();
  const inbox = new Dispatcher(new ClientLog(logger));
  const events: string[] = [];
  inbox.connect({ check: () => {}, toMessage, isNamed: () => true, ...owner });
  inbox.open();
  /** The server asks. */
  const ask = (name: string) =>
    inbox.onMessage(
      wireOf(name),
      (hasFailed) => events.push(`${name} ${hasFailed ? "failed" : "done"}`),
    );
  return { inbox, logger, events, ask };
}

Deno.test("Dispatcher says when the listeners to a request are done", async () => {
  const { opened, open } = gate();
  const { inbox, events, ask } = openInbox();
  inbox.add("hi", async () => {
    await opened;
    events.push("heard");
  });
  inbox.add(() => void events.push("heard, too"));
  ask("hi");
  await endOfTick();
  assert.deepEqual(events, []);
  open();
  await endOfTick();
  assert.deepEqual(events, ["heard", "heard, too", "hi done"]);
});

Deno.test("Dispatcher says that it is done where nobody listens to a request", async () => {
  const { inbox, events, ask } = openInbox();
  inbox.add("other", () => assert.fail("it is called"));
  ask("hi");
  await endOfTick();
  assert.deepEqual(events, ["hi done"]);
});

Deno.test("Dispatcher says that a listener to a request has failed, once all are done", async () => {
  for (
    const fail of [
      () => Promise.reject(new Error("no")),
      () => {
        throw new Error("no");
      },
      () => Promise.reject(HOSTILE),
    ]
  ) {
    const { inbox, logger, events, ask } = openInbox();
    inbox.add("hi", fail);
    inbox.add("hi", () => void events.push("heard"));
    ask("hi");
    await endOfTick();
    assert.deepEqual(events, ["heard", "hi failed"]);
    assert.equal(logger.lines.length, 1);
    assert.match(logger.lines[0]!, /^error Hoist: a listener failed\n/);
  }
});

Deno.test("Dispatcher does not hand a message out that its check refuses, and goes on", async () => {
  const error = new ValidationError('Cannot take message "bad"', "no", []);
  const checks = [
    () => {
      throw error;
    },
    () => Promise.reject(error),
  ];
  for (const fail of checks) {
    const { inbox, logger, events, ask } = openInbox({
      check: ({ message }) => message === "bad" ? fail() : undefined,
    });
    inbox.add(({ name }) => void events.push(name));
    ask("bad");
    inbox.onMessage(wireOf("bad"));
    ask("good");
    await endOfTick();
    assert.deepEqual(events, ["bad failed", "good", "good done"]);
    const line =
      'warn Hoist: ignored a message\nCannot take message "bad": no: the schema gives no reason';
    assert.deepEqual(logger.lines, [line, line]);
  }
});

Deno.test("Dispatcher keeps the order, though a check has to wait", async () => {
  const { opened, open } = gate();
  const { inbox, events, ask } = openInbox({
    check: ({ message }) => message === "slow" ? opened : undefined,
  });
  inbox.add(({ name }) => void events.push(name));
  for (const name of ["first", "slow", "last"]) ask(name);
  await endOfTick();
  assert.deepEqual(events, ["first", "first done"]);
  open();
  await endOfTick();
  assert.deepEqual(events.filter((event) => !event.includes(" ")), [
    "first",
    "slow",
    "last",
  ]);
  assert.equal(events.length, 6);
});

Deno.test("Dispatcher goes on, whatever a check throws and a logger does", async () => {
  for (const thrown of [undefined, "text", new Error("no")]) {
    const fail = () => {
      throw new Error("the logger fails");
    };
    const inbox = new Dispatcher(new ClientLog({ warn: fail, error: fail }));
    const done: boolean[] = [];
    inbox.connect({
      check: () => {
        throw thrown;
      },
      toMessage,
      isNamed: () => true,
    });
    inbox.open();
    for (const _ of [1, 2]) {
      inbox.onMessage(wireOf("hi"), (hasFailed) => done.push(hasFailed));
    }
    await endOfTick();
    assert.deepEqual(done, [true, true]);
  }
});

Deno.test("Dispatcher says nothing of a request for a connection that is closed", async () => {
  const { inbox, events, ask } = openInbox({ toMessage: () => undefined });
  inbox.add(() => assert.fail("it is called"));
  ask("hi");
  await endOfTick();
  assert.deepEqual(events, []);
});

Deno.test("Dispatcher says nothing of a request for a connection that is closed while it is checked", async () => {
  const { opened, open } = gate();
  let isClosed = false;
  const { inbox, events, ask } = openInbox({
    check: () => opened,
    toMessage: (wire) => isClosed ? undefined : toMessage(wire),
  });
  inbox.add(() => assert.fail("it is called"));
  ask("hi");
  isClosed = true;
  open();
  await endOfTick();
  assert.deepEqual(events, []);
});

Deno.test("Dispatcher keeps requests, too, that come before there is a listener", async () => {
  const events: string[] = [];
  const checked: string[] = [];
  const inbox = new Dispatcher(new ClientLog(new LogRecorder()));
  inbox.onMessage(wireOf("one"), () => events.push("one done"));
  inbox.connect({
    check: ({ message }) => void checked.push(message),
    toMessage,
    isNamed: () => true,
  });
  inbox.onMessage(wireOf("two"), () => events.push("two done"));
  await endOfTick();
  assert.deepEqual([events, checked], [[], []]);
  inbox.add(({ name }) => void events.push(name));
  await endOfTick();
  assert.deepEqual(events, ["one", "two", "one done", "two done"]);
  assert.deepEqual(checked, ["one", "two"]);
});

Deno.test("Dispatcher says once that a request is done", async () => {
  const { inbox, events, ask } = openInbox();
  inbox.add("hi", () => {});
  ask("hi");
  await endOfTick();
  inbox.open();
  await endOfTick();
  assert.deepEqual(events, ["hi done"]);
});

Deno.test("Dispatcher waits for a listener to a request that never ends, and for nobody else", async () => {
  const { inbox, events, ask } = openInbox();
  inbox.add("never", () => new Promise(() => {}));
  ask("never");
  ask("hi");
  await endOfTick();
  assert.deepEqual(events, ["hi done"]);
});
