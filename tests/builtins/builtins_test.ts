/** Which operations there are, and what their clients are answered. */

import assert from "node:assert/strict";
import { type Builtins } from "../../builtins/options.ts";
import { makeBuiltins } from "../../builtins/builtins.ts";
import { ErrorCode } from "../../common/errors.ts";
import { type JsonObject } from "../../common/json.ts";
import { RequestError } from "../../protocol/request_error.ts";
import { runScript } from "../testdata/run_script.ts";
import { answerRaw, serve } from "../testdata/site.ts";

const MODULE = import.meta.resolve("../../builtins/builtins.ts");

const isWindows = Deno.build.os === "windows";

/** Calls an operation that there has to be. */
async function call(
  options: Builtins,
  name: string,
  data: JsonObject,
  context?: unknown,
): Promise<unknown> {
  const handler = makeBuiltins(options).get(name);
  assert(handler);
  return await handler(data, context);
}

/** A folder that is removed at the end of the block. */
async function makeFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.realPath(await Deno.makeTempDir());
  const remove = () => Deno.remove(path, { recursive: true });
  return { path, [Symbol.asyncDispose]: remove };
}

Deno.test("there is no built-in operation unless it is asked for", async () => {
  await using folder = await makeFolder();
  const read = { root: folder.path };
  const get = { allow: ["https://example.org"] };
  for (
    const [options, names] of [
      [undefined, []],
      [{}, []],
      [{ print: false }, []],
      [{ print: undefined, read: undefined, get: undefined }, []],
      [{ print: true }, ["print"]],
      [{ read }, ["read"]],
      [{ get }, ["get"]],
      [{ get, read, print: true }, ["print", "read", "get"]],
    ] as const
  ) {
    assert.deepEqual([...makeBuiltins(options).keys()], names);
  }
});

Deno.test("makeBuiltins() needs no permission for print and get", async () => {
  const { stdout } = await runScript(
    [],
    `import { makeBuiltins } from "${MODULE}";
    const get = { allow: ["https://example.org"] };
    console.log(makeBuiltins({ print: true, get }).size);`,
  );
  assert.equal(stdout, "2\n");
});

Deno.test("makeBuiltins() loads nothing before it is needed", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", MODULE],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    modules: {
      specifier: string;
      dependencies?: {
        code?: { specifier: string };
        isDynamic?: boolean;
      }[];
    }[];
  };
  const loaded = new Set([MODULE]);
  for (const name of loaded) {
    const module = modules.find(({ specifier }) => specifier === name);
    for (const { code, isDynamic } of module?.dependencies ?? []) {
      if (code !== undefined && !isDynamic) loaded.add(code.specifier);
    }
  }
  const names = [...loaded].map((name) => name.split("/").at(-1)!);
  assert(names.includes("refusal.ts"));
  const lazy = /^node:|^(get_url|pinned_request|private_addresses|read_file)\b/;
  assert.deepEqual(names.filter((name) => lazy.test(name)), []);
});

for (
  const [name, argument] of [
    ["print", "text"],
    ["read", "path"],
    ["get", "url"],
  ] as const
) {
  for (
    const data of [
      {},
      { [argument]: undefined },
      { [argument]: null },
      { [argument]: 5 },
      { [argument]: true },
      { [argument]: ["text"] },
      { [argument]: { [argument]: "text" } },
      { [argument.toUpperCase()]: "text" },
    ]
  ) {
    Deno.test(`${name} refuses ${JSON.stringify(data)}`, async () => {
      const options = {
        print: true,
        read: { root: "." },
        get: { allow: ["https://example.org"] },
      };
      await assert.rejects(call(options, name, data), (error) => {
        assert(error instanceof RequestError);
        assert.equal(error.code, ErrorCode.INVALID_CONTENT);
        const issues = [{ path: [argument], message: "must be a text" }];
        assert.deepEqual(error.data?.issues, issues);
        return true;
      });
    });
  }
}

