import assert from "node:assert/strict";
import { ValidationError } from "../../common/errors.ts";
import { Inbox, type InboxOwner } from "../../client/dispatcher.ts";
import { type WireMessage } from "../../protocol/message.ts";
import { Reporter } from "../../client/log.ts";
import { ServerMessage } from "../../client/message.ts";
import { HOSTILE } from "../support/attack.ts";
import { endOfTick, gate, Recorder } from "../support/helpers.ts";

function wireOf(name: string): WireMessage {
  return { message: name, data: {}, id: 1, replying: null };
}

function toMessage(wire: WireMessage): ServerMessage {
  return new ServerMessage(wire, () => assert.fail("replied"));
}

/** An inbox that is open, and what happens in it. */
function openInbox(owner: Partial<InboxOwner> = {}) {
  const logger = new Recorder();
  const inbox = new Inbox(new Reporter(logger));
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

Deno.test("Inbox says when the listeners to a request are done", async () => {
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

Deno.test("Inbox says that it is done where nobody listens to a request", async () => {
  const { inbox, events, ask } = openInbox();
  inbox.add("other", () => assert.fail("it is called"));
  ask("hi");
  await endOfTick();
  assert.deepEqual(events, ["hi done"]);
});

Deno.test("Inbox says that a listener to a request has failed, once all are done", async () => {
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

Deno.test("Inbox does not hand a message out that its check refuses, and goes on", async () => {
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
      'warn Hoist: ignored a message\nCannot take message "bad": no, it does not say why';
    assert.deepEqual(logger.lines, [line, line]);
  }
});

Deno.test("Inbox keeps the order, though a check has to wait", async () => {
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

Deno.test("Inbox goes on, whatever a check throws and a logger does", async () => {
  for (const thrown of [undefined, "text", new Error("no")]) {
    const fail = () => {
      throw new Error("the logger fails");
    };
    const inbox = new Inbox(new Reporter({ warn: fail, error: fail }));
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

Deno.test("Inbox says nothing of a request for a connection that is closed", async () => {
  const { inbox, events, ask } = openInbox({ toMessage: () => undefined });
  inbox.add(() => assert.fail("it is called"));
  ask("hi");
  await endOfTick();
  assert.deepEqual(events, []);
});

Deno.test("Inbox says nothing of a request for a connection that is closed while it is checked", async () => {
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

Deno.test("Inbox keeps requests, too, that come before there is a listener", async () => {
  const events: string[] = [];
  const checked: string[] = [];
  const inbox = new Inbox(new Reporter(new Recorder()));
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

Deno.test("Inbox says once that a request is done", async () => {
  const { inbox, events, ask } = openInbox();
  inbox.add("hi", () => {});
  ask("hi");
  await endOfTick();
  inbox.open();
  await endOfTick();
  assert.deepEqual(events, ["hi done"]);
});

Deno.test("Inbox waits for a listener to a request that never ends, and for nobody else", async () => {
  const { inbox, events, ask } = openInbox();
  inbox.add("never", () => new Promise(() => {}));
  ask("never");
  ask("hi");
  await endOfTick();
  assert.deepEqual(events, ["hi done"]);
});
