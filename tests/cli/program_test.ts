import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { connect } from "../../client.ts";
import { ConnectionClosedError } from "../../common/errors.ts";
import { main } from "../../cli/program.ts";
import { freeze } from "../../tools/lib/freeze.ts";
import { pause } from "../support/timing.ts";
import { makeScript, Program, type Script } from "../support/program.ts";

const IMPORTS = `
  import { HoistError } from "${import.meta.resolve("../../common/errors.ts")}";
  import { main } from "${import.meta.resolve("../../cli/program.ts")}";
  import { serve } from "${import.meta.resolve("../../server.ts")}";

  /** Waits for the signal. A signal listener alone does not keep a program alive. */
  async function interrupted(signal) {
    const timer = setInterval(() => {}, 1_000);
    console.log("ready");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    clearInterval(timer);
  }
`;

function makeProgram(source: string): Promise<Script> {
  return makeScript(IMPORTS + source);
}

/** Runs a script that ends by itself. */
async function run(
  source: string,
): Promise<{ code: number; lines: readonly string[] }> {
  await using script = await makeProgram(source);
  await using program = new Program(["--allow-net", script.path]);
  return { code: await program.ended, lines: program.output.lines };
}

/** Runs a script until it is ready, and then sends signals to it. */
async function runUntil(
  signals: readonly Deno.Signal[],
  source: string,
): Promise<{ code: number; lines: readonly string[] }> {
  await using script = await makeProgram(source);
  await using program = new Program(["--allow-net", script.path]);
  await program.line(/^info ready$/);
  // The program gets all of them at once, however slow this process is.
  freeze(program.process);
  for (const signal of signals) program.process.kill(signal);
  program.process.kill("SIGCONT");
  return { code: await program.ended, lines: program.output.lines };
}

/** Registers a test that ends a program with a signal. */
function signalTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: Deno.build.os === "windows", fn });
}

Deno.test("does nothing if its module is not the main program", async () => {
  await main({ main: false }, () => assert.fail("called"));
});

Deno.test("runs the function if its module is the main program", async () => {
  const signals: AbortSignal[] = [];
  await main({ main: true }, (signal) => void signals.push(signal));
  assert.equal(signals.length, 1);
  assert(signals[0] instanceof AbortSignal);
  assert(!signals[0].aborted);
});

Deno.test("waits for the promise of the function", async () => {
  const steps: string[] = [];
  await main({ main: true }, async () => {
    await pause(0);
    steps.push("function");
  });
  steps.push("after main()");
  assert.deepEqual(steps, ["function", "after main()"]);
});

Deno.test("runs the main program, but not a program that it imports", async () => {
  await using imported = await makeProgram(
    `await main(import.meta, () => console.log("imported"));`,
  );
  const url = pathToFileURL(imported.path);
  const { code, lines } = await run(
    `await import("${url}");
    await main(import.meta, () => console.log("program"));`,
  );
  assert.deepEqual([code, lines], [0, ["info program"]]);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  signalTest(
    `${signal} aborts the signal and ends the program with 0`,
    async () => {
      const { code, lines } = await runUntil(
        [signal],
        `await main(import.meta, async (signal) => {
          await interrupted(signal);
          console.log("aborted", signal.aborted, signal.reason.name);
        });`,
      );
      assert.equal(code, 0);
      assert.deepEqual(lines, [
        "info ready",
        "info aborted true AbortError",
      ]);
    },
  );
}

signalTest("disposes await using blocks at a signal", async () => {
  const { code, lines } = await runUntil(
    ["SIGINT"],
    `await main(import.meta, async (signal) => {
        using _last = { [Symbol.dispose]: () => console.log("last") };
        await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
        await interrupted(signal);
      });`,
  );
  assert.equal(code, 0);
  // Standard output and standard error can arrive in any order.
  assert.deepEqual(lines.filter((line) => line.startsWith("info")), [
    "info ready",
    "info last",
  ]);
  assert(lines.some((line) => / shutdown: server closed$/.test(line)));
});

signalTest("closes a server that has the signal", async () => {
  const { code, lines } = await runUntil(
    ["SIGTERM"],
    `await main(import.meta, async (signal) => {
        const options = { hostname: "127.0.0.1", port: 0, logLevel: "error" };
        await using server = serve("test", { ...options, signal });
        console.log("ready");
        await server.finished;
        console.log("finished");
      });`,
  );
  assert.deepEqual([code, lines], [0, ["info ready", "info finished"]]);
});

signalTest(
  "ends the program after a signal although a timer is running",
  async () => {
    const { code, lines } = await runUntil(
      ["SIGINT"],
      `setTimeout(() => console.log("waited for"), 60_000);
      await main(import.meta, interrupted);`,
    );
    assert.deepEqual([code, lines], [0, ["info ready"]]);
  },
);

Deno.test("prints one line for a HoistError and ends with 1", async () => {
  const { code, lines } = await run(
    `class OwnError extends HoistError {}
    await main(import.meta, () => { throw new OwnError("Cannot do it"); });
    console.log("after main()");`,
  );
  assert.equal(code, 1);
  assert.deepEqual(lines.toSorted(), [
    "error error: Cannot do it",
    "info after main()",
  ]);
});

Deno.test("prints one line for a system error and ends with 1", async () => {
  const { code, lines } = await run(
    `await main(import.meta, async () => { await Deno.readTextFile("a.txt"); });`,
  );
  assert.equal(code, 1);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^error error: Requires read access to "a\.txt"/);
});

