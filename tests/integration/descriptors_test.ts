/** A server whose process has no file descriptor left. */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { makeScript, Program } from "../support/program.ts";
import { connectTo } from "../support/server.ts";
import { pause } from "../support/timing.ts";

const SCRIPT = `
import { serve } from "${import.meta.resolve("../../server.ts")}";
const server = serve("test", { hostname: "127.0.0.1", port: 0 });
server.operation("echo", (data) => data);
console.log(server.url);
`;

const MAX_DESCRIPTORS = 200;

/** Opens a TCP connection that stays idle, unless the server refuses it. */
async function openIdle(port: number): Promise<Deno.TcpConn | undefined> {
  try {
    return await Deno.connect({ hostname: "127.0.0.1", port });
  } catch {
    return undefined;
  }
}

Deno.test({
  name: "a server survives idle connections that take all file descriptors",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using script = await makeScript(SCRIPT);
    await using program = new Program(["--allow-net", script.path], {}, {
      maxDescriptors: String(MAX_DESCRIPTORS),
    });
    const url = (await program.line(/^info http/)).replace("info ", "");
    await using early = await connectTo({ url });
    const idle: Deno.TcpConn[] = [];
    const isShort = program.line(/ERROR listen: .*Too many open files/);
    while (idle.length < 2 * MAX_DESCRIPTORS) {
      const connection = await openIdle(Number(new URL(url).port));
      if (connection === undefined) break;
      idle.push(connection);
    }
    await isShort;
    assert.deepEqual(await early.operation("echo", { n: 1 }), { n: 1 });
    for (const connection of idle) connection.close();
    await using late = await connectAtLast(url);
    assert.deepEqual(await late.operation("echo", { n: 2 }), { n: 2 });
  },
});

/** Connects as soon as the server listens again. */
async function connectAtLast(url: string) {
  for (let attempt = 0;; attempt++) {
    try {
      return await connect("test", { url });
    } catch (error) {
      if (attempt === 600) throw error;
      await pause(100);
    }
  }
}
