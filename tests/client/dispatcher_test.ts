import assert from "node:assert/strict";
import { Dispatcher, type DispatcherOptions } from "../../client/dispatcher.ts";
import { ServerMessage } from "../../client/message.ts";
import { ValidationError } from "../../common/errors.ts";
import { defineContract } from "../../contract/define.ts";
import type { WireMessage } from "../../protocol/message.ts";
import { HOSTILE } from "../support/attacks.ts";
import { RequestSpans } from "../../client/telemetry.ts";
import { clientLog } from "../support/client_log.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { endOfTick, gate } from "../support/timing.ts";

function wireOf(
  name: string,
  replying: WireMessage | null = null,
): WireMessage {
  return { message: name, data: {}, id: 1, replying };
}

function toMessage(wire: WireMessage): ServerMessage {
  return new ServerMessage(wire, () => assert.fail("replied"));
}

/** Creates a dispatcher, and records what happens in it. */
function createDispatcher(options: Partial<DispatcherOptions> = {}) {
  const logger = new LogRecorder();
  const dispatcher = new Dispatcher({
    log: clientLog(logger),
    contract: undefined,
    checks: undefined,
    spans: new RequestSpans("linked", "http://localhost:5000"),
    toMessage,
    ...options,
  });
  const events: string[] = [];
  /** Dispatches a request of the server. */
  const request = (name: string) =>
    dispatcher.onMessage(wireOf(name), {
      traceparent: undefined,
      onDone: (hasFailed) =>
        events.push(`${name} ${hasFailed ? "failed" : "done"}`),
    });
  return { dispatcher, logger, events, request };
}

/** Creates a dispatcher that delivers messages at once. */
function createOpen(options: Partial<DispatcherOptions> = {}) {
  const parts = createDispatcher(options);
  parts.dispatcher.open();
  return parts;
}

Deno.test("keeps early messages in order until the listeners of one turn are added", async () => {
  const { dispatcher, events } = createDispatcher();
  for (const name of ["one", "two"]) dispatcher.onMessage(wireOf(name));
  dispatcher.add(["one", "two", "three"], ({ name }) => void events.push(name));
  dispatcher.add("two", () => void events.push("two again"));
  assert.deepEqual(events, []);
  await Promise.resolve();
  dispatcher.onMessage(wireOf("three"));
  await Promise.resolve();
  assert.deepEqual(events, ["one", "two", "three", "two again"]);
});

Deno.test("drops early messages if it is opened without a listener", async () => {
  const { dispatcher, events } = createDispatcher();
  dispatcher.onMessage(wireOf("one"));
  dispatcher.open();
  dispatcher.add(({ name }) => void events.push(name));
  await Promise.resolve();
  dispatcher.onMessage(wireOf("two"));
  assert.deepEqual(events, ["two"]);
});

Deno.test("delivers no message twice", async () => {
  const { dispatcher, events, request } = createDispatcher();
  request("one");
  dispatcher.add(({ name }) => void events.push(name));
  await endOfTick();
  dispatcher.open();
  await endOfTick();
  assert.deepEqual(events, ["one", "one done"]);
});

Deno.test("keeps early requests, and validates them when they are delivered", async () => {
  const validated: string[] = [];
  const { dispatcher, events, request } = createDispatcher({
    checks: { message: ({ message }) => void validated.push(message) },
  });
  for (const name of ["one", "two"]) request(name);
  await endOfTick();
  assert.deepEqual([events, validated], [[], []]);
  dispatcher.add(({ name }) => void events.push(name));
  await endOfTick();
  assert.deepEqual(events, ["one", "two", "one done", "two done"]);
  assert.deepEqual(validated, ["one", "two"]);
});

Deno.test("calls no listener once the connection is closed", async () => {
  let isOpen = true;
  const { dispatcher, events } = createDispatcher({
    toMessage: (wire) => isOpen ? toMessage(wire) : undefined,
  });
  for (const name of ["one", "two"]) dispatcher.onMessage(wireOf(name));
  dispatcher.add(({ name }) => {
    events.push(name);
    isOpen = false;
  });
  dispatcher.open();
  await endOfTick();
  assert.deepEqual(events, ["one"]);
});

Deno.test("logs the error of a listener, and frames that are not of Hoist 1", async () => {
  const { dispatcher, logger } = createOpen();
  dispatcher.add(() => Promise.reject(new Error("no")));
  dispatcher.onMessage(wireOf("one"));
  await logger.line(
    /^error error: http:\/\/h:1: a listener failed\n {2}Error: no/,
  );
  dispatcher.onInvalid();
  assert.equal(
    logger.lines.at(-1),
    "warn receive: http://h:1: ignored a frame that is not of Hoist 1",
  );
});

