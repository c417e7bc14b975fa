/** The ready-made operation handlers, registered on a server. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { fetchUrl, print, readFile } from "../../builtins/mod.ts";
import { connect } from "../../client.ts";
import { ErrorCode, ResponseError } from "../../common/errors.ts";
import { defineContract } from "../../contract/define.ts";
import { serve } from "../../server.ts";
import { rejection } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { connectTo, serveQuietly } from "../support/server.ts";
import { serve as serveSite } from "../support/site.ts";

Deno.test("a server offers no operation that is not registered", async () => {
  await using server = serveQuietly();
  await using connection = await connectTo(server);
  for (const name of ["print", "read", "get", "path"]) {
    const error = await rejection(connection.operation(name));
    assert(error instanceof ResponseError);
    assert.equal(error.code, ErrorCode.UNKNOWN_OPERATION);
  }
});

Deno.test("readFile() and fetchUrl() explain a rejected argument", async () => {
  const root = await Deno.makeTempDir();
  await Deno.writeTextFile(join(root, "hello.txt"), "Hello");
  await using site = serveSite(() => new Response("welcome"));
  await using server = serveQuietly();
  server.operation("read", readFile({ root }));
  server.operation("get", fetchUrl({ allow: [site.at("/public")] }));
  await using connection = await connectTo(server);
  const read = (path: unknown) =>
    connection.operation("read", { path } as Record<string, string>);
  const get = (url: string) => connection.operation("get", { url });
  assert.equal(await read("hello.txt"), "Hello");
  assert.equal(await get(site.at("/public/a?b=c")), "welcome");
  for (
    const [attempt, text] of [
      [() => read("../hello.txt"), "there is no such file below the root"],
      [() => read(1), "must be a string"],
      [() => get(site.at("/private")), "the server does not allow this URL"],
    ] as const
  ) {
    const error = await rejection(attempt());
    assert(error instanceof ResponseError);
    assert.equal(error.code, ErrorCode.INVALID_CONTENT);
    assert.equal(error.issues[0]?.message, text);
    assert(!error.message.includes(root));
  }
  await Deno.remove(root, { recursive: true });
});

Deno.test("a result that exceeds maxBuffered is an error of the server", async () => {
  const root = await Deno.makeTempDir();
  await Deno.writeTextFile(join(root, "large"), "x".repeat(5_000));
  const logger = new LogRecorder();
  await using server = serveQuietly({
    limits: { maxBuffered: 4_096 },
    logger,
  });
  server.operation("read", readFile({ root }));
  await using connection = await connectTo(server);
  const error = await rejection(
    connection.operation("read", { path: "large" }),
  );
  assert.equal((error as ResponseError).code, ErrorCode.SERVER_ERROR);
  await logger.line(
    /operation "read" failed\n {2}RangeError: Cannot send the result/,
  );
  await Deno.remove(root, { recursive: true });
});

Deno.test("the handlers fit the operations of a contract", async () => {
  const root = await Deno.makeTempDir();
  await Deno.writeTextFile(join(root, "hello.txt"), "Hello");
  const contract = defineContract({
    operations: {
      print: { input: z.object({ text: z.string() }), output: z.null() },
      read: { input: z.object({ path: z.string() }), output: z.string() },
      get: { input: z.object({ url: z.string() }), output: z.string() },
    },
  });
  await using server = serve("test", {
    hostname: "127.0.0.1",
    port: 0,
    logger: new LogRecorder(),
    contract,
  });
  server.operation("print", print);
  server.operation("read", readFile({ root }));
  server.operation("get", fetchUrl({ allow: ["https://example.org"] }));
  await using connection = await connect("test", { url: server.url, contract });
  const path = "hello.txt";
  const content: string = await connection.operation("read", { path });
  assert.equal(content, "Hello");
  const other = connection.operation("get", { url: "https://example.net" });
  const error = await rejection(other);
  assert.equal((error as ResponseError).code, ErrorCode.INVALID_CONTENT);
  await Deno.remove(root, { recursive: true });
});
