import assert from "node:assert/strict";
import {
  MAX_STREAMS,
  MAX_STREAMS_OF_NAME,
  StreamPlaces,
} from "../../admin/stream_places.ts";
import { connectAdmin, itemsOf, serveAdmin } from "../support/admin.ts";
import { RawClient } from "../support/raw_client.ts";
import { ADMIN_TOKEN } from "../support/admin.ts";
import { serveQuietly } from "../support/server.ts";

/** Opens as many streams as one connection can read. */
function fill(places: StreamPlaces, client: object) {
  return Array.from(
    { length: MAX_STREAMS },
    () => places.enter(client as never),
  );
}

Deno.test("a client reads a limited number of streams at once", () => {
  const places = new StreamPlaces();
  const first = { user: "a", identity: null };
  const entered = fill(places, first);
  const limit = { limit: "adminStreams", value: MAX_STREAMS };
  assert.throws(() => places.enter(first), { code: 9, data: limit });
  places.enter({ user: "a", identity: null });
  entered[0]![Symbol.dispose]();
  places.enter(first);
  assert.throws(() => places.enter(first), { code: 9 });
});

for (
  const [kind, client, other, shown] of [
    ["user", { user: "ops" }, { user: "web" }, 'the admin "ops" reads'],
    [
      "name of the identity",
      { identity: { name: "ops\u202e" } },
      { identity: { name: "web" } },
      'the admin "ops\\u{202e}" reads',
    ],
    ["lack of a name", {}, { user: "web" }, "the admins without a name read"],
  ] as const
) {
  Deno.test(`the connections of admins with the same ${kind} share a limit`, () => {
    const places = new StreamPlaces();
    const clients = Array.from(
      { length: MAX_STREAMS_OF_NAME / MAX_STREAMS },
      () => ({ ...client }),
    );
    const entered = clients.flatMap((each) => fill(places, each));
    const limit = { limit: "adminStreamsPerName", value: MAX_STREAMS_OF_NAME };
    assert.throws(() => places.enter({ ...client } as never), (error) => {
      const { code, data, note } = Object(error);
      assert.deepEqual([code, data], [9, limit]);
      assert(note.includes(`${shown} ${MAX_STREAMS_OF_NAME} streams`), note);
      return true;
    });
    places.enter(other as never);
    for (const each of entered) each[Symbol.dispose]();
    fill(places, { ...client });
  });
}

Deno.test("a user that has the name of an identity is another admin only if it differs", () => {
  const places = new StreamPlaces();
  for (let n = 0; n < 4; n++) fill(places, { user: "ops" });
  assert.throws(() => places.enter({ identity: { name: "ops" } } as never));
});

Deno.test("an admin with many connections gets an error that names the limit", async () => {
  await using server = serveAdmin();
  await using stack = new AsyncDisposableStack();
  for (let n = 0; n < 4; n++) {
    const admin = stack.use(await connectAdmin(server));
    await Promise.all(
      Array.from({ length: 16 }, () =>
        itemsOf(
          admin.stream("hoist.admin.stats", { interval: 60_000 }),
        ).next()),
    );
  }
  const last = stack.use(await connectAdmin(server));
  await assert.rejects(itemsOf(last.stream("hoist.admin.stats")).next(), {
    code: 9,
    data: { limit: "adminStreamsPerName", value: 64 },
    message: /the admin "ops" reads 64 streams .*token with another name/,
  });
  await last.operation("hoist.admin.health");
});

Deno.test("streams whose connection is lost do not count", async () => {
  await using server = serveAdmin();
  for (let n = 0; n < 6; n++) {
    const raw = await RawClient.open(server);
    const features = ["stream"];
    raw.send({ id: 0, token: ADMIN_TOKEN, version: "1.0.0", features });
    await raw.next();
    for (let id = 1; id <= 16; id++) {
      const data = { interval: 100 };
      const credit = id % 2 === 0 ? 100 : 1;
      const stream = { operation: "hoist.admin.stats", data, credit };
      raw.send({ id, action: "stream", data: stream });
    }
    for (let count = 0; count < 16; count++) {
      const frame = await raw.next();
      assert.equal(frame.success, true, JSON.stringify(frame));
    }
    raw.close(1000, "");
    await raw.closed;
  }
});

Deno.test("without users, the function 'admin' makes admins that share a limit by their names", async () => {
  await using server = serveQuietly({
    login: (_server, token) => ({ name: token }),
    admin: () => true,
  });
  await using stack = new AsyncDisposableStack();
  for (const name of ["ada", "ada", "ada", "ada", "bob"]) {
    const admin = stack.use(await connectAdmin(server, name));
    await Promise.all(
      Array.from({ length: 16 }, () =>
        itemsOf(
          admin.stream("hoist.admin.stats", { interval: 60_000 }),
        ).next()),
    );
  }
  const last = stack.use(await connectAdmin(server, "ada"));
  await assert.rejects(itemsOf(last.stream("hoist.admin.stats")).next(), {
    code: 9,
  });
});
