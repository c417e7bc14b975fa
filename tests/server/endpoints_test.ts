/** The endpoint `GET /hoist/contract`. */

import assert from "node:assert/strict";
import { z } from "zod";
import { defineContract } from "../../contract/define.ts";
import { Server } from "../../server.ts";
import {
  contract,
  requestContract,
  serveContract,
} from "../support/contract.ts";
import { LogRecorder } from "../support/log_recorder.ts";

Deno.test("describes the contract to a client with the token", async () => {
  await using server = serveContract({ exposeContract: true });
  for (const scheme of ["Bearer", "bearer", "BEARER "]) {
    const { response, body } = await requestContract(server, `${scheme} test`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.deepEqual(JSON.parse(body), contract.describe());
  }
});

Deno.test("responds to HEAD like to GET, without the body", async () => {
  await using server = serveContract({ exposeContract: true });
  const { response, body } = await requestContract(
    server,
    "Bearer test",
    "HEAD",
  );
  assert.deepEqual([response.status, body], [200, ""]);
  const post = await requestContract(server, "Bearer test", "POST");
  assert.equal(post.response.status, 405);
});

Deno.test("returns the page if the contract is not exposed", async () => {
  await using server = serveContract();
  const { response, body } = await requestContract(server, "Bearer test");
  assert.equal(response.status, 200);
  assert.match(body, /<h1>Hoist /);
  assert(!body.includes("hello"));
});

Deno.test("a schema without a JSON Schema is null, whatever its library throws", async () => {
  const dates = defineContract({
    messages: { at: z.object({ at: z.date() }) },
    operations: { now: { output: z.bigint() } },
  });
  const logger = new LogRecorder();
  const server = new Server<unknown, typeof dates>("test", {
    contract: dates,
    exposeContract: true,
    logger,
  }).listen({ hostname: "127.0.0.1", port: 0 });
  const { body } = await requestContract(server, "Bearer test");
  assert.deepEqual(JSON.parse(body), {
    messages: { at: { data: null, replies: {} } },
    events: {},
    operations: { now: { input: null, output: null } },
    rooms: {},
  });
  await server.close();
});
