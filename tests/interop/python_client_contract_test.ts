/** The client of Python Hoist with schemas, streams and the built-in operations. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fetchUrl, readFile } from "../../builtins/mod.ts";
import { type } from "arktype";
import { z } from "zod";
import { serveContract } from "../support/contract.ts";
import { serveQuietly } from "../support/server.ts";
import { serve as serveSite } from "../support/site.ts";
import type { Server } from "../../server.ts";
import { raised, testWithPython, withConnectedClient } from "./drivers.ts";

/** The error of a Python client whose data does not match a schema. */
const INVALID_DATA = raised(
  "BadContentError: sent type dict when server expected dict",
);

/** The error of a Python client that sends a message outside the contract. */
const UNKNOWN_NAME = raised(
  "BadContentError: sent type str when server expected str",
);

testWithPython(
  "A Python client gets an error for invalid arguments and continues",
  async () => {
    await using server = serveContract();
    server.operation("add", ({ a, b }) => a + b);
    await withConnectedClient(server as unknown as Server, async (python) => {
      for (const data of [{ a: "1" }, {}]) {
        await assert.rejects(python.operation("add", data), INVALID_DATA);
      }
      assert.equal(await python.operation("add", { a: 1, b: 2 }), 3);
    });
  },
);

testWithPython(
  "A Python client gets an error for an invalid message and continues",
  async () => {
    await using server = serveContract();
    server.receive("hello", (message) => {
      message.reply("hi", { text: message.data.name });
    });
    await withConnectedClient(server as unknown as Server, async (python) => {
      for (
        const [name, data, error] of [
          ["hello", { name: 1 }, INVALID_DATA],
          ["helo", {}, UNKNOWN_NAME],
          ["note", { at: "1" }, INVALID_DATA],
        ] as const
      ) {
        await assert.rejects(python.message(name, data), error);
      }
      await python.message("hello", { name: "Ada" });
      const [reply] = await python.received();
      assert.deepEqual(reply?.data, { text: "Ada" });
    });
  },
);

testWithPython(
  "A Python client works with listeners and operations that have schemas",
  async () => {
    await using server = serveQuietly();
    server.receive("n", type({ n: "number" }), (message) => {
      message.reply("doubled", { n: 2 * message.data.n });
    });
    server.operation("n", { output: z.number() }, () => "one" as never);
    await withConnectedClient(server, async (python) => {
      await python.message("n", { n: 2 });
      const [reply] = await python.received();
      assert.deepEqual(reply?.data, { n: 4 });
      await assert.rejects(
        python.operation("n"),
        raised(
          "InternalServerError: exception occured on server: InternalError - the server could not carry out the request",
        ),
      );
      await assert.rejects(python.message("n", {}), INVALID_DATA);
    });
  },
);

testWithPython(
  "A Python client gets an error for a stream and continues",
  async () => {
    await using server = serveContract();
    server.operation("rows", async function* () {
      yield { n: 1 };
    });
    server.operation("now", () => "now");
    await withConnectedClient(server as unknown as Server, async (python) => {
      await assert.rejects(
        python.operation("rows", { to: 1 }),
        raised(
          "ServerResponseError: code 7 [UNSUPPORTED_OPERATION]: Request operation is not supported by the server.",
        ),
      );
      assert.equal(await python.operation("now"), "now");
    });
  },
);

testWithPython(
  "A Python client can read and get if the application registers the handlers",
  async () => {
    const root = await Deno.makeTempDir();
    await Deno.writeTextFile(join(root, "hello.txt"), "Hello\n");
    await using site = serveSite(() => new Response("welcome"));
    await using server = serveQuietly();
    server.operation("read", readFile({ root }));
    await using open = serveQuietly();
    open.operation("get", fetchUrl({ allow: [site.at("/public")] }));
    await withConnectedClient(server, async (python) => {
      assert.equal(
        await python.operation("read", { path: "hello.txt" }),
        "Hello\n",
      );
      await assert.rejects(
        python.operation("read", { path: "../hello.txt" }),
        INVALID_DATA,
      );
      await assert.rejects(
        python.shortcut("print", "x"),
        raised('ValueError: "print" is not a valid operation'),
      );
    });
    await withConnectedClient(open, async (python) => {
      assert.equal(
        await python.shortcut("get", site.at("/public/a")),
        "welcome",
      );
      await assert.rejects(
        python.shortcut("get", site.at("/private")),
        INVALID_DATA,
      );
    });
    await Deno.remove(root, { recursive: true });
  },
);
