import assert from "node:assert/strict";
import { Operations } from "../../server/registry.ts";
import { RequestError } from "../../protocol/request_error.ts";
import { ManualHandler } from "../support/fake_stream.ts";
import { ACCEPT_ALL } from "../support/schemas.ts";

/** What an action fails with, at once or later. */
async function failureOf(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  assert.fail("it does not fail");
}

Deno.test("a handler that returns no stream, though its schemas say so, has failed", async () => {
  for (const value of [1, Promise.resolve(1)]) {
    const operations = new Operations<null>();
    operations.add("rows", () => value, { yields: ACCEPT_ALL });
    const error = await failureOf(() => operations.open("rows", {}, null));
    // No other call could help its client.
    assert(!RequestError.is(error));
  }
});

Deno.test("a handler that returns a stream, though its schemas say otherwise, has failed", async () => {
  const operations = new Operations<null>();
  operations.add("rows", () => new ManualHandler(), { output: ACCEPT_ALL });
  const error = await failureOf(() => operations.call("rows", {}, null));
  assert(!RequestError.is(error));
});
