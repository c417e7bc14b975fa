/**
 * A process that is stopped for longer than its timeouts, while the other side answers in
 * time. The answers are in its sockets when it continues, and no deadline beats them.
 */

import assert from "node:assert/strict";
import type { Server } from "../../server.ts";
import { makeScript, Program } from "../support/program.ts";
import { RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { gate, pause } from "../support/timing.ts";

/** The timeout of everything in the stopped process, in milliseconds. */
const TIMEOUT = 5_000;

/** Longer than all of its timeouts, which began before the process was stopped. */
const STALL = TIMEOUT + 500;

const IMPORTS = `
  import { connect } from "${import.meta.resolve("../../client.ts")}";
  import { serve } from "${import.meta.resolve("../../server.ts")}";
  const timeout = ${TIMEOUT};

  /** Prints how each promise settled. */
  async function report(promises) {
    for (const [name, promise] of Object.entries(promises)) {
      promise.then(
        () => console.log(name + ": fulfilled"),
        (error) => console.log(name + ": " + error.message),
      );
    }
  }
`;

/** Registers a test that stops a process. */
function stallTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: Deno.build.os === "windows", fn });
}

/** Stops a process; the other side acts meanwhile. */
async function stall(
  { process }: Program,
  meanwhile: () => unknown,
): Promise<void> {
  process.kill("SIGSTOP");
  await meanwhile();
  await pause(STALL);
  process.kill("SIGCONT");
}

/** A server that a script starts. */
async function serverOf(
  program: Program,
): Promise<Pick<Server, "url" | "token">> {
  const line = await program.line(/^info http:/);
  return { url: line.replace("info ", ""), token: "test" };
}

const REQUESTS = `
  const plain = await connect("test", { url });
  const lasting = await connect("test", { url, reconnect: true });
  const options = { timeout };
  report({
    message: plain.message("answer", {}, options),
    request: plain.request("answer", {}, options),
    operation: plain.operation("answer", {}, options),
    "lasting message": lasting.message("answer", {}, options),
    "lasting request": lasting.request("answer", {}, options),
    "idempotent operation":
      lasting.operation("answer", {}, { ...options, idempotent: true }),
    connect: connect("slow", { url, timeout }),
  });
`;

stallTest(
  "a client that was stopped accepts the responses in its socket",
  async () => {
    const names = [
      "message",
      "request",
      "operation",
      "lasting message",
      "lasting request",
      "idempotent operation",
      "connect",
    ];
    const { opened: mayAnswer, open } = gate();
    const { opened: allArrived, open: onAllArrived } = gate();
    let arrived = 0;
    const answer = async () => {
      if (++arrived === names.length) onAllArrived();
      await mayAnswer;
      return true;
    };
    await using server = serveQuietly({
      login: (_server, token) => token === "test" ? true : answer(),
    });
    server.receive("answer", async (message) => {
      await answer();
      message.reply("yes");
    });
    server.operation("answer", answer);
    await using script = await makeScript(
      `${IMPORTS} const url = "${server.url}"; ${REQUESTS}`,
    );
    await using client = new Program(["--allow-net", script.path]);
    await allArrived;
    await stall(client, open);
    for (const name of names) {
      const line = await client.line(new RegExp(`^info ${name}: `));
      assert.equal(line, `info ${name}: fulfilled`);
    }
  },
);

stallTest(
  "a server that was stopped accepts the logins in its sockets",
  async () => {
    await using script = await makeScript(`${IMPORTS}
    const limits = { loginTimeout: timeout };
    const server = serve("test", { hostname: "127.0.0.1", port: 0, limits });
    console.log(server.url);
  `);
    await using program = new Program(["--allow-net", script.path]);
    const server = await serverOf(program);
    await using clients = new AsyncDisposableStack();
    const strangers: RawClient[] = [];
    for (let n = 0; n < 4; n++) {
      strangers.push(clients.use(await RawClient.open(server)));
    }
    await stall(program, () => {
      for (const stranger of strangers) {
        stranger.send({ id: 0, token: "test", version: "1.0.0" });
      }
    });
    for (const stranger of strangers) {
      const answer = await Promise.race([stranger.next(), stranger.closed]);
      assert.equal(answer.success, true, JSON.stringify(answer));
    }
  },
);

stallTest(
  "a server that was stopped accepts the replies to its requests, also while it closes",
  async () => {
    await using script = await makeScript(`${IMPORTS}
    const server = serve("test", { hostname: "127.0.0.1", port: 0 });
    server.operation("ask", async (_, { client }) => {
      const first = client.request("sure?", {}, { timeout });
      const second = client.request("sure?");
      void server.close({ timeout });
      await first;
      await second;
      return true;
    });
    console.log(server.url);
  `);
    await using program = new Program(["--allow-net", script.path]);
    const { opened: mayAnswer, open } = gate();
    const { opened: allArrived, open: onAllArrived } = gate();
    let arrived = 0;
    await using connection = await connectTo(await serverOf(program));
    connection.receive("sure?", async (message) => {
      if (++arrived === 2) onAllArrived();
      await mayAnswer;
      void message.reply("yes");
    });
    const asked = connection.operation("ask");
    asked.catch(() => {});
    await allArrived;
    await stall(program, open);
    assert.equal(await asked, true);
  },
);
