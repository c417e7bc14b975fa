/** Tests the command `bench`. */

import assert from "node:assert/strict";
import { defineContract, serve } from "../../server.ts";
import { run } from "../support/command_line.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { ACCEPT_ALL } from "../support/schemas.ts";
import { fakeServer, successFrame } from "../support/fake_server.ts";
import { serveQuietly } from "../support/server.ts";

// deno-lint-ignore no-control-regex -- that is the point
const CUT = /^\x1b\[\?7l[^]*\x1b\[\?7h$/;

const SMALL = ["--seconds=1", "--connections=2", "--concurrency=2"];

Deno.test("bench sends messages, and prints a report", async () => {
  await using server = serveQuietly();
  const received = new Set<string>();
  server.receive("bench", ({ data }) => void received.add(String(data.text)));
  const args = ["bench", "-u", server.url, "-t", "test", "--size=5", ...SMALL];
  const { code, printed, errors } = await run(args);
  assert.equal(code, 0, errors.join());
  assert.match(printed.join(), /throughput {2}[\d,]+ requests\/s/);
  assert.match(printed.join(), /99\.9 %/);
  assert.deepEqual([...received], ["xxxxx"]);
  assert.deepEqual(errors, []);
  assert.equal(server.clients.size, 0);
});

Deno.test("bench calls an operation with data, and prints JSON", async () => {
  await using server = serveQuietly();
  const sums = new Set<number>();
  server.operation("add", ({ a, b }) => void sums.add(Number(a) + Number(b)));
  const args = ["bench", "add", "a:=1", "b:=2", "--json", ...SMALL];
  const url = ["-u", server.url, "-t", "test"];
  const { code, printed } = await run([...args, ...url]);
  assert.equal(code, 0);
  const result = JSON.parse(printed.join());
  assert.equal(result.url, server.url);
  assert(result.requests > 0 && result.latency.p50 > 0);
  assert.deepEqual([...sums], [3]);
});

Deno.test("bench does not warn of the events of the server", async () => {
  await using server = serveQuietly();
  server.receive("bench", () => void server.broadcast("news"));
  const args = ["bench", "-u", server.url, "-t", "test", ...SMALL];
  const { code, errors } = await run(args);
  assert.deepEqual([code, errors], [0, []]);
});

Deno.test("bench compares two servers", async () => {
  await using fast = serveQuietly();
  await using slow = serveQuietly();
  slow.receive("bench", () => new Promise((end) => setTimeout(end, 30)));
  const args = ["bench", "-u", fast.url, "--versus", slow.url, "-t", "test"];
  const { code, printed } = await run([...args, ...SMALL]);
  assert.equal(code, 0);
  const [ratio] = printed.join().match(
    /(?<=throughput {2})\d\.\d\d(?= times)/,
  )!;
  assert(Number(ratio) < 0.9, ratio);
  assert.match(printed.join(), RegExp(`${slow.url} compared with ${fast.url}`));
});

Deno.test("bench reads the token of the second server from a file", async () => {
  await using first = serveQuietly();
  await using second = serve({
    ...{ hostname: "127.0.0.1", port: 0, logger: new LogRecorder() },
    tokens: [{ name: "bench", token: "another token" }],
  });
  const readTextFile = () => Promise.resolve("another token\n");
  const { code, errors } = await run([
    ...["bench", "-u", first.url, "-t", "test", "--json", ...SMALL],
    ...["--versus", second.url, "--versus-token-file", "token.txt"],
  ], { readTextFile });
  assert.equal(code, 0, errors.join());
});

Deno.test("bench shows its progress on a terminal only", async () => {
  await using server = serveQuietly();
  const args = ["bench", "-u", server.url, "-t", "test", ...SMALL];
  const { errors } = await run(args, { isTerminal: true });
  const text = errors.join("");
  assert(text.includes("\r\x1b[Kwarming up http"), text);
  assert.match(text, /http\S+: \d of 1 s, [\d,]+ requests, [\d,]+\/s/);
  assert(text.endsWith("\r\x1b[K"));
  // A narrow terminal cuts the line.
  assert(errors.every((each) => each === "\r\x1b[K" || CUT.test(each)), text);
  const quiet = await run([...args, "-q"], { isTerminal: true });
  assert.deepEqual(quiet.errors, []);
});

Deno.test("bench ends with 5 if the server answers nothing", async () => {
  await using server = fakeServer((socket, frame) => {
    if ("token" in frame) socket.send(successFrame(0, null));
    if (frame.end === true) socket.close();
  });
  const args = ["bench", "-u", server.url, "-t", "test", ...SMALL];
  // The connection has to be open before.
  const { code, printed, errors } = await run([...args, "--timeout", "2s"]);
  assert.equal(code, 5);
  assert.deepEqual(printed, []);
  assert.match(errors.join(), /no answer within 2000 ms\. Raise --timeout/);
});

Deno.test("bench never shows what can be a secret in a URL", async () => {
  await using server = serveQuietly();
  const url = `${server.url.replace("//", "//ada:secret1@")}/?key=secret2`;
  const args = ["bench", "-u", url, "--versus", url, "-t", "test", ...SMALL];
  for (const flags of [[], ["--json"]]) {
    const { code, printed, errors } = await run([...args, ...flags], {
      isTerminal: true,
    });
    assert.equal(code, 0, errors.join());
    assert.doesNotMatch([...printed, ...errors].join(), /ada|secret/);
  }
});

Deno.test("bench explains the limit that it exceeds", async () => {
  await using server = serveQuietly({ limits: { maxRate: 5, maxBurst: 5 } });
  const args = ["bench", "-u", server.url, "-t", "test", ...SMALL];
  const { code, errors } = await run(args);
  assert.equal(code, 64 + 9);
  assert.match(errors.join(), /exceeds the limit 'maxRate' of the server, whi/);
  assert.match(errors.join(), /Use --rate/);
});

Deno.test("bench explains that a contract has no message 'bench'", async () => {
  const contract = defineContract({ messages: { say: ACCEPT_ALL } });
  const options = { hostname: "127.0.0.1", port: 0, logger: new LogRecorder() };
  await using server = serve("test", { ...options, contract });
  const url = ["-u", server.url, "-t", "test", ...SMALL];
  const { code, errors } = await run(["bench", ...url]);
  assert.equal(code, 64 + 2);
  assert.match(errors.join(), /"bench"\n +Without NAME, .* or --message and/s);
  const other = await run(["bench", "tell", "--message", ...url]);
  assert.doesNotMatch(other.errors.join(), /Without NAME/);
  assert.equal((await run(["bench", "say", "--message", ...url])).code, 0);
});

Deno.test("bench ends with the code of the error", async () => {
  await using server = serveQuietly();
  const url = ["-u", server.url, "-t", "test"];
  const unknown = await run(["bench", "nothing", ...url, ...SMALL]);
  assert.equal(unknown.code, 64 + 5);
  server.operation("items", async function* () {});
  const stream = await run(["bench", "items", ...url, ...SMALL]);
  assert.equal(stream.code, 64 + 7);
  assert.match(stream.errors.join(), /'bench' cannot measure streams/);
  const wrong = await run(["bench", "-u", server.url, "-t", "wrong"]);
  assert.equal(wrong.code, 4);
  const nameless = await run(["bench", "--message", ...url]);
  assert.equal(nameless.code, 2);
  assert.match(nameless.errors.join(), /--message needs the argument NAME/);
  const large = await run(["bench", "--size=100000", ...url, ...SMALL]);
  assert.equal(large.code, 2);
  assert.match(large.errors.join(), /limits\.maxPayload/);
});

Deno.test("bench ends with 130 when a signal interrupts it", async () => {
  await using server = serveQuietly();
  const stop = new AbortController();
  server.receive("bench", () => stop.abort());
  const args = ["bench", "-u", server.url, "-t", "test", ...SMALL];
  assert.equal((await run(args, { signal: stop.signal })).code, 130);
  assert.equal(server.clients.size, 0);
});
