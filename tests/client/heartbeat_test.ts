/** Tests of `client/heartbeat.ts`. The tests pass the time, instead of the timer. */

import assert from "node:assert/strict";
import { Heartbeat, startHeartbeat } from "../../client/heartbeat.ts";
import type { CloseInfo } from "../../protocol/close.ts";

const RULES = { interval: 25_000, timeout: 10_000 };

/** A heartbeat with a clock that a test sets, and a record of what it did. */
function heartbeatOf(socket: {
  bytesReceived?: number;
  bufferedAmount?: number;
} = {}, onPing = () => {}) {
  const events: string[] = [];
  let now = 1_000_000;
  const target = {
    socket,
    ping: () => {
      events.push("ping");
      onPing();
    },
    onSilent: ({ code, reason }: CloseInfo) =>
      void events.push(`${code} ${reason}`),
  };
  const heartbeat = new Heartbeat(RULES, target, () => now);
  return {
    events,
    heartbeat,
    socket,
    /** Passes time in which the timer does not fire. */
    wait: (seconds: number) => void (now += seconds * 1_000),
    /** Passes time, and calls the timer. */
    pass: (seconds: number) => {
      now += seconds * 1_000;
      heartbeat.onTimer();
    },
    [Symbol.dispose]: () => heartbeat.stop(),
  };
}

const SILENT = "1006 the server did not answer a ping within 10000 ms";

Deno.test("a quiet connection gets a ping, and ends if nothing arrives", () => {
  using beat = heartbeatOf();
  beat.pass(24.9);
  assert.deepEqual(beat.events, []);
  beat.pass(0.1);
  assert.deepEqual(beat.events, ["ping"]);
  // What has arrived is read before the connection ends.
  beat.pass(10);
  assert.deepEqual(beat.events, ["ping"]);
  beat.pass(0.1);
  assert.deepEqual(beat.events, ["ping", SILENT]);
});

Deno.test("any frame answers a ping, also at the last moment", () => {
  using beat = heartbeatOf();
  beat.pass(25);
  beat.heartbeat.noteReceived();
  beat.pass(10);
  beat.pass(15);
  assert.deepEqual(beat.events, ["ping", "ping"]);
  beat.pass(10);
  beat.heartbeat.noteReceived();
  beat.pass(0.1);
  assert.deepEqual(beat.events, ["ping", "ping"]);
});

for (const direction of ["noteReceived", "noteSent"] as const) {
  Deno.test(`a connection that is busy in one direction only gets pings: ${direction}`, () => {
    using beat = heartbeatOf();
    for (let n = 0; n < 5; n++) {
      beat.wait(5);
      beat.heartbeat[direction]();
    }
    beat.heartbeat.onTimer();
    assert.deepEqual(beat.events, ["ping"]);
  });
}

Deno.test("a connection that is busy in both directions gets no pings", () => {
  using beat = heartbeatOf();
  for (let n = 0; n < 20; n++) {
    beat.heartbeat.noteReceived();
    beat.heartbeat.noteSent();
    beat.pass(24);
  }
  assert.deepEqual(beat.events, []);
});

Deno.test("the bytes of the login are no sign of the server later", () => {
  using beat = heartbeatOf({ bytesReceived: 10 });
  beat.wait(5);
  beat.heartbeat.noteSent();
  beat.pass(20);
  assert.deepEqual(beat.events, ["ping"]);
});

Deno.test("a part of a large frame keeps a connection open", () => {
  using beat = heartbeatOf({ bytesReceived: 10 });
  beat.heartbeat.noteSent();
  beat.pass(25);
  beat.socket.bytesReceived = 11;
  beat.pass(10);
  assert.deepEqual(beat.events, ["ping"]);
  beat.pass(15);
  assert.deepEqual(beat.events, ["ping", "ping"]);
  beat.pass(10);
  beat.pass(0.1);
  assert.deepEqual(beat.events, ["ping", "ping", SILENT]);
});

Deno.test("a server that still reads what waits keeps a connection open", () => {
  using beat = heartbeatOf({ bufferedAmount: 10_000 });
  beat.pass(25);
  beat.socket.bufferedAmount = 5_000;
  beat.pass(10);
  beat.pass(0.1);
  assert.deepEqual(beat.events, ["ping"]);
});

Deno.test("a ping that leaves the buffer is no answer", () => {
  using beat = heartbeatOf(
    { bufferedAmount: 0 },
    () => beat.socket.bufferedAmount = 6,
  );
  beat.pass(25);
  beat.socket.bufferedAmount = 0;
  beat.pass(10);
  beat.pass(0.1);
  assert.deepEqual(beat.events, ["ping", SILENT]);
});

