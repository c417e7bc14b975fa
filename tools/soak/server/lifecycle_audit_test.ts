/** Checking the hooks of the server. */

import assert from "node:assert/strict";
import { type CloseInfo, serve } from "@hoist/cli";
import { connectTo } from "../../../tests/support/server.ts";
import { Problems } from "../problems.ts";
import type { Identity } from "./login.ts";
import { type AuditedClient, LifecycleAudit } from "./lifecycle_audit.ts";
import type { Treatment } from "../tokens.ts";

const CLOSED: CloseInfo = { code: 1000, reason: "goodbye" };

/** An audit with a client, whose parts a test can choose. */
class Sample {
  readonly problems = new Problems();
  readonly audit = new LifecycleAudit(this.problems);
  readonly #controller = new AbortController();
  readonly #closed: Promise<CloseInfo>;
  readonly #treatment: Treatment;

  constructor({ closed = CLOSED, treatment = "usual" }: {
    readonly closed?: CloseInfo;
    readonly treatment?: Treatment;
  } = {}) {
    this.#closed = Promise.resolve(closed);
    this.#treatment = treatment;
  }

  client(data?: { readonly id: number }): AuditedClient {
    return {
      id: 4,
      data,
      identity: { treatment: this.#treatment, logins: 1 },
      signal: this.#controller.signal,
      closed: this.#closed,
    };
  }

  connect(): void {
    void this.audit.onConnect(this.client());
  }

  abort(): void {
    this.#controller.abort();
  }

  async disconnect(info = CLOSED, data: object = { id: 4 }): Promise<string> {
    this.audit.onDisconnect(this.client(data as { id: number }), info);
    await this.#closed;
    return this.problems.finding.texts.join();
  }

  counts(): readonly number[] {
    const { connected, disconnected, aborted } = this.audit;
    return [connected, disconnected, aborted];
  }
}

Deno.test("counts the hooks and the signals of a client", async () => {
  const sample = new Sample();
  sample.connect();
  assert.deepEqual(sample.counts(), [1, 0, 0]);
  sample.abort();
  assert.equal(await sample.disconnect(), "");
  assert.deepEqual(sample.counts(), [1, 1, 1]);
});

Deno.test("reports a hook that is called twice", async () => {
  const sample = new Sample();
  sample.connect();
  sample.connect();
  sample.abort();
  await sample.disconnect();
  const problems = await sample.disconnect();
  assert.match(problems, /onConnect was called twice for client 4/);
  assert.match(problems, /onDisconnect was called for client 4, which is not/);
});

Deno.test("reports onConnect after the end, and a signal that has not aborted", async () => {
  const late = new Sample();
  late.abort();
  late.connect();
  assert.match(await late.disconnect(), /client 4, which has left/);
  const open = new Sample();
  open.connect();
  assert.match(await open.disconnect(), /signal of client 4 has not aborted/);
});

Deno.test("reports the data of another client", async () => {
  const sample = new Sample();
  sample.connect();
  sample.abort();
  const problems = await sample.disconnect(CLOSED, { id: 5 });
  assert.equal(problems, "client 4 has the data of client 5");
});

Deno.test("reports two different ends of a client", async () => {
  const closed = { code: 1006, reason: "" };
  const sample = new Sample({ closed });
  sample.connect();
  sample.abort();
  assert.match(await sample.disconnect(), /closed with 1006, but .* got 1000/);
});

Deno.test("fails for some clients, which then have no data", async () => {
  const sample = new Sample({ treatment: "unready" });
  assert.throws(() => sample.connect(), /requested error/);
  sample.abort();
  assert.equal(await sample.disconnect(CLOSED, {}), "");
  assert.equal(sample.audit.failed, 1);
});

Deno.test("counts silent clients, but no others that the server closes", async () => {
  for (
    const [code, reason, evicted] of [
      [1001, "silent for 17 s", 1],
      [1001, "server closed", 0],
      [1000, "silent for 17 s", 0],
    ] as const
  ) {
    const info = { code, reason };
    const sample = new Sample({ closed: info });
    sample.connect();
    sample.abort();
    assert.equal(await sample.disconnect(info), "");
    assert.equal(sample.audit.evicted, evicted);
  }
});

Deno.test("finds no problem with the clients of a server", async () => {
  const problems = new Problems();
  const audit = new LifecycleAudit(problems);
  const server = serve("test", {
    hostname: "127.0.0.1",
    port: 0,
    logLevel: "critical",
    login: (): Identity => ({ treatment: "usual", logins: 1 }),
    onConnect: (client) => audit.onConnect(client),
    onDisconnect: (client, info) => audit.onDisconnect(client, info),
  });
  const connections = [await connectTo(server), await connectTo(server)];
  await connections[0]?.close();
  await server.close();
  await connections[1]?.close();
  const { connected, disconnected, aborted } = audit;
  assert.deepEqual([connected, disconnected, aborted], [2, 2, 2]);
  assert.deepEqual(problems.finding.texts, []);
});
