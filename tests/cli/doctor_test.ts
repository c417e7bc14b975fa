/** Tests the doctor with servers that have one fault each. */

import assert from "node:assert/strict";
import { ApplicationError } from "../../common/errors.ts";
import { findAll, findFailure, resultsOf } from "../support/doctor.ts";
import { ackResponse, fakeServer } from "../support/fake_server.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { serveQuietly } from "../support/server.ts";

/** Longer than each step that is answered takes, also on a busy machine, in milliseconds. */
const PATIENCE = 500;

Deno.test("the doctor finds nothing wrong with a server", async () => {
  await using server = serveQuietly();
  const origin = "http://localhost:3000";
  const url = server.url.replace("127.0.0.1", "localhost");
  const findings = await findAll({ url, token: "test", origin });
  assert.deepEqual(resultsOf(findings), {
    "name": "ok",
    "TCP": "ok",
    "TLS": "skip",
    "server": "ok",
    "upgrade": "ok",
    "origin": "ok",
    "login": "ok",
    "features": "ok",
    "round trip": "ok",
    "large frame": "ok",
    "proxy": "ok",
  });
  const large = findings.find(({ step }) => step === "large frame");
  assert.equal(large?.values?.bytes, 65_536);
});

Deno.test("the doctor checks what it can without a token", async () => {
  const lines: string[] = [];
  const add = (line: string) => void lines.push(line);
  const logger = { debug: add, info: add, warn: add, error: add };
  await using server = serveQuietly({ logger });
  const results = resultsOf(await findAll({ url: server.url }));
  assert.equal(results.login, "skip");
  assert.equal(results.origin, "skip");
  assert.equal(results.upgrade, "ok");
  assert.equal(results["round trip"], undefined);
  assert.doesNotMatch(lines.join("\n"), /login failed|rejected/i);
});

Deno.test("the doctor finds that nothing listens", async () => {
  const finding = await findFailure({ url: `http://127.0.0.1:${freePort()}` });
  assert.equal(finding.step, "TCP");
  assert.match(finding.detail, /cannot connect to port \d+ of 127\.0\.0\.1/);
  assert.match(finding.detail, /connection refused/);
  assert.match(finding.remedy!, /^Nothing listens on this port\. Start the/);
  assert.equal(finding.exitCode, 3);
});

Deno.test("the doctor finds that a host has no address", async () => {
  const finding = await findFailure({ url: "http://host.invalid:5000" });
  assert.equal(finding.step, "name");
  assert.match(finding.detail, /host\.invalid/);
  assert.match(finding.remedy!, /^Check /);
  assert.equal(finding.exitCode, 3);
});

Deno.test({
  name: "the doctor finds a host that answers nothing, as behind a firewall",
  // Linux answers no more connections when the queue of a listener is full.
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const address = { hostname: "127.0.0.1", port: 0, tcpBacklog: 1 };
    using listener = Deno.listen(address);
    const { port } = listener.addr;
    using _first = await Deno.connect({ port });
    using _second = await Deno.connect({ port });
    const url = `http://127.0.0.1:${port}`;
    const finding = await findFailure({ url, timeout: 100 });
    assert.equal(finding.step, "TCP");
    assert.match(finding.detail, /\(no answer within 100 ms\)/);
    assert.match(finding.remedy!, /^Often a firewall discards the packets/);
    assert.equal(finding.exitCode, 5);
  },
});

Deno.test("the doctor finds a server that does not answer", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}`;
  const finding = await findFailure({ url, timeout: PATIENCE });
  assert.equal(finding.step, "server");
  assert.match(finding.detail, /no response within 500 ms/);
  assert.match(finding.remedy!, /raise --timeout\.$/);
  assert.equal(finding.exitCode, 5);
});

Deno.test("the doctor finds a program that does not use HTTP", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answering = listener.accept().then(async (tcp) => {
    // The first connection only checks that the port is open.
    tcp.close();
    using connection = await listener.accept();
    await connection.write(new TextEncoder().encode("220 mail.example\r\n"));
    await connection.read(new Uint8Array(1_024));
  });
  const url = `http://127.0.0.1:${listener.addr.port}`;
  const finding = await findFailure({ url });
  await answering;
  assert.equal(finding.step, "server");
  assert.match(finding.detail, /does not use HTTP/);
  assert.match(finding.remedy!, /write https: if it uses TLS/);
});

