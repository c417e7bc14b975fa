import assert from "node:assert/strict";
import { defineContract, serve } from "../../server.ts";
import { runAgainst } from "../support/client_command.ts";
import { lateServer } from "../support/late_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { makeScript } from "../support/program.ts";
import { LIBRARIES } from "../support/schemas.ts";
import { serveQuietly } from "../support/server.ts";

const CONTRACT = defineContract({
  messages: {
    hello: { data: LIBRARIES.zod!, replies: { hi: LIBRARIES.zod! } },
  },
  events: { news: LIBRARIES.zod! },
  operations: {
    add: { input: LIBRARIES.zod! },
    rows: { yields: LIBRARIES.zod! },
  },
});

function serveContract() {
  return serve("test", {
    hostname: "127.0.0.1",
    port: 0,
    logger: new LogRecorder(),
    contract: CONTRACT,
    exposeContract: true,
  });
}

Deno.test("contract show prints the names with their types, or JSON", async () => {
  await using server = serveContract();
  const plain = await runAgainst(server, ["contract", "show"]);
  const text = plain.printed.join("\n");
  for (
    const line of [
      /^Operations:$/m,
      /^ {2}add \{ n: number, rows: \{ name: string \}\[\] \} → \(no schema\)$/m,
      /^ {2}rows \(no schema\) → stream of \{ n: number, /m,
      /^ {2}hello \{ n: number, .* → hi$/m,
      /^Events:$/m,
    ]
  ) assert.match(text, line);
  const json = await runAgainst(server, ["contract", "show", "--json"]);
  const described = JSON.parse(JSON.stringify(CONTRACT.describe()));
  assert.deepEqual(JSON.parse(json.printed[0]!), described);
});

Deno.test("contract show prints the kinds of the errors", async () => {
  const errors = { sold_out: LIBRARIES.zod!, closed: null };
  await using server = serve("test", {
    hostname: "127.0.0.1",
    port: 0,
    logger: new LogRecorder(),
    contract: defineContract({
      messages: { order: { errors } },
      operations: { buy: { errors } },
    }),
    exposeContract: true,
  });
  const { printed } = await runAgainst(server, ["contract", "show"]);
  const text = printed.join("\n");
  assert.match(text, /^ {2}order \(no schema\), or error sold_out \| closed$/m);
  assert.match(
    text,
    /^ {2}buy \(no schema\) → \(no schema\), or error sold_out \| closed$/m,
  );
});

Deno.test("contract check accepts the contract of the server, and lists what changed", async () => {
  await using server = serveContract();
  const saved = JSON.parse(JSON.stringify(CONTRACT.describe()));
  const check = (contract: unknown, ...flags: readonly string[]) =>
    runAgainst(server, ["contract", "check", "a.json", ...flags], {
      readTextFile: () => Promise.resolve(JSON.stringify(contract)),
    });
  const same = await check(saved);
  assert.deepEqual(same, {
    code: 0,
    printed: [],
    errors: ["the server has no breaking changes"],
  });
  const { add: _, ...operations } = saved.operations;
  operations.sub = { input: null, output: null };
  const other = await check({ ...saved, operations });
  assert.deepEqual(other, {
    code: 1,
    printed: [
      'breaking: operation "sub" was removed',
      'ok: operation "add" was added',
    ],
    errors: ["error: The contract of the server has 1 breaking change."],
  });
  const json = await check({ ...saved, operations }, "--json");
  assert.deepEqual(json.printed.map((line) => JSON.parse(line).isBreaking), [
    ...[true, false],
  ]);
});

Deno.test("contract check runs a module, and takes its contract", async () => {
  await using server = serveContract();
  await using script = await makeScript(
    `export const other = 1;
    export const contract = { describe: () => ({ messages: {}, events: {}, operations: {}, rooms: {} }) };`,
  );
  const readTextFile = (path: string) => Deno.readTextFile(path);
  const args = ["contract", "check", script.path, "-q"];
  const { code, printed } = await runAgainst(server, args, { readTextFile });
  assert.equal(code, 0);
  assert.equal(printed.length, 4);
  await Deno.writeTextFile(script.path, "throw new Error('a bug');");
  const url = `${script.path}.broken.ts`;
  await Deno.copyFile(script.path, url);
  const broken = await runAgainst(server, ["contract", "check", url], {
    readTextFile,
  });
  assert.equal(broken.code, 1);
  assert.match(broken.errors[0]!, /^error: Cannot load the module .*: a bug$/);
  const bare = `${script.path}.bare.ts`;
  await Deno.writeTextFile(bare, 'import "a_name_without_a_package";');
  const unmapped = await runAgainst(server, ["contract", "check", bare], {
    readTextFile,
  });
  assert.equal(unmapped.code, 1);
  assert.match(
    unmapped.errors[0]!,
    /^error: Cannot load .*"a_name_without_a_package".*In the folder of the project, run 'deno run -N -R @hoist\/cli contract check' instead\.$/,
  );
});

Deno.test("contract check finds the contract of a module that also exports schemas", async () => {
  await using server = serveContract();
  await using script = await makeScript(
    `import { z } from "zod";
    import { defineContract } from "${import.meta.resolve("../../server.ts")}";
    export const Add = z.object({ n: z.number() });
    export const contract = defineContract({ operations: { add: { input: Add } } });`,
  );
  const args = ["contract", "check", script.path, "-q"];
  const { code, errors } = await runAgainst(server, args, {
    readTextFile: (path) => Deno.readTextFile(path),
  });
  assert.deepEqual(errors, [
    "error: The contract of the server has 1 breaking change.",
  ]);
  assert.equal(code, 1);
});

Deno.test("contract check finds a module whose path has characters of URLs", async () => {
  await using server = serveContract();
  await using script = await makeScript(
    `export const contract = { describe: () => ({ messages: {}, events: {}, operations: {}, rooms: {} }) };`,
  );
  const readTextFile = (path: string) => Deno.readTextFile(path);
  for (const name of ["a#b.ts", "a?b.ts", "50%.ts", "50%25.ts"]) {
    const path = `${script.directory}/${name}`;
    await Deno.copyFile(script.path, path);
    const args = ["contract", "check", path, "-q"];
    const { code, errors } = await runAgainst(server, args, { readTextFile });
    assert.deepEqual([code, errors], [0, []], name);
  }
});

Deno.test("contract check sends the token only to the server itself", async () => {
  await using server = serveContract();
  const headers: Headers[] = [];
  await using other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      headers.push(request.headers);
      return Response.json(CONTRACT.describe());
    },
  );
  const source = `http://127.0.0.1:${other.addr.port}/contract.json`;
  const { code } = await runAgainst(server, ["contract", "check", source]);
  assert.equal(code, 0);
  assert.equal(headers[0]?.has("authorization"), false);
});

