/** Listening on a port: errors, addresses, TLS and the end. */

import assert from "node:assert/strict";
import type { ListenOptions } from "../../server/listen.ts";
import { serve } from "../../server.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { rejectionOf } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { serveQuietly } from "../support/server.ts";
import { makeCertificate } from "../support/certificate.ts";
import { makeScript, Program } from "../support/program.ts";

/** Returns the error that `serve` throws. */
function failure(options: ListenOptions): Error {
  try {
    void serveQuietly(options).close();
  } catch (error) {
    assert(error instanceof Error);
    return error;
  }
  assert.fail("the server listens");
}

function canBind(hostname: string): boolean {
  try {
    Deno.listen({ hostname, port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

Deno.test("serve() selects a free port for port 0", async () => {
  await using one = serveQuietly({ port: 0 });
  await using two = serveQuietly({ port: 0 });
  assert(one.addr.port > 0);
  assert.notEqual(one.addr.port, two.addr.port);
});

Deno.test("serve() reports a port that is in use", async () => {
  const port = freePort();
  await using _server = serveQuietly({ port });
  const error = failure({ port });
  assert(error instanceof Deno.errors.AddrInUse);
  assert.equal(
    error.message,
    `Cannot listen on port ${port}: the port is in use. Choose another port or stop the other program.`,
  );
  assert(error.cause instanceof Deno.errors.AddrInUse);
});

Deno.test("serve() reports an address that this machine does not have", () => {
  // An address of the documentation: RFC 5737.
  const error = failure({ hostname: "192.0.2.1" });
  assert(error instanceof Deno.errors.AddrNotAvailable);
  assert.equal(
    error.message,
    "Cannot listen on 192.0.2.1:0: this machine does not have the address. Choose another 'hostname'.",
  );
  assert(error.cause instanceof Deno.errors.AddrNotAvailable);
});

for (const hostname of ["a b", ""]) {
  Deno.test(`serve() rejects the hostname "${hostname}"`, () => {
    assert.match(failure({ hostname }).message, /^Cannot listen.* .*hostname/);
  });
}

for (const port of [-1, 65_536, 1.5, NaN, Infinity]) {
  Deno.test(`serve() rejects the port ${port}`, () => {
    const error = failure({ port });
    assert(error instanceof RangeError);
    assert.equal(
      error.message,
      `Cannot listen: 'port' must be a whole number from 0 to 65535. It is ${port}.`,
    );
  });
}

Deno.test("serve() rejects a certificate without a key, and a key without a certificate", () => {
  const { cert, key } = makeCertificate();
  assert.deepEqual(
    [failure({ cert }), failure({ key })].map(String),
    [
      "TypeError: Cannot listen: TLS needs 'cert' and 'key', and 'key' is missing. Pass 'key' or omit 'cert'.",
      "TypeError: Cannot listen: TLS needs 'cert' and 'key', and 'cert' is missing. Pass 'cert' or omit 'key'.",
    ],
  );
});

Deno.test("serve() says what to do if the key does not belong to the certificate", () => {
  const port = freePort();
  const { cert } = makeCertificate();
  const { key } = makeCertificate();
  assert.match(
    failure({ hostname: "127.0.0.1", port, cert, key }).message,
    /: TLS is not possible \(.*KeyMismatch\)\. Pass the certificate as 'cert' and its private key as 'key'/,
  );
});

Deno.test("serve() rejects an invalid certificate, and the port stays free", async () => {
  const port = freePort();
  const error = failure({ port, cert: "text", key: "text" });
  assert.match(
    error.message,
    /TLS is not possible \(.*certificate.*\)\. Pass the certificate as 'cert'/,
  );
  await using server = serveQuietly({ port });
  assert.equal(server.addr.port, port);
});

Deno.test("serve() passes the bound address to onListen", async () => {
  const addresses: Deno.NetAddr[] = [];
  await using server = serveQuietly({
    onListen: (address) => addresses.push(address),
  });
  assert.equal(addresses.length, 1);
  assert.deepEqual({ ...addresses[0] }, { ...server.addr });
  assert.equal(addresses[0]?.hostname, "127.0.0.1");
});

Deno.test("serve() releases the port if onListen throws", async () => {
  const reason = new Error("the address is not wanted");
  const port = freePort();
  const onListen = () => {
    throw reason;
  };
  assert.equal(failure({ port, onListen }), reason);
  const refused = await rejectionOf(() => fetch(`http://127.0.0.1:${port}/`));
  assert(refused instanceof TypeError);
  await using server = serveQuietly({ port });
  assert.equal(server.addr.port, port);
});

Deno.test({
  name: "servers with reusePort share a port, with --unstable-net",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const lines = await runScript(
      ["--allow-net", "--unstable-net"],
      `const options = { hostname: "127.0.0.1", logLevel: "error", reusePort: true };
      await using one = serve("test", { ...options, port: 0 });
      await using two = serve("test", { ...options, port: one.addr.port });
      console.log(one.addr.port === two.addr.port);`,
    );
    assert.deepEqual(lines, ["info true"]);
  },
});

Deno.test({
  name: "a server with reusePort logs a warning, unless it has a broker",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const memory = import.meta.resolve("../../broker/memory.ts");
    const lines = await runScript(
      ["--allow-net", "--unstable-net"],
      `import { memory } from "${memory}";
      const logger = { ...console, info() {}, warn: (line) => console.log(line) };
      const options = { hostname: "127.0.0.1", port: 0, logger, reusePort: true };
      await using one = serve("test", options);
      await using two = serve("test", { ...options, broker: memory() });
      await using three = serve("test", { ...options, reusePort: false });`,
    );
    const [line = "", ...others] = lines;
    assert.match(
      line,
      /^info startup: with 'reusePort', .* option 'broker'\.$/,
    );
    assert.deepEqual(others, []);
  },
});

Deno.test("Server.url contains the requested address", async () => {
  await using server = serveQuietly({ hostname: "127.0.0.1" });
  assert.equal(server.url, `http://127.0.0.1:${server.addr.port}`);
});

const URL_HOSTS = [["0.0.0.0", "localhost"], ["::", "localhost"], [
  "::1",
  "[::1]",
]] as const;

for (const [hostname, host] of URL_HOSTS) {
  Deno.test({
    name:
      `Server.url has the host ${host} if the server listens on ${hostname}`,
    ignore: !canBind(hostname),
    fn: async () => {
      await using server = serveQuietly({ hostname });
      assert.equal(server.url, `http://${host}:${server.addr.port}`);
      const response = await fetch(server.url);
      assert.equal(response.status, 200);
      await response.body?.cancel();
    },
  });
}

Deno.test("serve() uses TLS with a certificate", async () => {
  const { cert, key } = makeCertificate();
  await using server = serveQuietly({ cert, key });
  const { port } = server.addr;
  assert.equal(server.url, `https://127.0.0.1:${port}`);
  using client = Deno.createHttpClient({ caCerts: [cert] });
  const url = `https://localhost:${port}/hoist/ack`;
  const response = await fetch(url, { client });
  assert.match(await response.text(), /^\{"version":/);
});

Deno.test("a server with a certificate rejects plain HTTP", async () => {
  await using server = serveQuietly(makeCertificate());
  const url = server.url.replace("https", "http");
  await assert.rejects(fetch(url), { name: "TypeError" });
});

Deno.test("serve() prints nothing itself", async () => {
  const lines = await runScript(
    ["--allow-net"],
    `const print = () => {};
    const logger = { debug: print, info: print, warn: print, error: print };
    await using _server = serve("test", { hostname: "127.0.0.1", port: 0, logger });`,
  );
  assert.deepEqual(lines, []);
});

Deno.test("serve() reports a missing permission", async () => {
  const lines = await runScript(
    [],
    `try {
      serve("test", { hostname: "127.0.0.1", port: 8080 });
    } catch (error) {
      console.log(error instanceof Deno.errors.NotCapable, error.message);
    }`,
  );
  assert.deepEqual(lines, [
    "info true Cannot listen on 127.0.0.1:8080: the permission is missing. Run with --allow-net.",
  ]);
});

/** Peers that never finish a request. */
const STALLED: Readonly<Record<string, string>> = {
  "does not finish its request":
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na",
  "does not read the responses": "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(
    50_000,
  ),
};

/** Defines `quiet()`, which waits until the server gets no more requests. */
const COUNT_REQUESTS = `
  import { debug } from "${import.meta.resolve("../../common/debug.ts")}";
  debug({ http: true });
  let requests = 0;
  const ignore = () => {};
  const logger = {
    debug: (line) => requests += Number(/^http: (GET|POST)/.test(line)),
    info: ignore,
    warn: ignore,
    error: ignore,
  };
  async function quiet() {
    for (let seen = 0; seen === 0 || seen !== requests;) {
      seen = requests;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
`;

for (const [name, request] of Object.entries(STALLED)) {
  Deno.test(`a server closes even if a peer ${name}`, async () => {
    // In a process of its own, because a failure would end the process.
    const lines = await runScript(
      ["--allow-net"],
      `${COUNT_REQUESTS}
      const server = serve("test", { hostname: "127.0.0.1", port: 0, logger });
      const { port } = server.addr;
      const peer = await Deno.connect({ hostname: "127.0.0.1", port });
      // The rest does not fit into the buffers and is not written.
      peer.write(new TextEncoder().encode(${JSON.stringify(request)}))
        .catch(() => {});
      await quiet();
      await server.close();
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      console.log("closed");
      Deno.exit();`,
    );
    assert.deepEqual(lines, ["info closed"]);
  });
}

Deno.test("the startup line puts an IPv6 address in brackets", {
  ignore: !canBind("::1"),
}, async () => {
  const logger = new LogRecorder();
  const options = { hostname: "::1", port: 0, logger };
  await using server = serve("test", options);
  assert.deepEqual(logger.lines, [
    `info startup: starting server on [::1]:${server.addr.port}`,
  ]);
});

/** Runs a script to its end with these flags and returns its output. */
async function runScript(
  flags: readonly string[],
  source: string,
): Promise<readonly string[]> {
  const module = import.meta.resolve("../../server.ts");
  await using script = await makeScript(
    `import { serve } from "${module}";\n${source}`,
  );
  await using program = new Program([...flags, script.path]);
  await program.ended;
  return program.output.lines;
}