for (
  const [what, response, detail] of [
    [
      "the page of another program",
      () =>
        new Response("<h1>It works!</h1>", {
          headers: { server: "Apa\x9bche" },
        }),
      /it is not a Hoist server.*returned no version \(answered by Apa\\u\{9b\}che\)/,
    ],
    [
      "a path that does not exist",
      () => new Response("", { status: 404 }),
      /does not exist \(404\)/,
    ],
    [
      "a proxy without a server",
      () => new Response("", { status: 502, headers: { server: "nginx" } }),
      /no valid answer from the server \(502\).*\(answered by nginx\)/,
    ],
    [
      "a redirect",
      () =>
        new Response("", { status: 301, headers: { location: "https://b" } }),
      /redirects to https:\/\/b/,
    ],
  ] as const
) {
  Deno.test(`the doctor finds ${what} instead of a server`, async () => {
    await using server = fakeServer(() => {}, response);
    const finding = await findFailure({ url: server.url, token: "test" });
    assert.equal(finding.step, "server");
    assert.match(finding.detail, detail);
    assert.notEqual(finding.remedy, undefined);
    assert.equal(finding.exitCode, 3);
  });
}

Deno.test("the doctor finds an origin that is not allowed", async () => {
  await using server = serveQuietly();
  const origin = "https://app.example";
  const finding = await findFailure({ url: server.url, token: "test", origin });
  assert.equal(finding.step, "origin");
  assert.match(finding.detail, /not allow pages of "https:\/\/app\.example"/);
  assert.match(
    finding.remedy!,
    /Add "https:\/\/app\.example" to the option 'al/,
  );
  assert.equal(finding.exitCode, 3);
});