Deno.test("data that waits as long as the ping is no answer", () => {
  using beat = heartbeatOf({ bufferedAmount: 10_000 });
  beat.pass(25);
  beat.pass(10);
  beat.pass(0.1);
  assert.deepEqual(beat.events, ["ping", SILENT]);
});

Deno.test("input that is read at the last moment gets the next ping its own time", () => {
  using beat = heartbeatOf();
  beat.pass(25);
  beat.pass(10);
  beat.heartbeat.noteReceived();
  beat.pass(0.1);
  beat.pass(25);
  // The answer to the second ping is read like that to the first.
  beat.pass(10);
  assert.deepEqual(beat.events, ["ping", "ping"]);
  beat.pass(0.1);
  assert.deepEqual(beat.events, ["ping", "ping", SILENT]);
});

Deno.test("a suspension while input is read gets the next ping its own time", () => {
  using beat = heartbeatOf();
  beat.pass(25);
  beat.pass(10);
  beat.pass(60);
  beat.pass(10);
  assert.deepEqual(beat.events, ["ping", "ping"]);
  beat.pass(0.1);
  assert.deepEqual(beat.events, ["ping", "ping", SILENT]);
});

Deno.test("a part of a large frame delays the first ping", () => {
  using beat = heartbeatOf({ bytesReceived: 10 });
  beat.wait(24);
  beat.heartbeat.noteSent();
  beat.socket.bytesReceived = 11;
  beat.pass(1);
  assert.deepEqual(beat.events, []);
  beat.wait(20);
  beat.heartbeat.noteSent();
  beat.pass(5);
  assert.deepEqual(beat.events, ["ping"]);
});

Deno.test("a timer is late by a tenth of the timeout before it shows a suspension", () => {
  for (const [late, events] of [[0.99, [SILENT]], [1.01, ["ping"]]] as const) {
    using beat = heartbeatOf();
    beat.pass(25);
    beat.pass(10 + late);
    beat.pass(0.1);
    assert.deepEqual(beat.events, ["ping", ...events]);
  }
});

Deno.test("a suspension is no silence of the server", () => {
  using beat = heartbeatOf();
  // Before a ping
  beat.pass(3_600);
  assert.deepEqual(beat.events, ["ping"]);
  // While the answer is due: another ping, and another full timeout
  beat.pass(3_600);
  assert.deepEqual(beat.events, ["ping", "ping"]);
  beat.pass(9.9);
  beat.heartbeat.noteReceived();
  beat.pass(0.1);
  assert.deepEqual(beat.events, ["ping", "ping"]);
});

Deno.test("an answer ends the series of suspensions", () => {
  using beat = heartbeatOf();
  beat.pass(60);
  for (let n = 0; n < 3; n++) beat.pass(60);
  beat.heartbeat.noteReceived();
  beat.pass(0);
  beat.pass(60);
  assert.equal(beat.events.length, 5);
  for (let n = 0; n < 3; n++) beat.pass(60);
  assert.deepEqual(beat.events, Array(8).fill("ping"));
});

Deno.test("the interval begins at the last frame, although the answer is noticed later", () => {
  using beat = heartbeatOf();
  beat.pass(25);
  beat.wait(1);
  beat.heartbeat.noteReceived();
  beat.wait(8);
  beat.heartbeat.noteSent();
  beat.pass(1);
  beat.pass(15.9);
  assert.deepEqual(beat.events, ["ping"]);
  beat.pass(0.1);
  assert.deepEqual(beat.events, ["ping", "ping"]);
});

Deno.test("what arrived before a ping does not answer it", () => {
  using beat = heartbeatOf({ bytesReceived: 10 });
  beat.socket.bytesReceived = 11;
  beat.heartbeat.noteReceived();
  beat.heartbeat.check();
  beat.pass(10);
  beat.pass(0.1);
  assert.deepEqual(beat.events, ["ping", SILENT]);
});

Deno.test("a connection ends although timers are always late", () => {
  using beat = heartbeatOf();
  beat.pass(60);
  for (let n = 0; n < 3; n++) beat.pass(60);
  assert.equal(beat.events.length, 4);
  beat.pass(60);
  beat.pass(60);
  assert.deepEqual(beat.events.slice(4), [SILENT]);
});

Deno.test("check() sends a ping at once, and none while the answer is due", () => {
  using beat = heartbeatOf();
  beat.heartbeat.check();
  beat.wait(5);
  beat.heartbeat.check();
  assert.deepEqual(beat.events, ["ping"]);
  // The page was asleep, and the timer has not fired yet.
  beat.wait(3_600);
  beat.heartbeat.check();
  beat.heartbeat.check();
  assert.deepEqual(beat.events, ["ping", "ping"]);
  beat.pass(10);
  beat.pass(0.1);
  assert.deepEqual(beat.events, ["ping", "ping", SILENT]);
});

