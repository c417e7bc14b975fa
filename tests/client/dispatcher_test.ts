import assert from "node:assert/strict";
import { Dispatcher } from "../../client/dispatcher.ts";
import { type WireMessage } from "../../protocol/message.ts";
import { ClientLog } from "../../client/log.ts";
import { ServerMessage } from "../../client/message.ts";
import { LogRecorder } from "../support/log_recorder.ts";

function wire(name: string): WireMessage {
  return { message: name, data: {}, id: 1, replying: null };
}

function toMessage(wire: WireMessage): ServerMessage {
  return new ServerMessage(wire, () => assert.fail("replied"));
}

/** An inbox with a connection, and what its listener to all messages has seen. */
function connectedInbox() {
  const logger = new LogRecorder();
  const inbox = new Dispatcher(new ClientLog(logger));
  inbox.connect({ check: () => {}, toMessage, isNamed: () => true });
  const seen: string[] = [];
  return { inbox, logger, seen };
}

Deno.test("Dispatcher keeps what comes before there is a listener, in its order", async () => {
  const { inbox, seen } = connectedInbox();
  for (const name of ["one", "two"]) inbox.onMessage(wire(name));
  inbox.add(["one", "two", "three"], ({ name }) => void seen.push(name));
  inbox.add("two", () => void seen.push("two again"));
  assert.equal(seen.length, 0);
  await Promise.resolve();
  inbox.onMessage(wire("three"));
  await Promise.resolve();
  assert.deepEqual(seen, ["one", "two", "three", "two again"]);
});

Deno.test("Dispatcher drops what came before, if it is opened without a listener", async () => {
  const { inbox, seen } = connectedInbox();
  inbox.onMessage(wire("one"));
  inbox.open();
  inbox.add(({ name }) => void seen.push(name));
  await Promise.resolve();
  inbox.onMessage(wire("two"));
  assert.deepEqual(seen, ["two"]);
});

Deno.test("Dispatcher hands out nothing twice", async () => {
  const { inbox, seen } = connectedInbox();
  inbox.onMessage(wire("one"));
  inbox.add(({ name }) => void seen.push(name));
  await Promise.resolve();
  inbox.open();
  assert.deepEqual(seen, ["one"]);
});

Deno.test("Dispatcher leaves out what its connection does not want listened to any more", () => {
  const { inbox, seen } = connectedInbox();
  let isOpen = true;
  inbox.connect({
    check: () => {},
    toMessage: (wire) => isOpen ? toMessage(wire) : undefined,
    isNamed: () => true,
  });
  inbox.onMessage(wire("one"));
  inbox.onMessage(wire("two"));
  inbox.add(({ name }) => {
    seen.push(name);
    isOpen = false;
  });
  inbox.open();
  assert.deepEqual(seen, ["one"]);
});

Deno.test("Dispatcher reports what a listener throws, and what is no frame of Hoist 1", async () => {
  const { inbox, logger } = connectedInbox();
  inbox.open();
  inbox.add(() => Promise.reject(new Error("no")));
  inbox.onMessage(wire("one"));
  await logger.line(/^error Hoist: a listener failed\nError: no/);
  inbox.onInvalid();
  assert.equal(
    logger.lines.at(-1),
    "warn Hoist: ignored a frame that is not of Hoist 1",
  );
});