/** What goes to the standard output while a text is printed. */
async function printed(text: string): Promise<string> {
  const { stdout, stderr } = await runScript(
    [],
    `import { makeBuiltins } from "${MODULE}";
    const print = makeBuiltins({ print: true }).get("print");
    if (print({ text: ${JSON.stringify(text)} }) !== null) throw "no null";`,
  );
  assert.equal(stderr, "");
  return stdout;
}

for (
  const [text, line] of [
    ["text", "text"],
    ["", ""],
    ["täxt 😀", "täxt 😀"],
    ["%s %d %c %o %%", "%s %d %c %o %%"],
    ["one\ntwo\r\nthree", "one%0Atwo%0D%0Athree"],
    ["\u001b[2J\u001b]0;title\u0007", "%1B[2J%1B]0;title%07"],
    ["\u009b2J\u0085", "%C2%9B2J%C2%85"],
    ["\u202etxet", "%E2%80%AEtxet"],
    ["a\0b\tc\bd\u007f", "a%00b%09c%08d%7F"],
    ["\ud800", "\ufffd"],
    ["a".repeat(1_000), "a".repeat(1_000)],
    ["a".repeat(50_000), "a".repeat(1_000)],
  ] as const
) {
  Deno.test(`print writes ${JSON.stringify(text.slice(0, 40))} as one line`, async () => {
    assert.equal(await printed(text), `${line}\n`);
  });
}

Deno.test({
  name: "print does not end the process when nobody reads what it writes",
  ignore: isWindows,
  fn: async () => {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1" },
    }).spawn();
    await process.stdout.cancel();
    const script = `
      import { makeBuiltins } from "${MODULE}";
      const print = makeBuiltins({ print: true }).get("print");
      for (let n = 0; n < 1_000; n++) print({ text: "text".repeat(250) });
      console.error("goes on");`;
    await new Blob([script]).stream().pipeTo(process.stdin);
    const [stderr, { code }] = await Promise.all([
      new Response(process.stderr).text(),
      process.status,
    ]);
    assert.deepEqual([stderr, code], ["goes on\n", 0]);
  },
});

Deno.test({
  name: "print fails like any handler when what it writes finds no place",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const script = `
      import { makeBuiltins } from "${MODULE}";
      const print = makeBuiltins({ print: true }).get("print");
      try {
        print({ text: "text" });
      } catch (error) {
        console.error(error instanceof Error);
      }`;
    const { code, stderr } = await new Deno.Command("sh", {
      args: [
        "-c",
        `"$0" run "$1" > /dev/full`,
        Deno.execPath(),
        dataUrl(script),
      ],
      env: { NO_COLOR: "1" },
    }).output();
    assert.equal(new TextDecoder().decode(stderr), "true\n");
    assert.equal(code, 0);
  },
});

function dataUrl(script: string): string {
  return `data:text/javascript,${encodeURIComponent(script)}`;
}

Deno.test("read gives the text of a file below the root", async () => {
  await using folder = await makeFolder();
  await Deno.writeTextFile(`${folder.path}/notes.txt`, "text");
  const url = new URL(`file://${isWindows ? "/" : ""}${folder.path}`);
  for (
    const root of [folder.path, `${folder.path}/`, url, new URL(`${url}/`)]
  ) {
    const read = { root, maxSize: 4 };
    assert.equal(await call({ read }, "read", { path: "notes.txt" }), "text");
    await assert.rejects(call({ read }, "read", { path: "../notes.txt" }), {
      name: "RequestError",
      message: "path: there is no such file below the root",
    });
  }
});

Deno.test("read takes a root with blanks and escapes in its URL", async () => {
  await using folder = await makeFolder();
  const root = `${folder.path}/my files %41`;
  await Deno.mkdir(root);
  await Deno.writeTextFile(`${root}/notes.txt`, "text");
  const url = new URL("file:");
  url.pathname = root.replaceAll("%", "%25");
  const read = { root: url };
  assert.equal(await call({ read }, "read", { path: "notes.txt" }), "text");
});

