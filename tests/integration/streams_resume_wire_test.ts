/** The frames of streams that continue: docs/reference/protocol.md, `resume`. */

import assert from "node:assert/strict";
import { FEATURES } from "../../protocol/features.ts";
import { operation, RawClient, SUCCESS } from "../support/raw_client.ts";
import { serveNumbers } from "../support/resuming.ts";
import {
  cancel,
  credit,
  DONE,
  resumable,
  stream,
} from "../support/stream_frames.ts";

const NEGOTIATED = ["stream", "resume"];

Deno.test("a stream that asks for ids gets them", async () => {
  await using numbers = serveNumbers();
  await using client = await RawClient.logIn(numbers.server, NEGOTIATED);
  client.send(resumable(5, "numbers", 2, null));
  assert.deepEqual(await client.next(), {
    ...{ ...SUCCESS, message: "items", id: 5 },
    data: { items: [1, 2], ids: ["1", "2"] },
  });
  client.send(cancel(5));
  assert.deepEqual(await client.next(), { ...DONE, id: 5 });
  assert.deepEqual(numbers.starts, [undefined]);
});

Deno.test("a stream continues after lastEventId, also without credit at first", async () => {
  await using numbers = serveNumbers();
  await using client = await RawClient.logIn(numbers.server, NEGOTIATED);
  client.send(resumable(1, "numbers", 0, "41"));
  client.send(operation(2, "numbers"));
  // The response to a later request is the first frame, so the stream sent nothing.
  assert.equal((await client.next()).id, 2);
  client.send(credit(1, 1));
  const { data } = await client.next();
  assert.deepEqual(data, { items: [42], ids: ["42"] });
});

Deno.test("the fields of `resume` have no effect for a client that did not name it", async () => {
  const features = FEATURES.filter((feature) => feature !== "resume");
  for (const lastEventId of [null, "41", 1, {}]) {
    await using numbers = serveNumbers();
    await using client = await RawClient.logIn(numbers.server, features);
    client.send(resumable(1, "numbers", 1, lastEventId));
    assert.deepEqual((await client.next()).data, { items: [1] });
    assert.deepEqual(numbers.starts, [undefined]);
  }
});

Deno.test("a stream that does not ask for ids gets none", async () => {
  await using numbers = serveNumbers();
  await using client = await RawClient.logIn(numbers.server, NEGOTIATED);
  client.send(stream(1, "numbers", 1));
  assert.deepEqual((await client.next()).data, { items: [1] });
});

for (
  const [lastEventId, desc] of [
    [1, '"data.lastEventId" must be a string or null, not an integer'],
    [["1"], '"data.lastEventId" must be a string or null, not an array'],
    ["", '"data.lastEventId" must have 1 to 200 bytes of UTF-8'],
    ["ö".repeat(101), '"data.lastEventId" must have 1 to 200 bytes of UTF-8'],
  ] as const
) {
  Deno.test(`lastEventId ${JSON.stringify(lastEventId)} is answered with code 2`, async () => {
    await using numbers = serveNumbers();
    await using client = await RawClient.logIn(numbers.server, NEGOTIATED);
    client.send(resumable(1, "numbers", 1, lastEventId));
    const answer = await client.next();
    assert.deepEqual([answer.id, answer.code, answer.desc], [1, 2, desc]);
    assert.deepEqual(numbers.starts, []);
    // The connection stays open.
    client.send(resumable(2, "numbers", 1, "1"));
    assert.deepEqual((await client.next()).data, { items: [2], ids: ["2"] });
  });
}

for (const hasIds of [true, false]) {
  const how = hasIds ? "no done" : "done";
  Deno.test(`a stream ${hasIds ? "with" : "without"} ids gets ${how} if its handler returns because the server closes`, async () => {
    await using numbers = serveNumbers();
    const { server } = numbers;
    server.operation("ticks", async function* (_data, { signal }) {
      yield 1;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    });
    await using client = await RawClient.logIn(server, NEGOTIATED);
    client.send(
      hasIds ? resumable(1, "ticks", 2, null) : stream(1, "ticks", 2),
    );
    await client.next();
    const closing = server.close();
    const frames = await client.rest();
    assert.deepEqual(frames, hasIds ? [] : [{ ...DONE, id: 1 }]);
    await closing;
  });
}