Deno.test("check() sends another ping as soon as the first one is answered", () => {
  using beat = heartbeatOf();
  beat.heartbeat.check();
  beat.wait(1);
  beat.heartbeat.noteReceived();
  beat.wait(1);
  beat.heartbeat.check();
  assert.deepEqual(beat.events, ["ping", "ping"]);
  // The timeout of the second one counts.
  beat.pass(10);
  beat.pass(0.1);
  assert.deepEqual(beat.events, ["ping", "ping", SILENT]);
});

Deno.test("suspect() sends another ping if nothing has arrived since the answer", () => {
  using beat = heartbeatOf({ bytesReceived: 10 });
  beat.wait(1);
  beat.heartbeat.suspect();
  beat.wait(1);
  beat.socket.bytesReceived = 11;
  beat.heartbeat.suspect();
  beat.wait(0.9);
  beat.heartbeat.suspect();
  assert.deepEqual(beat.events, ["ping"]);
  beat.wait(0.1);
  beat.heartbeat.suspect();
  assert.deepEqual(beat.events, ["ping", "ping"]);
});

Deno.test("suspect() sends a ping only if nothing has arrived for a second", () => {
  using beat = heartbeatOf();
  beat.wait(0.9);
  beat.heartbeat.suspect();
  assert.deepEqual(beat.events, []);
  beat.wait(0.1);
  beat.heartbeat.suspect();
  beat.heartbeat.suspect();
  assert.deepEqual(beat.events, ["ping"]);
});

Deno.test("suspect() does not restart the timeout, although the timer is late", () => {
  using beat = heartbeatOf();
  beat.heartbeat.check();
  // A request ends before a timer that was due at the same time.
  beat.wait(10.5);
  beat.heartbeat.suspect();
  beat.heartbeat.check();
  beat.pass(0);
  beat.pass(0.1);
  assert.deepEqual(beat.events, ["ping", SILENT]);
});

Deno.test("a heartbeat can stop while it sends a ping", () => {
  const beat = heartbeatOf({}, () => beat.heartbeat.stop());
  // The timer that would start now would be reported as a leak.
  beat.pass(25);
  assert.deepEqual(beat.events, ["ping"]);
});

Deno.test("a page that wakes up sends a ping, until the heartbeat stops", () => {
  const document = Object.assign(new EventTarget(), {
    visibilityState: "visible",
  });
  Object.assign(globalThis, { document });
  try {
    using beat = heartbeatOf();
    const wake = () => document.dispatchEvent(new Event("visibilitychange"));
    wake();
    assert.deepEqual(beat.events, ["ping"]);
    beat.heartbeat.noteReceived();
    beat.heartbeat.stop();
    wake();
    assert.deepEqual(beat.events, ["ping"]);
    using silent = heartbeatOf();
    silent.pass(25);
    silent.pass(10);
    silent.pass(0.1);
    wake();
    silent.wait(60);
    wake();
    assert.deepEqual(silent.events, ["ping", SILENT]);
  } finally {
    Reflect.deleteProperty(globalThis, "document");
  }
});

Deno.test("there is no heartbeat without a way to ask the server", () => {
  const ping = () => {};
  const onSilent = () => assert.fail();
  const socket = { bytesReceived: 0, ping };
  const none = [
    startHeartbeat(undefined, { socket, ping, onSilent }),
    startHeartbeat(RULES, { socket: {}, ping: undefined, onSilent }),
    startHeartbeat(RULES, { socket: { ping }, ping: undefined, onSilent }),
  ];
  assert.deepEqual(none, [undefined, undefined, undefined]);
  const some = [
    startHeartbeat(RULES, { socket: {}, ping, onSilent }),
    startHeartbeat(RULES, { socket, ping: undefined, onSilent }),
  ];
  for (const heartbeat of some) {
    assert(heartbeat instanceof Heartbeat);
    heartbeat.stop();
  }
});

Deno.test("a server without the extension gets WebSocket pings", () => {
  let pings = 0;
  const socket = { bytesReceived: 0, ping: () => void pings++ };
  const onSilent = () => assert.fail();
  const heartbeat = startHeartbeat(RULES, {
    socket,
    ping: undefined,
    onSilent,
  });
  heartbeat!.check();
  heartbeat!.stop();
  assert.equal(pings, 1);
});

Deno.test("a socket that cannot send a ping does not end the program", () => {
  const ping = () => assert.fail("the socket is closing");
  const events: CloseInfo[] = [];
  const onSilent = (info: CloseInfo) => void events.push(info);
  let now = 0;
  const target = { socket: { ping }, ping: undefined, onSilent };
  const heartbeat = new Heartbeat(RULES, target, () => now);
  for (const seconds of [25, 10, 0.1]) {
    now += seconds * 1_000;
    heartbeat.onTimer();
  }
  assert.deepEqual(events.map(({ code }) => code), [1006]);
});
