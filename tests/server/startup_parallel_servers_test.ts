/** A server finds the servers of other threads: `deno serve --parallel`. */

import assert from "node:assert/strict";
import { makeScript, Program } from "../support/program.ts";
import { pause, until } from "../support/timing.ts";

const SERVER = `import { Server } from "${
  import.meta.resolve("../../server.ts")
}";
import { memory } from "${import.meta.resolve("../../broker/memory.ts")}";
`;

const MOUNTED = `export default new Server("a long secret");`;

/** How long a warning can take after the start of a server, in milliseconds. */
const WINDOW = 1_500;

/**
 * Runs a program with `deno serve` in several threads, which answer; returns its warnings.
 *
 * @param expected The number of warnings to wait for, before the time for others begins
 */
async function warningsOf(
  source: string,
  threads: number,
  expected = 0,
  head = SERVER,
): Promise<readonly string[]> {
  await using script = await makeScript(head + source);
  const parallel = threads === 1 ? [] : ["--parallel"];
  const where = ["--allow-net", "--host=127.0.0.1", "--port=0"];
  await using program = new Program(
    [...parallel, ...where, script.path],
    { DENO_JOBS: String(threads) },
    { command: "serve" },
  );
  const line = await program.line(/Listening on/);
  const response = await fetch(/http:\S+/.exec(line)![0]);
  assert.match(await response.text(), /Hoist/);
  const warnings = () =>
    program.output.lines.filter((line) => line.includes(" WARN "));
  await until(() => warnings().length >= expected, `${expected} warnings`);
  await pause(WINDOW);
  return warnings();
}

for (const threads of [2, 4]) {
  Deno.test(`one of ${threads} threads with a server each logs a warning`, async () => {
    const [line = "", ...others] = await warningsOf(MOUNTED, threads, 1);
    assert.match(
      line,
      /startup: this server is one of several in this process.*'broker'/,
    );
    assert.deepEqual(others, []);
  });
}

/** Lets each thread start 250 ms after the one before, and have a lower number. */
const STAGGERED = (url: string) => `
  const index = Number(await (await fetch("${url}")).text());
  await new Promise((resolve) => setTimeout(resolve, 250 * index));
  Math.random = () => 1 - index / 10;
  const { Server } = await import("${
  import.meta.resolve("../../server.ts")
}");\n`;

Deno.test("threads that start one after another log one warning", async () => {
  let threads = 0;
  const local = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  await using server = Deno.serve(local, () => new Response(`${threads++}`));
  const head = STAGGERED(`http://127.0.0.1:${server.addr.port}`);
  const lines = await warningsOf(MOUNTED, 4, 1, head);
  assert.equal(threads, 4);
  assert.equal(lines.length, 1, lines.join("\n"));
});

/** A channel on which another thread appears just before it closes. */
const LATE = `process.getBuiltinModule = () => ({
  BroadcastChannel: class {
    #isClosed = false;
    constructor() {
      setTimeout(() => this.onmessage({ data: 2 }), 950);
    }
    postMessage() {
      if (this.#isClosed) throw new Error("Already closed");
    }
    close() {
      this.#isClosed = true;
    }
    unref() {}
  },
});`;

Deno.test("a thread that is found at the last moment does not end the program", async () => {
  const lines = await warningsOf(`${LATE} ${MOUNTED}`, 2, 2);
  assert.equal(lines.length, 2, lines.join("\n"));
});

Deno.test("the only thread with a server logs no warning", async () => {
  assert.deepEqual(await warningsOf(MOUNTED, 1), []);
});

Deno.test("threads whose servers have a broker log no warning", async () => {
  const source = `export default new Server("test", { broker: memory() });`;
  assert.deepEqual(await warningsOf(source, 2), []);
});

Deno.test("threads whose servers are closed at once log no warning", async () => {
  const source = `const hoist = new Server("test", { logLevel: "warn" });
    await hoist.close();
    export default hoist;`;
  assert.deepEqual(await warningsOf(source, 2), []);
});

Deno.test("several servers of one thread log no warning", async () => {
  const source =
    `delete console.createTask; new Server("a long secret"); ${MOUNTED}`;
  assert.deepEqual(await warningsOf(source, 1), []);
});

Deno.test("a server opens no channel without --parallel", async () => {
  const source =
    `process.getBuiltinModule = (name) => console.warn(" WARN ", name);
    ${MOUNTED}`;
  assert.deepEqual(await warningsOf(source, 1), []);
  const parallel = await warningsOf(source, 2, 1);
  assert.match(parallel[0] ?? "", /node:worker_threads/);
});

/** What the runtime can lack, and what it can do instead. */
const BROKEN = {
  "has no channels": "() => ({})",
  "cannot open a channel":
    "() => ({ BroadcastChannel: class { constructor() { throw new Error(); } } })",
  "does not know the module": "() => undefined",
};

for (const [name, load] of Object.entries(BROKEN)) {
  Deno.test(`a server runs if the runtime ${name}`, async () => {
    const source = `process.getBuiltinModule = ${load}; ${MOUNTED}`;
    assert.deepEqual(await warningsOf(source, 2), []);
  });
}
