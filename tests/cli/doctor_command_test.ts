/** Tests the commands `doctor` and `ping`: their output and their exit codes. */

import assert from "node:assert/strict";
import { run } from "../support/command_line.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { makeCertificate } from "../support/certificate.ts";
import { fakeServer } from "../support/fake_server.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { runProgram } from "../support/command_line.ts";
import { serveQuietly } from "../support/server.ts";

const TOKEN = ["--token", "test"];

Deno.test("doctor prints a line for each step, and a conclusion", async () => {
  await using server = serveQuietly();
  const outcome = await run(["doctor", "-u", server.url, ...TOKEN]);
  assert.equal(outcome.code, 0);
  const lines = outcome.printed.join("\n").split("\n");
  assert.match(lines[0]!, /^ok {4}name {9}127\.0\.0\.1 is an address$/);
  assert.match(lines[2]!, /^skip {2}TLS {10}the URL begins with http:/);
  assert.equal(lines.at(-1), "No problem found.");
  assert.deepEqual(outcome.errors, [`examining ${server.url}`]);
});

for (
  const args of [
    ["doctor", ...TOKEN],
    ["doctor"],
    ["doctor", "-t", "wrong"],
    ["doctor", "--origin", "https://app.example", ...TOKEN],
    ["doctor", "--origin", "https://no.example", ...TOKEN],
    ["ping", "-n", "1", ...TOKEN],
  ]
) {
  Deno.test(`${args.join(" ")} closes its connections`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({
      logger,
      allowedOrigins: ["https://app.example"],
    });
    await run([...args, "-u", server.url]);
    const lines = logger.lines.filter((line) => /disconnect/.test(line));
    assert.notEqual(lines.length, 0);
    for (const line of lines) {
      assert.match(line, /closed by the (client|server)/);
    }
  });
}

Deno.test("doctor says that the login was not checked", async () => {
  await using server = serveQuietly();
  const { code, printed } = await run(["doctor", "-q", "-u", server.url]);
  assert.equal(code, 0);
  assert.match(printed.at(-1)!, /No problem found\. The login was not checked/);
});

Deno.test("doctor prints what to do, and ends with the code of the failure", async () => {
  await using server = serveQuietly();
  const wrong = await run(["doctor", "-u", server.url, "-t", "wrong"]);
  assert.equal(wrong.code, 4);
  assert.match(
    wrong.printed.join("\n"),
    /\nFAIL {2}login {8}the server rejected the token\n {6}What to do: Check /,
  );
  assert.match(wrong.printed.at(-1)!, /A client cannot use this server/);
  const nothing = await run(["doctor", "-u", `:${freePort()}`]);
  assert.equal(nothing.code, 3);
});

Deno.test("doctor says that only pages of an origin cannot connect", async () => {
  await using server = serveQuietly();
  const origin = ["--origin", "https://no.example"];
  const { printed } = await run(["doctor", "-u", server.url, ...origin]);
  assert.match(printed.at(-1)!, /^\nA page of this origin cannot use this/);
});

Deno.test("doctor prints a line of JSON for each step", async () => {
  await using server = serveQuietly();
  const origin = ["--origin", "https://no.example"];
  const args = ["doctor", "--json", "-u", server.url, ...TOKEN, ...origin];
  const { code, printed } = await run(args);
  assert.equal(code, 3);
  const findings = printed.map((line) => JSON.parse(line));
  assert.deepEqual(
    findings.map(({ step, result }) => [step, result]),
    [
      ...[["name", "ok"], ["TCP", "ok"], ["TLS", "skip"]],
      ...[["server", "ok"], ["upgrade", "ok"], ["origin", "fail"]],
    ],
  );
  assert.equal(findings.at(-1).exitCode, 3);
});

Deno.test("doctor rejects an origin that no browser sends", async () => {
  const { code, errors } = await run(["doctor", "--origin", "app.example"]);
  assert.equal(code, 2);
  assert.match(errors.join(), /--origin must be .* It is "app\.example"\.$/);
});

Deno.test("doctor has colors only where they are wanted", async () => {
  await using server = serveQuietly();
  const args = ["doctor", "-u", server.url];
  const plain = await run(args);
  assert(!plain.printed.join().includes("\x1b"));
  const colored = await run(args, { hasColors: true });
  assert(colored.printed[0]!.startsWith("\x1b[32mok  \x1b[0m  name"));
});

Deno.test("doctor warns of a problem that does not prevent a connection", async () => {
  const ack = () =>
    Response.json({ version: "1.0.1" }, { headers: { age: "9" } });
  await using server = fakeServer(() => {}, ack);
  const { code, printed } = await run(["doctor", "-u", server.url]);
  assert.equal(code, 0);
  assert.match(printed.at(-1)!, /A client can connect\. Warnings: 1\./);
});

Deno.test("doctor trusts the certificate authority of a file", async () => {
  const { cert, key } = makeCertificate();
  await using server = serveQuietly({ cert, key });
  const url = server.url.replace("127.0.0.1", "localhost");
  const args = ["doctor", "-u", url, ...TOKEN];
  assert.equal((await run(args)).code, 3);
  const readTextFile = (path: string) => {
    assert.equal(path, "ca.pem");
    return Promise.resolve(cert);
  };
  const trusting = await run([...args, "--ca-cert", "ca.pem"], {
    readTextFile,
  });
  assert.equal(trusting.code, 0);
});

