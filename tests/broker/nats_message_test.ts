/** What comes from NATS about a room. */

import assert from "node:assert/strict";
import { MsgImpl, Parser } from "npm:@nats-io/nats-core@3.4.0/internal";
import type { Msg } from "../../broker/nats_client.ts";
import { headersOf, readStored } from "../../broker/nats_message.ts";

const ENCODER = new TextEncoder();

/** Returns a message, as the client of NATS parses it. */
function receive(head: string | undefined, payload: string): Msg {
  const [length, body] = [(text: string) => ENCODER.encode(text).length, head];
  const command = body === undefined
    ? `MSG a 1 ${length(payload)}\r\n${payload}\r\n`
    : `HMSG a 1 ${length(body)} ${
      length(body + payload)
    }\r\n${body}${payload}\r\n`;
  const found: Msg[] = [];
  const parser = new Parser({
    push: (event) => {
      if (!("msg" in event)) return;
      found.push(
        new MsgImpl(event.msg!, event.data!, undefined as never) as Msg,
      );
    },
  });
  parser.parse(ENCODER.encode(command));
  return found[0]!;
}

function stored(lines: readonly string[], payload = "x"): Msg {
  return receive(["NATS/1.0", ...lines, "", ""].join("\r\n"), payload);
}

const LINES = ["Hoist-Check: abc12", "Nats-Sequence: 7"];

Deno.test("NATS: reads a stored message", () => {
  const all = [...LINES, "Nats-Last-Sequence: 5", "Nats-Num-Pending: 3"];
  const expected = { sequence: 7, previous: 5, check: "abc12", pending: 3 };
  const payload = "\ufeffü\r\n\r\n☺\r\nHoist-Start: 1";
  assert.deepEqual(readStored(stored(all, payload)), {
    ...{ ...expected, isStart: false, payload },
  });
  assert.deepEqual(readStored(stored(LINES, "")), {
    ...{ ...expected, previous: 0, pending: 0, isStart: false, payload: "" },
  });
  assert(readStored(stored([...LINES, "Hoist-Start: 1"]))?.isStart);
});

Deno.test("NATS: ignores what no server of Hoist has stored", () => {
  const others = [
    receive(undefined, "x"),
    receive("NATS/1.0\r\n", "\r\n\r\n"),
    receive("NATX/1.0\r\nHoist-Check: abc12\r\nNats-Sequence: 7\r\n\r\n", "x"),
    stored([]),
    stored([], "\r\nHoist-Check: abc12\r\nNats-Sequence: 7\r\n"),
    ...["", "0", "x", "7x", "-7", "1.5", "9007199254740992"].map((number) =>
      stored(["Hoist-Check: abc12", `Nats-Sequence: ${number}`])
    ),
    ...["", "abc1", "abc123", "ABC12", "ab 12"].map((check) =>
      stored([`Hoist-Check: ${check}`, "Nats-Sequence: 7"])
    ),
  ];
  for (const each of others) assert.equal(readStored(each), undefined);
});

Deno.test("NATS: finds the same headers as the client of NATS", () => {
  const names = ["A", "B", "C", "D", "a", "Nats-Sequence"];
  const messages = [
    stored(["A: 1", "B:2", "C:  3 ", "A: 4", "D:"]),
    stored(["Nats-Sequence: 1", "X: A: 1", "AA: 2"]),
    receive("NATS/1.0 503\r\n\r\n", ""),
    receive("NATS/1.0 404 No Messages\r\n\r\n", ""),
    receive("NATS/1.0 408 Too: Late\r\nA: 1\r\n\r\n", ""),
  ];
  for (const message of messages) {
    const [own, other] = [headersOf(message)!, message.headers!];
    assert.equal(own.code, other.code);
    for (const name of names) {
      assert.equal(own.get(name), other.get(name), name);
      assert.equal(own.has(name), other.has(name), name);
    }
  }
});
