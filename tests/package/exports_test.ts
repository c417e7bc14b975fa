/** The names that the package exports. */

import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { run } from "../support/process.ts";
import testConfig from "../deno.json" with { type: "json" };

const ROOT = new URL("../../", import.meta.url);

/** Reads the names that a module exports, types included. */
async function namesOf(module: string): Promise<Set<string>> {
  const args = ["doc", "--json", module];
  const { nodes } = JSON.parse(await run(Deno.execPath(), args, { cwd: ROOT }));
  const [document] = Object.values<{ symbols: { name: string }[] }>(nodes);
  return new Set(document?.symbols.map(({ name }) => name));
}

const [root, client, server] = await Promise.all(
  ["mod.ts", "client.ts", "server.ts"].map(namesOf),
) as [Set<string>, Set<string>, Set<string>];

Deno.test("the package root exports the server, the client and a few helpers", () => {
  const helpers = ["main", "generateToken", "GenerateTokenOptions", "VERSION"];
  const expected = new Set([...client, ...server, ...helpers]);
  assert.deepEqual([...root].sort(), [...expected].sort());
});

Deno.test("server.ts exports the functions and classes of a server", async () => {
  assert.deepEqual(Object.keys(await import("../../server.ts")).sort(), [
    ...["ApplicationError", "ClientMessage", "ClientReference", "CloseCode"],
    ...["ConnectionClosedError", "ErrorCode"],
    ...["FeatureError", "HoistError", "Message", "NoNodeError", "NoReplyError"],
    ...["PublishError", "ResponseError", "Room", "Server", "ServerCluster"],
    ...["TimeoutError", "User"],
    ...["ValidationError", "debug"],
    ...["defineContract", "isApplicationError", "serve", "start", "tracked"],
  ]);
});

Deno.test("client.ts exports the functions and classes of a client", async () => {
  assert.deepEqual(Object.keys(await import("../../client.ts")).sort(), [
    ...["ApplicationError", "BufferFullError", "CloseCode", "ConnectError"],
    ...["ConnectionClosedError", "ErrorCode"],
    ...["FeatureError", "HoistError", "LoginError", "Message", "NoReplyError"],
    ...["PublishError", "ResponseError", "RoomMessage", "SentMessage"],
    ...["ServerMessage", "TimeoutError"],
    ...["ValidationError", "VersionError", "connect", "createConnection"],
    ...["debug", "defineContract", "isApplicationError"],
  ]);
});

Deno.test("the configuration of the tests maps every export of the package", () => {
  const mapped = Object.keys(testConfig.imports)
    .filter((name) => name.startsWith(config.name))
    .map((name) => name.replace(config.name, "."));
  assert.deepEqual(mapped.sort(), Object.keys(config.exports).sort());
});
