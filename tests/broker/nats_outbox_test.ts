/** How the messages of one tick are written to NATS. */

import assert from "node:assert/strict";
import {
  type NatsMessageOptions,
  NatsOutbox,
} from "../../broker/nats_outbox.ts";

const ENCODER = new TextEncoder();

/** A client that records what it has to write. */
class FakeClient {
  readonly written: string[] = [];
  readonly info = { max_payload: 1_000_000 };
  isOpen = true;
  readonly protocol = {
    sendCommand: (text: string) => void this.written.push(text),
  };

  isClosed(): boolean {
    return !this.isOpen;
  }
}

function open(): { readonly client: FakeClient; readonly outbox: NatsOutbox } {
  const client = new FakeClient();
  return { client, outbox: new NatsOutbox({ client } as never) };
}

/** Reads messages as NATS does: by their lengths. */
function read(text: string): readonly (readonly string[])[] {
  const messages: string[][] = [];
  const decode = (part: Uint8Array) => new TextDecoder().decode(part);
  for (let rest = ENCODER.encode(text); rest.length > 0;) {
    const end = rest.indexOf(10) + 1;
    const words = decode(rest.subarray(0, end)).trim().split(" ");
    const total = Number(words.at(-1));
    const head = words[0] === "HPUB" ? Number(words.at(-2)) : 0;
    const body = rest.subarray(end, end + total);
    assert.equal(decode(rest.subarray(end + total, end + total + 2)), "\r\n");
    messages.push([
      ...words.slice(0, words[0] === "HPUB" ? -2 : -1),
      ...[decode(body.subarray(0, head)), decode(body.subarray(head))],
    ]);
    rest = rest.subarray(end + total + 2);
  }
  return messages;
}

Deno.test("NATS: writes the messages of one tick at once, in their order", async () => {
  const { client, outbox } = open();
  outbox.add("a", "1", {});
  outbox.add("b", "é\u{1f600}", { reply: "r" });
  outbox.add("c", "", { headers: { A: "1", B: "x y" } });
  outbox.add("d", "2\r\nPUB e 1", { reply: "r", headers: { A: "1" } });
  assert.deepEqual(client.written, []);
  await undefined;
  assert.equal(client.written.length, 1);
  assert.deepEqual(read(client.written[0]!), [
    ["PUB", "a", "", "1"],
    ["PUB", "b", "r", "", "é\u{1f600}"],
    ["HPUB", "c", "NATS/1.0\r\nA: 1\r\nB: x y\r\n\r\n", ""],
    ["HPUB", "d", "r", "NATS/1.0\r\nA: 1\r\n\r\n", "2\r\nPUB e 1"],
  ]);
  outbox.add("a", "2", {});
  await undefined;
  assert.equal(client.written.length, 2);
});

Deno.test("NATS: writes at once what something else follows, and only once", async () => {
  const { client, outbox } = open();
  outbox.add("a", "1", {});
  outbox.write();
  outbox.write();
  await undefined;
  assert.deepEqual(client.written, ["PUB a 1\r\n1\r\n"]);
});

Deno.test("NATS: keeps no long tick as a whole", () => {
  const { client, outbox } = open();
  for (let n = 0; n < 10; n++) outbox.add("a", "x".repeat(100_000), {});
  assert(client.written.length >= 3);
  assert(outbox.units < 300_000);
  outbox.write();
  assert.equal(read(client.written.join("")).length, 10);
});

Deno.test("NATS: writes the length of a payload with lone surrogates", () => {
  const { client, outbox } = open();
  outbox.add("a", "\ud800é\udc00x", {});
  outbox.add("b", "1", {});
  outbox.write();
  assert.deepEqual(read(client.written[0]!), [
    ["PUB", "a", "", "\ufffdé\ufffdx"],
    ["PUB", "b", "", "1"],
  ]);
});

Deno.test("NATS: rejects what could become another command", () => {
  const { client, outbox } = open();
  const invalid: readonly (readonly [string, NatsMessageOptions])[] = [
    ...(["", " ", "a b c", "a b", "a\r\nPUB b 1", "a\n", "a\t"] as const)
      .map((subject) => [subject, { reply: "r" }] as const),
    ...(["", " ", "a b", "a\r\n", "\n"] as const)
      .map((reply) => ["a", { reply }] as const),
  ];
  for (const [subject, options] of invalid) {
    const shown = JSON.stringify([subject, options]);
    assert.throws(() => outbox.add(subject, "1", options), /subject/, shown);
  }
  assert.throws(() => outbox.add("a b", "1", {}), /subject/);
  outbox.write();
  assert.deepEqual(client.written, []);
});

Deno.test("NATS: rejects a message that is too large, and continues", () => {
  const { client, outbox } = open();
  client.info.max_payload = 20;
  outbox.add("a", "x".repeat(20), {});
  const headers = { A: "1" };
  assert.throws(
    () => outbox.add("a", "é".repeat(11), {}),
    /at most 20\. .*max_payload/,
  );
  assert.throws(() => outbox.add("a", "1".repeat(10), { headers }), /max_pay/);
  client.isOpen = false;
  assert.throws(() => outbox.add("a", "1", {}), /closed/);
  outbox.write();
  assert.equal(read(client.written[0]!).length, 1);
});