Deno.test("doctor rejects an invalid URL", async () => {
  const { code, errors } = await run(["doctor", "-u", "ftp://a"]);
  assert.equal(code, 2);
  assert.match(errors.join(), /must be an HTTP or WebSocket URL/);
});

Deno.test("doctor ends with 130 when a signal interrupts it", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const stop = new AbortController();
  const url = `http://127.0.0.1:${listener.addr.port}`;
  const ended = run(["doctor", "-u", url], { signal: stop.signal });
  using _first = await listener.accept();
  using _second = await listener.accept();
  stop.abort();
  assert.equal((await ended).code, 130);
});

Deno.test("doctor and ping need only the permission for the network", async () => {
  await using server = serveQuietly();
  const permissions = ["-N"];
  for (const command of [["doctor"], ["ping", "-n", "1"]]) {
    const args = [...command, "-u", server.url, ...TOKEN];
    const { code, lines } = await runProgram(permissions, args);
    assert.equal(code, 0, lines.join("\n"));
  }
});

Deno.test("doctor says that the permission for the network is missing", async () => {
  const args = ["doctor", "-u", "http://127.0.0.1:5000", ...TOKEN];
  const { code, lines } = await runProgram([], args);
  assert.equal(code, 3);
  assert.match(
    lines.join("\n"),
    /What to do: Run with --allow-net, without addresses\./,
  );
});

Deno.test("ping prints each pong, and the statistics", async () => {
  await using server = serveQuietly();
  const args = ["ping", "-u", server.url, ...TOKEN, "-n", "2", "-i", "10ms"];
  const { code, printed, errors } = await run(args);
  assert.equal(code, 0);
  const text = printed.join("\n");
  assert.match(errors.join("\n"), /^pinging http:\/\/127\.0\.0\.1:\d+$/);
  assert.match(text, /^pong 1 after /);
  assert.match(text, /\n2 pings, 2 pongs, 0 % lost, \d\.\d s\n/);
  assert.match(text, /round trip: minimum \d+\.?\d* ms, average /);
});

Deno.test("ping --quiet prints no progress", async () => {
  await using server = serveQuietly();
  const args = ["ping", "-q", "-u", server.url, ...TOKEN, "-n", "1"];
  const { printed, errors } = await run(args);
  assert.match(printed[0]!, /^pong 1 after /);
  assert.match(printed[1]!, /^\n1 ping, 1 pong, 0 % lost, /);
  assert.deepEqual(errors, []);
});

Deno.test("ping prints JSON", async () => {
  await using server = serveQuietly();
  const args = ["ping", "--json", "-n", "1", "-u", server.url, ...TOKEN];
  const { printed } = await run(args);
  const [pong, summary] = printed.map((line) => JSON.parse(line));
  assert.deepEqual([pong.kind, pong.number], ["pong", 1]);
  assert.deepEqual([summary.sent, summary.received], [1, 1]);
  assert.equal(summary.min, pong.ms);
});

Deno.test("ping prints the statistics when a signal ends it", async () => {
  await using server = serveQuietly();
  const stop = new AbortController();
  const printed: string[] = [];
  const { code } = await run(["ping", "-u", server.url, ...TOKEN], {
    signal: stop.signal,
    print: (line) => {
      printed.push(line);
      if (line.startsWith("pong 1")) stop.abort();
    },
  });
  assert.equal(code, 0);
  assert.match(printed.at(-1)!, /1 ping, 1 pong, 0 % lost/);
});

Deno.test("ping fails if the server closes the connection", async () => {
  await using server = fakeServer((socket, frame) => {
    const features = ["heartbeat"];
    const answer = { success: true, data: { features }, code: 0, id: 0 };
    if ("token" in frame) socket.send(JSON.stringify(answer));
    else socket.close(1001, "silent\x1b[2J");
  });
  const { code, printed } = await run(["ping", "-u", server.url, ...TOKEN]);
  assert.equal(code, 1);
  assert.match(printed.join("\n"), /1 ping, 0 pongs, 100 % lost/);
  assert.match(printed.at(-1)!, /ended the connection \(1001, "silent\\u001b/);
});

Deno.test("ping explains that it cannot connect", async () => {
  const args = ["ping", "-u", `:${freePort()}`, ...TOKEN];
  const { code, errors } = await run(args);
  assert.equal(code, 3);
  assert.match(errors.join(), /no server answers there/);
  await using server = serveQuietly();
  const wrong = await run(["ping", "-u", server.url, "-t", "wrong"]);
  assert.equal(wrong.code, 4);
});

Deno.test("a file without a certificate is rejected, and not shown", async () => {
  const readTextFile = () => Promise.resolve(makeCertificate().key);
  const args = ["doctor", "--ca-cert", "key.pem"];
  const { code, errors } = await run(args, { readTextFile });
  assert.equal(code, 2);
  assert.match(errors.join(), /certificate in PEM .* "key\.pem" contains none/);
  assert.doesNotMatch(errors.join(), /PRIVATE KEY|MII/);
});