Deno.test("the doctor finds a wrong token", async () => {
  await using server = serveQuietly();
  const finding = await findFailure({ url: server.url, token: "wrong" });
  assert.equal(finding.step, "login");
  assert.equal(finding.detail, "the server rejected the token");
  assert.match(finding.remedy!, /matches the server's token/);
  assert.equal(finding.exitCode, 4);
});

Deno.test("the doctor finds a version that is too low", async () => {
  await using server = serveQuietly({ minimumVersion: "99.0.0" });
  const finding = await findFailure({ url: server.url, token: "test" });
  assert.equal(finding.step, "login");
  assert.match(finding.detail, /needs a client of version 99\.0\.0 or later/);
  assert.equal(finding.remedy, "Update the client.");
  assert.equal(finding.exitCode, 4);
});

Deno.test("the doctor finds that an address is locked out", async () => {
  await using server = serveQuietly({ limits: { maxLoginFailures: 1 } });
  await findFailure({ url: server.url, token: "wrong" });
  const finding = await findFailure({ url: server.url, token: "test" });
  assert.equal(finding.step, "login");
  assert.match(finding.detail, /too many logins from this address failed/);
  assert.match(finding.remedy!, /^Wait \d+ s/);
  assert.equal(finding.exitCode, 4);
});

Deno.test("the doctor shows why an application refuses a login", async () => {
  await using server = serveQuietly({
    login: () => {
      throw new ApplicationError("no_seat", {
        message: "All seats are taken.",
      });
    },
  });
  const finding = await findFailure({ url: server.url, token: "test" });
  assert.match(finding.detail, /refused the login with "no_seat"/);
  assert.equal(finding.exitCode, 4);
});

Deno.test("the doctor finds a server that closes at the login", async () => {
  await using server = fakeServer((socket) => socket.close(1011, "broken"));
  const finding = await findFailure({ url: server.url, token: "test" });
  assert.equal(finding.step, "login");
  assert.match(
    finding.detail,
    /before it answered the login \(1011, "broken"\)/,
  );
  assert.equal(finding.exitCode, 3);
});

Deno.test("the doctor ends if the login is not answered", async () => {
  await using server = fakeServer(() => {});
  const finding = await findFailure({
    ...{ url: server.url, token: "test", timeout: PATIENCE },
  });
  assert.equal(finding.step, "login");
  assert.equal(finding.exitCode, 5);
});

const SUCCESS = {
  ...{ success: true, data: null, error: null, code: 0, message: null },
  ...{ desc: null, id: 0 },
};

Deno.test("the doctor examines a Hoist 1 server up to the login", async () => {
  await using server = fakeServer((socket, frame) => {
    if ("token" in frame) socket.send(JSON.stringify(SUCCESS));
  });
  const findings = await findAll({ url: server.url, token: "test" });
  const features = findings.find(({ step }) => step === "features");
  assert.match(features!.detail, /Hoist 1 server, such as Python Hoist/);
  assert.equal(resultsOf(findings)["round trip"], "skip");
  assert.equal(resultsOf(findings).proxy, "ok");
});

Deno.test("the doctor finds a proxy that limits the size of a frame", async () => {
  const data = { features: ["heartbeat", "max-payload"], maxPayload: 65_536 };
  await using server = fakeServer((socket, frame, text) => {
    if ("token" in frame) {
      return socket.send(JSON.stringify({ ...SUCCESS, data }));
    }
    if (text.length > 60_000) return socket.close(1009);
    socket.send(JSON.stringify({ ...SUCCESS, id: null, message: "pong" }));
  });
  const finding = await findFailure({ url: server.url, token: "test" });
  assert.equal(finding.step, "large frame");
  assert.match(finding.detail, /65536 bytes did not arrive.*\(1009\)/);
  assert.match(finding.remedy!, /^A proxy limits the size of a frame/);
  assert.equal(finding.exitCode, 1);
});

Deno.test("the doctor finds a server that answers no ping", async () => {
  const data = { features: ["heartbeat"] };
  await using server = fakeServer((socket, frame) => {
    if ("token" in frame) socket.send(JSON.stringify({ ...SUCCESS, data }));
  });
  const finding = await findFailure({
    ...{ url: server.url, token: "test", timeout: PATIENCE },
  });
  assert.equal(finding.step, "round trip");
  assert.equal(finding.exitCode, 5);
});

Deno.test("the doctor warns of a cache", async () => {
  const headers = { via: "1.1 varnish", age: "17" };
  const ack = async () => {
    const response = ackResponse();
    return new Response(await response.text(), { headers });
  };
  await using server = fakeServer(() => {}, ack);
  const finding = (await findAll({ url: server.url })).at(-1)!;
  assert.equal(finding.step, "proxy");
  assert.equal(finding.result, "warn");
  assert.match(finding.detail, /a cache answered: via: 1\.1 varnish; age: 17/);
});

Deno.test("the doctor ends when its signal aborts", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}`;
  const stop = new AbortController();
  const reason = new Error("stopped");
  const examined = findAll({ url }, stop.signal);
  using _connection = await listener.accept();
  stop.abort(reason);
  await assert.rejects(examined, reason);
});

Deno.test("the doctor rejects an invalid URL", async () => {
  await assert.rejects(findAll({ url: "localhost:5000" }), TypeError);
});

Deno.test("the doctor shows no password of a URL", async () => {
  const url = `http://ada:secret@127.0.0.1:${freePort()}/?key=secret`;
  const findings = await findAll({ url, token: "secret" });
  assert.doesNotMatch(JSON.stringify(findings), /secret/);
});
