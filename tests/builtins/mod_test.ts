/** The handlers that the application registers, and what they answer a client. */

import assert from "node:assert/strict";
import {
  type BuiltinHandler,
  fetchUrl,
  print,
  readFile,
} from "../../builtins/mod.ts";
import { ErrorCode } from "../../common/errors.ts";
import { RequestError } from "../../protocol/request_error.ts";
import { makeFolder } from "../support/file_tree.ts";
import { runScript } from "../support/run_script.ts";
import { answerRaw, serve } from "../support/site.ts";
import { cleanEnvironment } from "../support/environment.ts";

const MODULE = import.meta.resolve("../../builtins/mod.ts");

const isWindows = Deno.build.os === "windows";

Deno.test("print and fetchUrl() need no permission before the first call", async () => {
  const { stdout } = await runScript(
    [],
    `import { fetchUrl, print } from "${MODULE}";
    const get = fetchUrl({ allow: ["https://example.org"] });
    console.log(typeof print, typeof get);`,
  );
  assert.equal(stdout, "function function\n");
});

Deno.test("the module can be imported where there is no global Deno", async () => {
  const { stdout, stderr } = await runScript(
    [],
    `delete globalThis.Deno;
    const { print } = await import("${MODULE}");
    print({ text: "imported" });`,
  );
  assert.deepEqual([stdout, stderr], ["imported\n", ""]);
});

Deno.test("the module loads nothing that only a call needs", async () => {
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
  assert(names.includes("request_error.ts"));
  const lazy = /^node:|^(get|public_address|read)\.ts$/;
  assert.deepEqual(names.filter((name) => lazy.test(name)), []);
});

const HANDLERS: readonly (readonly [string, string, BuiltinHandler])[] = [
  ["print", "text", print],
  ["readFile", "path", readFile({ root: "." })],
  ["fetchUrl", "url", fetchUrl({ allow: ["https://example.org"] })],
];

for (const [name, argument, handler] of HANDLERS) {
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
    Deno.test(`${name} rejects the arguments ${JSON.stringify(data)}`, async () => {
      await assert.rejects(async () => await handler(data, {}), (error) => {
        assert(error instanceof RequestError);
        assert.equal(error.code, ErrorCode.INVALID_CONTENT);
        const issues = [{ path: [argument], message: "must be a string" }];
        assert.deepEqual(error.data?.issues, issues);
        return true;
      });
    });
  }
}

/** Returns the standard output while a string is printed. */
async function printed(text: string): Promise<string> {
  const { stdout, stderr } = await runScript(
    [],
    `import { print } from "${MODULE}";
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
    ["one\ntwo\r\nthree", "one\\u{a}two\\u{d}\\u{a}three"],
    ["\u001b[2J\u001b]0;title\u0007", "\\u{1b}[2J\\u{1b}]0;title\\u{7}"],
    ["\u009b2J\u0085", "\\u{9b}2J\\u{85}"],
    ["\u202etxet", "\\u{202e}txet"],
    ["a\0b\tc\bd\u007f", "a\\u{0}b\\u{9}c\\u{8}d\\u{7f}"],
    ["\ud800", "\\u{d800}"],
    ["a".repeat(1_000), "a".repeat(1_000)],
    ["a".repeat(50_000), "a".repeat(1_000)],
  ] as const
) {
  Deno.test(`print writes ${JSON.stringify(text.slice(0, 40))} as one line`, async () => {
    assert.equal(await printed(text), `${line}\n`);
  });
}

Deno.test({
  name: "print does not end the process if no process reads the output",
  ignore: isWindows,
  fn: async () => {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      ...cleanEnvironment({ NO_COLOR: "1" }),
    }).spawn();
    await process.stdout.cancel();
    const script = `
      import { print } from "${MODULE}";
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
  name: "print throws if the output cannot be written",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const script = `
      import { print } from "${MODULE}";
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
      ...cleanEnvironment({ NO_COLOR: "1" }),
    }).output();
    assert.equal(new TextDecoder().decode(stderr), "true\n");
    assert.equal(code, 0);
  },
});

function dataUrl(script: string): string {
  return `data:text/javascript,${encodeURIComponent(script)}`;
}

Deno.test("readFile() reads a file below the root", async () => {
  await using folder = await makeFolder();
  await Deno.writeTextFile(`${folder.path}/notes.txt`, "text");
  const url = new URL(`file://${isWindows ? "/" : ""}${folder.path}`);
  for (
    const root of [folder.path, `${folder.path}/`, url, new URL(`${url}/`)]
  ) {
    const read = readFile({ root, maxSize: 4 });
    assert.equal(await read({ path: "notes.txt" }, {}), "text");
    await assert.rejects(read({ path: "../notes.txt" }, {}), {
      name: "RequestError",
      message: "path: there is no such file below the root",
    });
  }
});

