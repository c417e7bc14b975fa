/** What a server keeps of the data that strangers send. */

import assert from "node:assert/strict";
import { runScript } from "../support/run_script.ts";

const ROOT = new URL("../..", import.meta.url).href;

/** Runs a script whose function `gc` collects all garbage. */
async function measure(source: string): Promise<number> {
  const flags = ["-A", "--no-check", "--v8-flags=--expose-gc"];
  const { stdout, stderr } = await runScript(flags, source);
  assert.equal(stderr, "");
  return parseInt(stdout);
}

const COUNT = 500;

for (const address of ["192.168.100.200", "2001:db8:1111:2222:3333::1"]) {
  Deno.test(`the server keeps ${address} without the rest of X-Forwarded-For`, async () => {
    const bytes = await measure(`
      import { forwardedAddress } from "${ROOT}server/admission.ts";
      const kept: unknown[] = [];
      gc();
      const before = Deno.memoryUsage().heapUsed;
      for (let n = 0; n < ${COUNT}; n++) {
        const value = "x".repeat(60_000) + n + ", ${address}";
        const headers = new Headers({ "x-forwarded-for": value });
        kept.push(forwardedAddress(headers.get("x-forwarded-for"), 1));
      }
      gc();
      console.log(Deno.memoryUsage().heapUsed - before, kept.length);
    `);
    // The headers have 30 MB.
    assert(bytes < 5_000_000, `${bytes}`);
  });
}

/** Scripts that keep something of long messages */
const MESSAGES = {
  "a ledger keeps no messages": `
    import { PublicationLedger } from "${ROOT}server/ledger.ts";
    import { decodeRoomMessage } from "${ROOT}server/room_message.ts";
    const ledger = new PublicationLedger({ handle() {} } as never, () => true);
    const counts = Promise.resolve({} as never);
    const keep = (n: number, data: string) => {
      const head = \`{"origin":"\${crypto.randomUUID()}.\${n}","publisher":null,\`;
      const rest = \`"except":null,"from":null,"message":"a","data":{"a":"\`;
      const payload = read(head + rest + data + '"}}');
      ledger.note(decodeRoomMessage(payload)!.origin, counts);
    };`,
  "a position in Redis keeps no message": `
    import { parseRoomMessage } from "${ROOT}broker/redis_messages.ts";
    const kept: unknown[] = [];
    const keep = (n: number, data: string) => {
      const message = read(\`P \${"e".repeat(17)}.\${n}.abcdefgh e.1.a \${data}\`);
      kept.push((parseRoomMessage(message) as { position: string }).position);
    };`,
};

for (const [what, source] of Object.entries(MESSAGES)) {
  Deno.test(what, async () => {
    const bytes = await measure(`${source}
      // Like a string that was received
      function read(text: string): string {
        return new TextDecoder().decode(new TextEncoder().encode(text));
      }
      gc();
      const before = Deno.memoryUsage().heapUsed;
      for (let n = 0; n < ${COUNT}; n++) keep(n, "x".repeat(60_000));
      gc();
      console.log(Deno.memoryUsage().heapUsed - before);
    `);
    // The messages have 30 MB.
    assert(bytes < 5_000_000, `${bytes}`);
  });
}

Deno.test("an onDisconnect that never settles does not keep its client in memory", async () => {
  const kept = await measure(`
    import { Lifecycle } from "${ROOT}server/lifecycle.ts";
    const references: WeakRef<object>[] = [];
    const onConnect = () => {};
    const onDisconnect = () => new Promise(() => {});
    const lifecycle = new Lifecycle({ onConnect, onDisconnect }, 1_000);
    for (let id = 0; id < 10; id++) {
      const owner = { client: { id }, onConnected() {}, close() {} };
      references.push(new WeakRef(owner));
      const visit = lifecycle.visit(owner as never, {} as never);
      visit.connect();
      visit.onClosed({ code: 1000, reason: "" });
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
    gc();
    if (await lifecycle.finish(0) !== 10) throw new Error("not counted");
    console.log(references.filter((reference) => reference.deref()).length);
  `);
  // The last one can still be in a register.
  assert(kept <= 1, `${kept}`);
});

/** How connections end, or log in without an expiry */
const EVENTS = {
  "a closed connection": 'connection.close(1008, "login timed out");',
  "a login without an expiry":
    'socket.receive({ id: 0, token: "test", version: "1.0.0" });',
};

for (const [what, event] of Object.entries(EVENTS)) {
  Deno.test(`${what} drops the headers of its upgrade, although its socket stays`, async () => {
    const kept = await measure(`
    import { ServerConnection } from "${ROOT}server/connection.ts";
    import { FakeSocket, serverContext } from "${ROOT}tests/support/server_context.ts";
    const references: WeakRef<Headers>[] = [];
    const connections: unknown[] = [];
    for (let n = 0; n < 10; n++) {
      const headers = new Headers({ a: "x" });
      references.push(new WeakRef(headers));
      const request = { url: new URL("http://localhost"), headers };
      const peer = { address: "192.0.2.1:1", network: "192.0.2.1" };
      const events = {
        admit: (_connection: unknown, result: never) => result,
        onConnected() {},
        onClosed() {},
        onGone() {},
        onOpenedLate() {},
      };
      const socket = new FakeSocket();
      const connection = new ServerConnection(
        n,
        serverContext(),
        events,
        socket,
        { peer, request },
      );
      connections.push(connection);
      ${event}
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
    gc();
    console.log(references.filter((reference) => reference.deref()).length);
  `);
    // The last one can still be in a register.
    assert(kept <= 1, `${kept}`);
  });
}