Deno.test("contract show explains why there is no contract", async () => {
  await using hidden = serveQuietly();
  await using server = serveContract();
  const { url } = lateServer();
  for (
    const [target, args, code, message] of [
      [hidden, [], 1, /does not show one\. Start it with .*'exposeContract'/],
      [server, ["-t", "wrong"], 4, /rejected the token/],
      [{ url }, [], 3, /no server answers/],
      [{ url: "http://a b" }, [], 2, /must be an HTTP or WebSocket URL/],
    ] as const
  ) {
    const command = ["contract", "show", ...args];
    const outcome = await runAgainst(target, command);
    assert.deepEqual([outcome.code, outcome.printed], [code, []]);
    assert.match(outcome.errors[0]!, message);
  }
});

/** What a server answers to requests for its contract, and for its version. */
const ANSWERS:
  readonly (readonly [string, unknown, unknown, number, RegExp])[] = [
    ["no JSON", "a page", { version: "1.1.0" }, 1, /does not show one/],
    ["no contract", {}, { version: "1.1.0" }, 1, /is not a contract/],
    ["no JSON, like other servers", "a page", "a page", 3, /not a Hoist serv/],
    ["JSON of another server", {}, {}, 3, /is not a Hoist server/],
    [
      "a contract with a broken message",
      { messages: { a: null }, events: {}, operations: {} },
      { version: "1.1.0" },
      1,
      /is not a contract/,
    ],
    [
      "a contract with a broken operation",
      { messages: {}, events: {}, operations: { a: { input: 7 } } },
      { version: "1.1.0" },
      1,
      /is not a contract/,
    ],
    [
      "a contract with a broken room",
      { messages: {}, events: {}, operations: {}, rooms: { a: {} } },
      { version: "1.1.0" },
      1,
      /is not a contract/,
    ],
  ];

for (const [kind, contract, ack, code, message] of ANSWERS) {
  for (const command of ["show", "check"]) {
    Deno.test(`contract ${command} ends with ${code} if the answer is ${kind}`, async () => {
      await using other = Deno.serve(
        { hostname: "127.0.0.1", port: 0, onListen: () => {} },
        ({ url }) => {
          const answer = url.endsWith("/hoist/ack") ? ack : contract;
          return typeof answer === "string"
            ? new Response(answer)
            : Response.json(answer);
        },
      );
      const url = `http://127.0.0.1:${other.addr.port}`;
      const args = ["contract", command, ...command === "show" ? [] : ["a"]];
      const outcome = await runAgainst({ url }, args, {
        readTextFile: () =>
          Promise.resolve(JSON.stringify(CONTRACT.describe())),
      });
      assert.match(outcome.errors[0]!, message);
      assert.deepEqual([outcome.code, outcome.errors.length], [code, 1]);
    });
  }
}

