/** `--workers` without an engine: one worker, which is started, restarted and ended. */

import assert from "node:assert/strict";
import { type CloseInfo, connect } from "../../client.ts";
import { runProgram, urlOf } from "../support/command_line.ts";
import { makeCertificate } from "../support/certificate.ts";
import { freeze } from "../../tools/lib/freeze.ts";
import { freePort } from "../../tools/lib/ports.ts";
import type { Program } from "../support/program.ts";
import {
  ended,
  newWorkersOf,
  PERMISSIONS,
  startWorkers,
  visibleOf,
  WITHOUT_WORKERS,
  workersOf,
} from "../support/workers.ts";

const STARTED = /startup: starting server/;

function workersTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: WITHOUT_WORKERS, fn });
}

/** Waits until the first worker listens; returns its URL and its token. */
async function startOf(program: Program) {
  const line = await program.line(STARTED);
  const url = urlOf(line);
  await answered(url);
  return { url, token: / with token (\S+)$/.exec(line)?.[1] };
}

/**
 * Waits until the first worker answers. It writes its startup line a moment before it reports
 * that it listens, and the program ends with 1 if it is killed in between.
 */
async function answered(url: string): Promise<void> {
  // A server with TLS refuses the request, which is an answer, too.
  await fetch(new URL("/hoist/ack", url)).then(
    (response) => response.body?.cancel(),
    () => {},
  );
}

/** Sends a signal to the process that starts the workers; returns its exit code. */
async function end(program: Program, signal: Deno.Signal): Promise<number> {
  program.process.kill(signal);
  return await program.ended;
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  workersTest(
    `${signal} closes the clients of a worker, and ends all processes with 0`,
    async () => {
      await using program = startWorkers(1);
      const { url, token } = await startOf(program);
      assert(token?.length === 25);
      await using connection = await connect(token, { url });
      const [worker = 0] = await workersOf(program);
      assert.equal(await end(program, signal), 0);
      const close = { code: 1001, reason: "server closed" };
      assert.deepEqual(await connection.closed, close);
      await ended(worker);
      const started = program.output.lines.filter((line) => STARTED.test(line));
      assert.equal(started.length, 1);
      assert.doesNotMatch(program.output.lines.join("\n"), /worker/);
    },
  );
}

workersTest(
  "a client with reconnect gets 1012 when all workers end",
  async () => {
    await using program = startWorkers(1, ["-t", "a secret of clients"]);
    const { url, token } = await startOf(program);
    assert.equal(token, undefined);
    const waiting = Promise.withResolvers<CloseInfo>();
    const options = { url, reconnect: true };
    await using connection = await connect("a secret of clients", options);
    connection.onState((status) => {
      if (status.state === "waiting") waiting.resolve(status.close);
    });
    assert.equal(await end(program, "SIGTERM"), 0);
    assert.equal((await waiting.promise).code, 1012);
  },
);

workersTest(
  "a worker that is killed is restarted, with the same port and token",
  async () => {
    await using program = startWorkers(1);
    const { url, token } = await startOf(program);
    await using connection = await connect(token!, {
      url,
      reconnect: { maxQueue: 1 },
    });
    const before = await workersOf(program);
    Deno.kill(before[0]!, "SIGKILL");
    await program.line(
      / WARN workers: worker 1 was killed by SIGKILL, and was restarted$/,
    );
    const after = await newWorkersOf(program, 1, before);
    assert.equal(after.length, 1);
    assert.deepEqual((await connection.message("hello")).replies, []);
    assert.equal(await end(program, "SIGTERM"), 0);
    const started = program.output.lines.filter((line) => STARTED.test(line));
    assert.equal(started.length, 1);
  },
);

workersTest("a worker that is stopped is restarted", async () => {
  await using program = startWorkers(1);
  await startOf(program);
  const [worker = 0] = await workersOf(program);
  Deno.kill(worker, "SIGTERM");
  await program.line(/worker 1 ended with the exit code 0, and was restarted/);
  await newWorkersOf(program, 1, [worker]);
  assert.equal(await end(program, "SIGTERM"), 0);
});

workersTest(
  "a signal for all processes ends them, without a line about a worker",
  async () => {
    await using program = startWorkers(1);
    await startOf(program);
    const [worker = 0] = await workersOf(program);
    // It must not start another worker before it gets its signal.
    freeze(program.process);
    Deno.kill(worker, "SIGTERM");
    await ended(worker);
    program.process.kill("SIGTERM");
    assert.equal(await end(program, "SIGCONT"), 0);
    assert.doesNotMatch(program.output.lines.join("\n"), /worker/);
  },
);

workersTest(
  "a worker that fails again and again ends the program with 1",
  async () => {
    await using program = startWorkers(1);
    await startOf(program);
    const killed: number[] = [];
    for (let n = 0; n < 5; n++) {
      const [worker = 0] = await newWorkersOf(program, 1, killed);
      Deno.kill(worker, "SIGKILL");
      killed.push(worker);
    }
    assert.equal(await program.ended, 1);
    assert.match(
      program.output.lines.at(-1) ?? "",
      /^error error: Cannot keep the workers running: worker 1 was killed by SIGKILL, 5 times in a row\./,
    );
  },
);

workersTest(
  "a worker ends if the process that started it is killed",
  async () => {
    await using program = startWorkers(1);
    const { url, token } = await startOf(program);
    await using connection = await connect(token!, { url });
    const [worker = 0] = await workersOf(program);
    program.process.kill("SIGKILL");
    assert.equal((await connection.closed).code, 1001);
    await ended(worker);
  },
);

workersTest("a second signal kills the workers at once", async () => {
  await using program = startWorkers(1);
  await startOf(program);
  const [worker = 0] = await workersOf(program);
  Deno.kill(worker, "SIGSTOP");
  assert.equal(await program.interruptUntilEnd(), 130);
  await ended(worker);
});