Deno.test("prints the stack of another error and ends with 1", async () => {
  const { code, lines } = await run(
    `await main(import.meta, async () => {
      await null;
      throw new RangeError("too far");
    });`,
  );
  assert.equal(code, 1);
  assert.equal(lines[0], "error error: RangeError: too far");
  assert.match(lines[1]!, /^error {7}at .*script\.ts:\d+:\d+/);
});

Deno.test("prints a thrown value that is not an error", async () => {
  const { code, lines } = await run(
    `await main(import.meta, () => { throw "text"; });`,
  );
  assert.deepEqual([code, lines], [1, ['error error: "text"']]);
});

Deno.test("does not reject if the error cannot be shown", async () => {
  const { code, lines } = await run(
    `const hostile = {
      [Symbol.for("Deno.customInspect")]() { throw new Error("not to be shown"); },
    };
    await main(import.meta, () => { throw hostile; });
    console.log("after main()");`,
  );
  assert.equal(code, 1);
  assert(lines.includes("info after main()"), lines.join("\n"));
  assert(lines.some((line) => line.startsWith("error error: ")));
});

for (const how of ["signal.throwIfAborted()", "throw signal.reason"]) {
  signalTest(
    `does not print the reason of the signal as an error: ${how}`,
    async () => {
      const { code, lines } = await runUntil(
        ["SIGINT"],
        `await main(import.meta, async (signal) => {
          await interrupted(signal);
          ${how};
        });`,
      );
      assert.deepEqual([code, lines], [0, ["info ready"]]);
    },
  );
}

signalTest("prints another error that is thrown after a signal", async () => {
  const { code, lines } = await runUntil(
    ["SIGINT"],
    `await main(import.meta, async (signal) => {
        await interrupted(signal);
        throw new HoistError("Cannot tidy up");
      });`,
  );
  assert.equal(code, 1);
  assert.deepEqual(lines, ["info ready", "error error: Cannot tidy up"]);
});

signalTest("counts two signals at once as one", async () => {
  // The system can merge two equal signals into one.
  const { code, lines } = await runUntil(
    ["SIGINT", "SIGTERM"],
    `await main(import.meta, async (signal) => {
        await interrupted(signal);
        await new Promise((resolve) => setTimeout(resolve, 100));
        console.log("done");
      });`,
  );
  assert.deepEqual([code, lines], [0, ["info ready", "info done"]]);
});

signalTest(
  "ends the program at once at a second Ctrl-C while a handler hangs",
  async () => {
    await using script = await makeProgram(
      `await main(import.meta, async (signal) => {
        const options = { hostname: "127.0.0.1", port: 0, closeTimeout: 2 ** 31 - 1 };
        await using server = serve("test", { ...options, logLevel: "debug", signal });
        server.operation("hang", () => {
          console.log("hanging");
          return new Promise(() => {});
        });
        console.log(server.url);
        await server.finished;
      });`,
    );
    await using program = new Program(["--allow-net", script.path]);
    const line = await program.line(/^info http/);
    await using connection = await connect("test", {
      url: line.replace("info ", ""),
    });
    const hanging = assert.rejects(
      connection.operation("hang"),
      ConnectionClosedError,
    );
    await program.line(/^info hanging$/);
    program.process.kill("SIGINT");
    await program.line(/^error .* shutdown: closing server$/);
    assert.equal(await program.interruptUntilEnd(), 130);
    await hanging;
  },
);

signalTest(
  "restores the default behaviour of signals when the function has returned",
  async () => {
    await using script = await makeProgram(
      `await main(import.meta, () => {});
      setInterval(() => {}, 1_000);
      console.log("ready");`,
    );
    await using program = new Program([script.path]);
    await program.line(/^info ready$/);
    program.process.kill("SIGINT");
    const { signal } = await program.process.status;
    assert.equal(signal, "SIGINT");
  },
);