Deno.test("read keeps to where the root was when it was made", async () => {
  await using folder = await makeFolder();
  await Deno.mkdir(`${folder.path}/public`);
  await Deno.mkdir(`${folder.path}/elsewhere`);
  await Deno.writeTextFile(`${folder.path}/public/notes.txt`, "text");
  const { stdout, stderr } = await runScript(
    ["--allow-read"],
    `import { makeBuiltins } from "${MODULE}";
    Deno.chdir(${JSON.stringify(folder.path)});
    const read = makeBuiltins({ read: { root: "public" } }).get("read");
    Deno.chdir("elsewhere");
    console.log(await read({ path: "notes.txt" }));`,
  );
  assert.deepEqual([stdout, stderr], ["text\n", ""]);
});

Deno.test("read takes files of up to a mebibyte unless it is told", async () => {
  await using folder = await makeFolder();
  const path = `${folder.path}/large.txt`;
  const read = { root: folder.path };
  await Deno.writeTextFile(path, "a".repeat(1_048_576));
  const text = await call({ read }, "read", { path: "large.txt" });
  assert.equal(String(text).length, 1_048_576);
  await Deno.writeTextFile(path, "a".repeat(1_048_577));
  await assert.rejects(call({ read }, "read", { path: "large.txt" }), {
    name: "RequestError",
    message: "path: is larger than 1048576 bytes",
  });
});

Deno.test("get gives the text behind an allowed URL", async () => {
  await using site = serve(({ url }) => new Response(url));
  for (const entry of [site.at("/data"), new URL(site.at("/data"))]) {
    const get = { allow: [entry] };
    const url = site.at("/data/x");
    assert.equal(await call({ get }, "get", { url }), url);
    await assert.rejects(call({ get }, "get", { url: site.at("/") }), {
      name: "RequestError",
      message: "url: is not among the allowed URLs",
    });
  }
});

Deno.test("get keeps to what was allowed when it was made", async () => {
  await using site = serve(() => new Response("text"));
  const entry = new URL(site.at("/data"));
  const allow = [entry];
  const get = makeBuiltins({ get: { allow } }).get("get")!;
  entry.pathname = "/";
  allow.push(new URL(site.at("/")));
  await assert.rejects(async () => await get({ url: site.at("/") }, {}), {
    name: "RequestError",
  });
  assert.deepEqual(site.requests, []);
});

Deno.test("get takes answers of up to a mebibyte unless it is told", async () => {
  await using site = serve(({ url }) =>
    new Response("a".repeat(Number(url.split("?")[1])))
  );
  const get = { allow: [site.at("/")] };
  const text = await call({ get }, "get", { url: site.at("/?1048576") });
  assert.equal(String(text).length, 1_048_576);
  const beyond = call({ get }, "get", { url: site.at("/?1048577") });
  await assert.rejects(beyond, {
    name: "RequestError",
    message: "url: is larger than 1048576 bytes",
  });
});

Deno.test("get is told how large an answer may be, and how long it may take", async () => {
  await using site = serve(() => new Response("text"));
  await using silent = answerRaw("");
  const get = { allow: [site.at("/"), silent.url], maxSize: 3, timeout: 50 };
  await assert.rejects(
    call({ get: { ...get, timeout: 60_000 } }, "get", { url: site.at("/") }),
    /url: is larger than 3 bytes$/,
  );
  await assert.rejects(
    call({ get }, "get", { url: silent.url }),
    /url: was not answered within 50 ms$/,
  );
});

Deno.test("get gives up when its client has gone", async () => {
  await using silent = answerRaw("");
  const get = { allow: [silent.url] };
  const controller = new AbortController();
  const { signal } = controller;
  const fetched = call({ get }, "get", { url: silent.url }, { signal });
  await silent.answered;
  const reason = new Error("the client has gone");
  controller.abort(reason);
  await assert.rejects(fetched, reason);
  await silent.closed;
});

for (const context of [undefined, null, {}, { signal: "signal" }, "context"]) {
  Deno.test(`get does without a signal in ${Deno.inspect(context)}`, async () => {
    await using site = serve(() => new Response("text"));
    const get = { allow: [site.at("/")] };
    const url = site.at("/");
    assert.equal(await call({ get }, "get", { url }, context), "text");
  });
}