workersTest(
  "neither the arguments nor the environment of a worker contain a secret",
  async () => {
    const args = ["--broker", "redis://:secret-password@127.0.0.1:1"];
    const env = { HOIST_TOKEN: "not this one" };
    await using program = startWorkers(1, [...args, "-t", "secret-token"], {
      env,
    });
    await startOf(program);
    const [worker = 0] = await workersOf(program);
    const visible = await visibleOf(worker);
    assert.match(visible, /mod\.ts\0worker/);
    assert.doesNotMatch(visible, /secret/);
    assert.equal(await end(program, "SIGTERM"), 0);
    assert.doesNotMatch(program.output.lines.join("\n"), /secret/);
  },
);

workersTest(
  "the workers get the certificate and the key, but no permission to read",
  async () => {
    const directory = await Deno.makeTempDir();
    const { cert, key } = makeCertificate();
    await Deno.writeTextFile(`${directory}/cert.pem`, cert);
    await Deno.writeTextFile(`${directory}/key.pem`, key);
    const files = ["--cert", `${directory}/cert.pem`, "--key"];
    await using program = startWorkers(1, [...files, `${directory}/key.pem`], {
      permissions: [...PERMISSIONS, `--allow-read=${directory}`],
    });
    const { url, token } = await startOf(program);
    using client = Deno.createHttpClient({ caCerts: [cert] });
    const ack = `https://localhost:${new URL(url).port}/hoist/ack`;
    const response = await fetch(ack, { client });
    assert.equal(response.status, 200);
    await response.body?.cancel();
    assert.equal(token?.length, 25);
    assert.equal(await end(program, "SIGTERM"), 0);
    await Deno.remove(directory, { recursive: true });
  },
);

workersTest(
  "--hide-token omits the token, and the format applies to all lines",
  async () => {
    const args = ["--hide-token", "--log-format", "json"];
    await using program = startWorkers(1, args);
    const started = await program.line(/"startup"/);
    await answered(urlOf(started));
    const [worker = 0] = await workersOf(program);
    Deno.kill(worker, "SIGKILL");
    const line = await program.line(/"workers"/);
    const { level, message } = JSON.parse(line.replace("error ", ""));
    assert.deepEqual([level, message.slice(0, 8)], ["warn", "worker 1"]);
    assert.equal(await end(program, "SIGTERM"), 0);
    assert.doesNotMatch(program.output.lines.join("\n"), /token/);
  },
);

/** Arguments that are wrong, and how the only line begins. */
const WRONG: readonly (readonly [readonly string[], number, RegExp])[] = [
  [["--workers", "2"], 2, /without a broker, .* with --broker\.$/],
  [["--workers", "0"], 2, /Option --workers must be a whole number from 1/],
  [["--workers", "257"], 2, /whole number from 1 to 256, not 257/],
  [["--workers", "1", "--port", "65536"], 2, /--port must be a whole number/],
  [
    ["--workers", "1", "--broker", "http://user:secret@a"],
    2,
    /--broker: it must be a URL such as nats:.* not "http:\/\/…@a"\.$/,
  ],
];

for (const [args, expected, problem] of WRONG) {
  workersTest(`[${args.join(" ")}] ends with one line`, async () => {
    const { code, lines } = await runProgram(PERMISSIONS, [
      ...["-H", "127.0.0.1", "-p", "0"],
      ...args,
    ]);
    assert.deepEqual([code, lines.length], [expected, 1], lines.join("\n"));
    assert.match(lines[0]!, problem);
  });
}

workersTest(
  "the error of the first worker ends the program with 1",
  async () => {
    await using program = startWorkers(1, ["--broker", "nats://a/b"]);
    assert.equal(await program.ended, 1);
    const [first, second, ...others] = program.output.lines;
    assert.match(first ?? "", /^error error: Cannot use NATS: .*nats:\/\/a\/b/);
    assert.match(second ?? "", /: the first one ended with the exit code 2/);
    assert.deepEqual(others, []);
  },
);

workersTest("workers do not share a port with another program", async () => {
  await using program = startWorkers(1);
  const { port } = new URL((await startOf(program)).url);
  const args = ["-H", "127.0.0.1", "-p", port, "--workers", "1"];
  const { code, lines } = await runProgram(PERMISSIONS, args);
  assert.equal(code, 1);
  assert.match(lines[0]!, /Cannot listen on port \d+: the port is in use/);
  assert.equal(await end(program, "SIGTERM"), 0);
});

/** Permissions that are missing, and the flag that the only line names. */
const MISSING: Readonly<Record<string, readonly string[]>> = {
  "--allow-run": ["--allow-net"],
  "--allow-net": ["--allow-run"],
};

for (const [flag, permissions] of Object.entries(MISSING)) {
  workersTest(`without ${flag}, one line names it`, async () => {
    await using program = startWorkers(1, [], {
      permissions: ["--no-prompt", ...permissions],
    });
    assert.equal(await program.ended, 1);
    const [line = "", ...others] = program.output.lines;
    assert.match(line, new RegExp(`^error error: .* Run with ${flag}\\.$`));
    assert.deepEqual(others, []);
  });
}

workersTest(
  "workers get the network permissions of the process that starts them",
  async () => {
    const port = freePort();
    const net = `--allow-net=127.0.0.1:${port}`;
    await using program = startWorkers(1, ["--port", String(port)], {
      permissions: ["--no-prompt", "--allow-run", net],
    });
    await startOf(program);
    const [worker = 0] = await workersOf(program);
    assert((await visibleOf(worker)).includes(`\0${net}\0`));
    assert.equal(await end(program, "SIGTERM"), 0);
  },
);
