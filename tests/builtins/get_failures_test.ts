/** Servers that respond badly, late or never, and callers that abort. */

import assert from "node:assert/strict";
import {
  get,
  LOOPBACK,
  redirect,
  UNREACHABLE,
  urlError,
} from "../support/fetching.ts";
import { answerRaw, serve } from "../support/site.ts";

const HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";

for (
  const [name, answer] of [
    ["never responds", ""],
    ["stops in its head", HEAD.slice(0, 20)],
    ["stops after its head", HEAD],
    ["stops in its body", `${HEAD}tex`],
    ["stops in a body without a length", "HTTP/1.0 200 OK\r\n\r\ntex"],
    ["sends another response first", "HTTP/1.1 103 Early Hints\r\n\r\n"],
  ] as const
) {
  Deno.test(`times out if the server ${name}`, async () => {
    await using site = answerRaw(answer);
    assert.equal(
      await urlError(get(site.url, { timeout: 50 })),
      "there was no complete response within 50 ms. Try again later.",
    );
  });

  Deno.test(`disconnects if the caller aborts and the server ${name}`, async () => {
    await using site = answerRaw(answer);
    const controller = new AbortController();
    const fetched = get(site.url, { signal: controller.signal });
    await site.answered;
    const reason = new Error("the client has gone");
    controller.abort(reason);
    await assert.rejects(fetched, reason);
    await site.closed;
  });
}

Deno.test("times out if a name is not resolved", async () => {
  const network = { ...LOOPBACK, resolve: () => new Promise<never>(() => {}) };
  assert.equal(
    await urlError(get("http://site.test", { network, timeout: 1 })),
    "there was no complete response within 1 ms. Try again later.",
  );
});

Deno.test("counts the time of redirects", async () => {
  await using last = answerRaw("");
  await using site = serve(() => redirect(last.url));
  const allow = [site.at("/"), last.url];
  assert.equal(
    await urlError(get(site.at("/"), { allow, timeout: 50 })),
    "there was no complete response within 50 ms. Try again later.",
  );
});

Deno.test("sends no request if the caller has already aborted", async () => {
  await using site = serve(() => new Response("text"));
  const reason = new Error("the client has gone");
  const signal = AbortSignal.abort(reason);
  await assert.rejects(get(site.at("/"), { signal }), reason);
  assert.deepEqual(site.requests, []);
});

Deno.test("removes its listeners from the signal of the caller", async () => {
  await using site = serve(() => new Response("text"));
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: [string, never]) => {
    listeners.add(args[1]);
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: [string, never]) => {
    listeners.delete(args[1]);
    removeEventListener.apply(signal, args);
  };
  assert.equal(await get(site.at("/"), { signal }), "text");
  await urlError(get(site.at("/"), { signal, maxSize: 1 }));
  assert.equal(listeners.size, 0);
});

for (
  const [name, answer] of [
    ["sends nothing", ""],
    ["does not use HTTP", "SSH-2.0-server\r\n"],
    ["ends in its head", HEAD.slice(0, 20)],
    ["ends in its body", `${HEAD}tex`],
    [
      "ends in a chunk",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ntex",
    ],
    [
      "sends a chunk without a length",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\ntext\r\n",
    ],
    [
      "has two lengths",
      "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\ntext",
    ],
    [
      "has a head without an end",
      `HTTP/1.1 200 OK\r\n${"Name: value\r\n".repeat(10_000)}`,
    ],
    [
      "changes to another protocol",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n",
    ],
  ] as const
) {
  Deno.test(`reports an error if the server ${name}`, async () => {
    await using site = answerRaw(answer, { isHeldOpen: false });
    assert.equal(await urlError(get(site.url)), UNREACHABLE);
  });
}

Deno.test("does not hang if the server switches to another protocol and stays connected", async () => {
  await using site = answerRaw(
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\nhello",
  );
  assert.equal(await urlError(get(site.url)), UNREACHABLE);
});

Deno.test("reads a body without a length to the end of the connection", async () => {
  await using site = answerRaw("HTTP/1.0 200 OK\r\n\r\ntext", {
    isHeldOpen: false,
  });
  assert.equal(await get(site.url), "text");
});

Deno.test("rejects an invalid status", async () => {
  const answer = "HTTP/1.1 099 Odd\r\nContent-Length: 4\r\n\r\ntext";
  await using site = answerRaw(answer, { isHeldOpen: false });
  assert.equal(await urlError(get(site.url)), "the response has the status 99");
});

Deno.test("reports a port that is closed", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  assert.equal(await urlError(get(`http://127.0.0.1:${port}`)), UNREACHABLE);
});

Deno.test("reports a name that does not exist", async () => {
  // A name that never exists: RFC 6761, section 6.4. The resolver of the system reports that.
  const unknown = Object.assign(new Error("ENOTFOUND"), { code: "ENOTFOUND" });
  for (
    const resolve of [
      () => Promise.reject(unknown),
      () => Promise.resolve([]),
    ]
  ) {
    const network = { ...LOOPBACK, resolve };
    assert.equal(
      await urlError(get("http://name.invalid", { network })),
      UNREACHABLE,
    );
  }
});