Deno.test("reports a request as done when all listeners are done", async () => {
  const { opened, open } = gate();
  const { dispatcher, events, request } = createOpen();
  dispatcher.add("hi", async () => {
    await opened;
    events.push("named");
  });
  dispatcher.add(() => void events.push("all"));
  request("hi");
  await endOfTick();
  assert.deepEqual(events, []);
  open();
  await endOfTick();
  assert.deepEqual(events, ["named", "all", "hi done"]);
});

Deno.test("reports a request without a listener as done", async () => {
  const { dispatcher, events, request } = createOpen();
  dispatcher.add("other", () => assert.fail("it is called"));
  request("hi");
  await endOfTick();
  assert.deepEqual(events, ["hi done"]);
});

Deno.test("reports a request as failed when all listeners are done and one has failed", async () => {
  for (
    const fail of [
      () => Promise.reject(new Error("no")),
      () => {
        throw new Error("no");
      },
      () => Promise.reject(HOSTILE),
    ]
  ) {
    const { dispatcher, logger, events, request } = createOpen();
    dispatcher.add("hi", fail);
    dispatcher.add("hi", () => void events.push("called"));
    request("hi");
    await endOfTick();
    assert.deepEqual(events, ["called", "hi failed"]);
    assert.equal(logger.lines.length, 1);
    assert.match(
      logger.lines[0]!,
      /^error error: http:\/\/h:1: a listener failed\n/,
    );
  }
});

Deno.test("logs an invalid message, and delivers the valid ones", async () => {
  const error = new ValidationError('Cannot accept message "bad"', "no", []);
  for (
    const fail of [
      () => {
        throw error;
      },
      () => Promise.reject(error),
    ]
  ) {
    const { dispatcher, logger, events, request } = createOpen({
      checks: { message: ({ message }) => message === "bad" ? fail() : void 0 },
    });
    dispatcher.add(({ name }) => void events.push(name));
    request("bad");
    dispatcher.onMessage(wireOf("bad"));
    request("good");
    await endOfTick();
    assert.deepEqual(events, ["bad failed", "good", "good done"]);
    const line =
      /^warn receive: http:\/\/h:1: ignored a message\n {2}Cannot accept message "bad": no/;
    assert.equal(logger.lines.length, 2);
    for (const logged of logger.lines) assert.match(logged, line);
  }
});

Deno.test("delivers messages in order if the validation of one takes time", async () => {
  const { opened, open } = gate();
  const { dispatcher, events, request } = createOpen({
    checks: { message: ({ message }) => message === "slow" ? opened : void 0 },
  });
  dispatcher.add(({ name }) => void events.push(name));
  for (const name of ["first", "slow", "last"]) request(name);
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

Deno.test("reports a request as failed, whatever the validation throws and the logger does", async () => {
  const fail = () => {
    throw new Error("the logger fails");
  };
  for (const thrown of [undefined, "text", new Error("no")]) {
    const { events, request } = createOpen({
      log: clientLog({ warn: fail, error: fail }),
      checks: {
        message: () => {
          throw thrown;
        },
      },
    });
    for (const name of ["one", "two"]) request(name);
    await endOfTick();
    assert.deepEqual(events, ["one failed", "two failed"]);
  }
});

Deno.test("reports no request if the connection closes before or during its validation", async () => {
  for (const isEarly of [true, false]) {
    const { opened, open } = gate();
    let isClosed = isEarly;
    const { dispatcher, events, request } = createOpen({
      checks: { message: () => opened },
      toMessage: (wire) => isClosed ? undefined : toMessage(wire),
    });
    dispatcher.add(() => assert.fail("it is called"));
    request("hi");
    isClosed = true;
    open();
    await endOfTick();
    assert.deepEqual(events, []);
  }
});

Deno.test("dispatches a message while the listener to another one waits", async () => {
  const { dispatcher, events, request } = createOpen();
  dispatcher.add("never", () => new Promise(() => {}));
  for (const name of ["never", "hi"]) request(name);
  await endOfTick();
  assert.deepEqual(events, ["hi done"]);
});

Deno.test("passes a reply to listeners of its name only without a contract", async () => {
  for (const contract of [undefined, defineContract({ events: { hi: {} } })]) {
    const { dispatcher, events } = createOpen({ contract });
    dispatcher.add("hi", () => void events.push("named"));
    dispatcher.add(() => void events.push("all"));
    dispatcher.onMessage(wireOf("hi", wireOf("asked")));
    await endOfTick();
    assert.deepEqual(
      events,
      contract === undefined ? ["named", "all"] : ["all"],
    );
  }
});

Deno.test("rejects a listener to a name that is not an event of the contract", () => {
  const contract = defineContract({ events: { news: {} } });
  const { dispatcher } = createOpen({ contract });
  for (const names of ["other", ["news", "other"]]) {
    assert.throws(() => dispatcher.add(names, () => {}), {
      name: "TypeError",
      message: /^Cannot receive message "other"/,
    });
  }
  dispatcher.add("news", () => {})[Symbol.dispose]();
});