Deno.test("readFile() accepts a root URL with blanks and escapes", async () => {
  await using folder = await makeFolder();
  const root = `${folder.path}/my files %41`;
  await Deno.mkdir(root);
  await Deno.writeTextFile(`${root}/notes.txt`, "text");
  const url = new URL("file:");
  url.pathname = root.replaceAll("%", "%25");
  const read = readFile({ root: url });
  assert.equal(await read({ path: "notes.txt" }, {}), "text");
});

Deno.test("readFile() keeps a relative root after the working directory changes", async () => {
  await using folder = await makeFolder();
  await Deno.mkdir(`${folder.path}/public`);
  await Deno.mkdir(`${folder.path}/elsewhere`);
  await Deno.writeTextFile(`${folder.path}/public/notes.txt`, "text");
  const { stdout, stderr } = await runScript(
    ["--allow-read"],
    `import { readFile } from "${MODULE}";
    Deno.chdir(${JSON.stringify(folder.path)});
    const read = readFile({ root: "public" });
    Deno.chdir("elsewhere");
    console.log(await read({ path: "notes.txt" }, {}));`,
  );
  assert.deepEqual([stdout, stderr], ["text\n", ""]);
});

Deno.test("readFile() limits a file to 1 MiB by default", async () => {
  await using folder = await makeFolder();
  const path = `${folder.path}/large.txt`;
  const read = readFile({ root: folder.path });
  await Deno.writeTextFile(path, "a".repeat(1_048_576));
  const { length } = await read({ path: "large.txt" }, {});
  assert.equal(length, 1_048_576);
  await Deno.writeTextFile(path, "a".repeat(1_048_577));
  await assert.rejects(read({ path: "large.txt" }, {}), {
    name: "RequestError",
    message: "path: the file is larger than 1048576 bytes",
  });
});

Deno.test("fetchUrl() fetches an allowed URL", async () => {
  await using site = serve(({ url }) => new Response(url));
  for (const entry of [site.at("/data"), new URL(site.at("/data"))]) {
    const get = fetchUrl({ allow: [entry] });
    const url = site.at("/data/x");
    assert.equal(await get({ url }, {}), url);
    await assert.rejects(get({ url: site.at("/") }, {}), {
      name: "RequestError",
      message: "url: the server does not allow this URL",
    });
  }
});

Deno.test("fetchUrl() copies its options", async () => {
  await using site = serve(() => new Response("text"));
  const entry = new URL(site.at("/data"));
  const allow = [entry];
  const get = fetchUrl({ allow });
  entry.pathname = "/";
  allow.push(new URL(site.at("/")));
  await assert.rejects(get({ url: site.at("/") }, {}), {
    name: "RequestError",
  });
  assert.deepEqual(site.requests, []);
});

Deno.test("fetchUrl() limits a response to 1 MiB by default", async () => {
  await using site = serve(({ url }) =>
    new Response("a".repeat(Number(url.split("?")[1])))
  );
  const get = fetchUrl({ allow: [site.at("/")] });
  const { length } = await get({ url: site.at("/?1048576") }, {});
  assert.equal(length, 1_048_576);
  const beyond = get({ url: site.at("/?1048577") }, {});
  await assert.rejects(beyond, {
    name: "RequestError",
    message: "url: the response is larger than 1048576 bytes",
  });
});

Deno.test("fetchUrl() applies maxSize and timeout", async () => {
  await using site = serve(() => new Response("text"));
  await using silent = answerRaw("");
  const allow = [site.at("/"), silent.url];
  const patient = fetchUrl({ allow, maxSize: 3 });
  const hasty = fetchUrl({ allow, timeout: 50 });
  await assert.rejects(
    patient({ url: site.at("/") }, {}),
    /url: the response is larger than 3 bytes$/,
  );
  await assert.rejects(
    hasty({ url: silent.url }, {}),
    /url: there was no complete response within 50 ms\. Try again later\.$/,
  );
});

Deno.test("fetchUrl() stops when its client has disconnected", async () => {
  await using silent = answerRaw("");
  const get = fetchUrl({ allow: [silent.url] });
  const controller = new AbortController();
  const { signal } = controller;
  const fetched = get({ url: silent.url }, { signal });
  await silent.answered;
  const reason = new Error("the client has gone");
  controller.abort(reason);
  await assert.rejects(fetched, reason);
  await silent.closed;
});