Deno.test("strange keywords in the schemas of a server do not end the comparison", async () => {
  const strange = { toString: 1, valueOf: 1 };
  const schema = {
    ...{ type: [strange, 7], required: [strange], minimum: strange },
    ...{ properties: { a: false, b: 7, c: { maximum: strange } }, items: 7 },
  };
  const operations = { add: { input: schema, output: schema } };
  const saved = { messages: {}, events: {}, operations };
  await using other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.json({ ...saved, operations: { add: { input: {} } } }),
  );
  const url = `http://127.0.0.1:${other.addr.port}`;
  const readTextFile = () => Promise.resolve(JSON.stringify(saved));
  const check = await runAgainst({ url }, ["contract", "check", "a"], {
    readTextFile,
  });
  assert.equal(check.code, 1);
  assert.match(check.errors[0]!, /1 breaking change/);
});

Deno.test("contract check says how to make a file of a contract", async () => {
  await using server = serveContract();
  for (
    const [content, problem] of [
      ["export const contract", "it is not JSON"],
      ["", "it is not JSON"],
      ["{}", "it contains no contract"],
      ['{"messages":7}', "it contains no contract"],
    ] as const
  ) {
    const { code, errors } = await runAgainst(
      server,
      ["contract", "check", "a.txt"],
      { readTextFile: () => Promise.resolve(content) },
    );
    assert.equal(code, 1);
    assert.deepEqual(errors, [
      `error: Cannot use "a.txt": ${problem}. Save one with 'hoist contract show --json > contract.json', or use a module that exports the result of defineContract(), such as contract.ts.`,
    ]);
  }
});

Deno.test("contract check ends with 1 if the URL of the contract does not answer, and with 5 after --timeout", async () => {
  await using server = serveContract();
  const { url } = lateServer();
  const check = (source: string, ...flags: readonly string[]) =>
    runAgainst(server, ["contract", "check", source, ...flags]);
  const missing = await check(`${url}/contract.json`);
  assert.equal(missing.code, 1);
  assert.match(missing.errors[0]!, /Cannot read .*: no server answers/);
  await using silent = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ signal }) =>
      new Promise((resolve) =>
        signal.addEventListener("abort", () => resolve(new Response()))
      ),
  );
  const source = `http://127.0.0.1:${silent.addr.port}/a.json`;
  const late = await check(source, "--timeout", "50ms");
  assert.equal(late.code, 5);
  assert.match(late.errors[0]!, /within 50 ms/);
});

Deno.test("contract check ends with 1 if a contract cannot describe itself", async () => {
  await using server = serveContract();
  await using script = await makeScript(
    "export const contract = { describe: () => { throw new TypeError('Cannot describe it: a bug'); } };",
  );
  const readTextFile = (path: string) => Deno.readTextFile(path);
  const args = ["contract", "check", script.path];
  const { code, errors } = await runAgainst(server, args, { readTextFile });
  assert.equal(code, 1);
  assert.match(errors[0]!, /Cannot load the module .*: a bug$/);
});

Deno.test("contract show gives up after --timeout", async () => {
  await using silent = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ signal }) =>
      new Promise((resolve) =>
        signal.addEventListener("abort", () => resolve(new Response()))
      ),
  );
  const url = `http://127.0.0.1:${silent.addr.port}`;
  const args = ["contract", "show", "--timeout", "50ms"];
  const { code, errors } = await runAgainst({ url }, args);
  assert.equal(code, 5);
  assert.match(errors[0]!, /within 50 ms/);
});

Deno.test("names of a hostile contract do not reach the terminal unescaped", async () => {
  await using hostile = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () =>
      Response.json({
        messages: { "a\x1b[2J\nb": { data: null, replies: { "\x07": null } } },
        events: {},
        operations: {
          "\x9b": { input: { properties: { "\x1b": { enum: ["\x1b"] } } } },
        },
        rooms: { "\u202e": { events: { "\x1b": {} }, publishes: [] } },
      }),
  );
  const url = `http://127.0.0.1:${hostile.addr.port}`;
  const { printed } = await runAgainst({ url }, ["contract", "show"]);
  assert.notEqual(printed.length, 0);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(printed.join(""), /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
});

Deno.test("an endless contract is not read to its end", async () => {
  const chunk = new TextEncoder().encode(" ".repeat(1_000_000));
  await using endless = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () =>
      new Response(
        new ReadableStream({ pull: (controller) => controller.enqueue(chunk) }),
      ),
  );
  const url = `http://127.0.0.1:${endless.addr.port}`;
  const { code, errors } = await runAgainst({ url }, ["contract", "show"]);
  assert.equal(code, 1);
  assert.match(errors[0]!, /larger than 16 MiB/);
});
