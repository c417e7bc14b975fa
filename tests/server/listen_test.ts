import assert from "node:assert/strict";
import { formatAddress } from "../../common/ip.ts";
import { Listening } from "../../server/listen.ts";
import { type ListenOptions } from "../../server/options.ts";
import { serve } from "../../server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { serveQuietly } from "../support/server.ts";
import { makeCertificate } from "../testdata/certificate.ts";
import { makeScript, Program } from "../testdata/program.ts";

/** What `serve` throws. */
function refusal(options: ListenOptions): Error {
  try {
    // Were it not refused, the server would be in nobody's way.
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

Deno.test("serve() takes a free port if asked for port 0", async () => {
  await using one = serveQuietly({ port: 0 });
  await using two = serveQuietly({ port: 0 });
  assert(one.addr.port > 0);
  assert.notEqual(one.addr.port, two.addr.port);
});

Deno.test("serve() says that a port is busy", async () => {
  await using server = serveQuietly();
  const { port } = server.addr;
  const error = refusal({ port });
  assert(error instanceof Deno.errors.AddrInUse);
  assert.equal(
    error.message,
    `Cannot listen on port ${port}: it is already in use, choose another or 0 for a free one`,
  );
  assert(error.cause instanceof Deno.errors.AddrInUse);
});

Deno.test("serve() says that the machine does not have an address", () => {
  // An address of the documentation: RFC 5737.
  const error = refusal({ hostname: "192.0.2.1" });
  assert(error instanceof Deno.errors.AddrNotAvailable);
  assert.equal(
    error.message,
    "Cannot listen on 192.0.2.1:0: this machine does not have the address",
  );
  assert(error.cause instanceof Deno.errors.AddrNotAvailable);
});

for (const hostname of ["a b", ""]) {
  Deno.test(`serve() says what is wrong with the hostname "${hostname}"`, () => {
    assert.match(refusal({ hostname }).message, /^Cannot listen .*hostname/);
  });
}

for (const port of [-1, 65_536, 1.5, NaN, Infinity]) {
  Deno.test(`serve() refuses ${port} as a port`, () => {
    const error = refusal({ port });
    assert(error instanceof RangeError);
    assert.equal(
      error.message,
      `Cannot listen as 'port' must be a whole number from 0 to 65535: current value is ${port}`,
    );
  });
}

Deno.test("serve() refuses a certificate without its key, and the reverse", () => {
  const { cert, key } = makeCertificate();
  assert.deepEqual(
    [refusal({ cert }), refusal({ key })].map(String),
    [
      "TypeError: Cannot listen as 'cert' is given without 'key': TLS needs both",
      "TypeError: Cannot listen as 'key' is given without 'cert': TLS needs both",
    ],
  );
});

Deno.test("serve() refuses a certificate that is none, and the port stays free", async () => {
  const port = await freePort();
  const error = refusal({ port, cert: "text", key: "text" });
  assert.match(error.message, /certificate/);
  await using server = serveQuietly({ port });
  assert.equal(server.addr.port, port);
});

async function freePort(): Promise<number> {
  await using server = serveQuietly();
  return server.addr.port;
}

Deno.test("serve() tells onListen what is really bound", async () => {
  const addresses: Deno.NetAddr[] = [];
  await using server = serveQuietly({
    onListen: (address) => addresses.push(address),
  });
  assert.equal(addresses.length, 1);
  assert.deepEqual({ ...addresses[0] }, { ...server.addr });
  assert.equal(addresses[0]?.hostname, "127.0.0.1");
});

Deno.test({
  name: "servers that say reusePort share a port, with --unstable-net",
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

Deno.test("Server.url is the address that was asked for", async () => {
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
      `Server.url has the host ${host} where the server listens on ${hostname}`,
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

Deno.test("serve() speaks TLS with a certificate", async () => {
  const { cert, key } = makeCertificate();
  await using server = serveQuietly({ cert, key });
  const { port } = server.addr;
  assert.equal(server.url, `https://127.0.0.1:${port}`);
  using client = Deno.createHttpClient({ caCerts: [cert] });
  const url = `https://localhost:${port}/hoist/ack`;
  const response = await fetch(url, { client });
  assert.match(await response.text(), /^\{"version":/);
});

Deno.test("a server with a certificate does not speak without TLS", async () => {
  await using server = serveQuietly(makeCertificate());
  const url = server.url.replace("https", "http");
  await assert.rejects(fetch(url), { name: "TypeError" });
});

Deno.test("serve() prints nothing of its own", async () => {
  const lines = await runScript(
    ["--allow-net"],
    `const print = () => {};
    const logger = { debug: print, info: print, warn: print, error: print };
    await using _server = serve("test", { hostname: "127.0.0.1", port: 0, logger });`,
  );
  assert.deepEqual(lines, []);
});

Deno.test("serve() says that the permission is missing", async () => {
  const lines = await runScript(
    [],
    `try {
      serve("test", { hostname: "127.0.0.1", port: 8080 });
    } catch (error) {
      console.log(error instanceof Deno.errors.NotCapable, error.message);
    }`,
  );
  assert.deepEqual(lines, [
    "info true Cannot listen on 127.0.0.1:8080: the permission is missing, run with --allow-net",
  ]);
});

Deno.test("a Listening that is closed gives its port back", async () => {
  const options = { hostname: "127.0.0.1", port: 0 };
  const listening = new Listening(options, () => new Response(), failOnError);
  const { port } = listening.addr;
  assert.equal(listening.url, `http://127.0.0.1:${port}`);
  await listening.close();
  Deno.listen({ hostname: "127.0.0.1", port }).close();
});

/** Peers that never let a request come to its end. */
const STALLED: Readonly<Record<string, string>> = {
  "does not send all of its request":
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na",
  "does not read the answers": "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(
    50_000,
  ),
};

/** Waits in `quiet` until the server has got requests and gets no more. */
const COUNT_REQUESTS = `
  import { debug } from "${import.meta.resolve("../../server/log.ts")}";
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
  Deno.test(`a server closes although a peer ${name}`, async () => {
    // In a process of its own: what goes wrong here ends it.
    const lines = await runScript(
      ["--allow-net"],
      `${COUNT_REQUESTS}
      const server = serve("test", { hostname: "127.0.0.1", port: 0, logger });
      const { port } = server.addr;
      const peer = await Deno.connect({ hostname: "127.0.0.1", port });
      // What does not fit into the buffers is not written.
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

Deno.test("a Listening answers with what its error handler makes of an error", async () => {
  const thrown = new Error("thrown");
  const errors: unknown[] = [];
  const listening = new Listening(
    { hostname: "127.0.0.1", port: 0 },
    () => {
      throw thrown;
    },
    (error) => {
      errors.push(error);
      return new Response("sorry", { status: 503 });
    },
  );
  const response = await fetch(listening.url);
  assert.equal(response.status, 503);
  assert.equal(await response.text(), "sorry");
  assert.deepEqual(errors, [thrown]);
  await listening.close();
});

function failOnError(error: unknown): never {
  throw error;
}

const ADDRESSES: readonly (readonly [Deno.Addr | undefined, string])[] = [
  [{ transport: "tcp", hostname: "127.0.0.1", port: 80 }, "127.0.0.1:80"],
  [{ transport: "tcp", hostname: "::1", port: 80 }, "[::1]:80"],
  [{ transport: "unix", path: "socket" }, "socket"],
  [{ transport: "vsock", cid: 1, port: 2 }, "vsock"],
  [undefined, "unknown address"],
];

for (const [address, text] of ADDRESSES) {
  Deno.test(`formatAddress() shows an address as ${text}`, () => {
    assert.equal(formatAddress(address), text);
  });
}

Deno.test("the startup line brackets an IPv6 address", {
  ignore: !canBind("::1"),
}, async () => {
  const logger = new LogRecorder();
  const options = { hostname: "::1", port: 0, logger };
  await using server = serve("test", options);
  assert.deepEqual(logger.lines, [
    `info startup: starting server on [::1]:${server.addr.port} with token test`,
  ]);
});

/** Runs a script to its end, with the flags given; returns what it wrote. */
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
