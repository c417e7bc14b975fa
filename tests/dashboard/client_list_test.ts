import assert from "node:assert/strict";
import type { AdminClient } from "../../admin/types.ts";
import { ClientList } from "../../dashboard/client_list.ts";

function clientOf(id: number, rest: Partial<AdminClient> = {}): AdminClient {
  return {
    ...{ id, globalId: `node-${id}`, address: "192.0.2.1", version: "1.1.0" },
    ...{ name: null, user: null, isAdmin: false, isSelf: false },
    connectedAt: id,
    ...{ rooms: 0, pending: 0, buffered: 0, ...rest },
  };
}

const NOTHING = { joined: [], changed: [], left: [], count: 0 } as const;

/** Resolves when the list has reported its changes. */
const settled = (list: ClientList) =>
  new Promise<void>((resolve) => {
    const forget = list.changes.listen(() => (forget(), resolve()));
  });

Deno.test("ClientList applies what the stream reports, and reports it once", async () => {
  const list = new ClientList();
  let changes = 0;
  list.changes.listen(() => changes++);
  const joined = [clientOf(1), clientOf(2, { user: "Ada" }), clientOf(3)];
  list.apply({ ...NOTHING, joined, isComplete: false });
  const changed = [clientOf(3, { buffered: 9 })];
  list.apply({ ...NOTHING, changed, left: [1], isComplete: true });
  await settled(list);
  assert.equal(changes, 1);
  assert.equal(list.size, 2);
  const ids = (search: string) =>
    list.find(search, "buffered", true).map(({ id }) => id);
  assert.deepEqual(ids(""), [3, 2]);
  assert.deepEqual(ids("ada"), [2]);
  assert.deepEqual(ids("192.0 #3"), [3]);
  assert.deepEqual(ids("nobody"), []);
});

Deno.test("ClientList begins again after a reconnect", async () => {
  const list = new ClientList();
  list.apply({ ...NOTHING, joined: [clientOf(1)], isComplete: true });
  list.clear();
  list.apply({ ...NOTHING, joined: [clientOf(2)], isComplete: true });
  await settled(list);
  assert.deepEqual(list.find("", "id", false).map(({ id }) => id), [2]);
});

Deno.test("ClientList finds and sorts 10,000 clients", async () => {
  const list = new ClientList();
  const joined = Array.from(
    { length: 10_000 },
    (_, n) => clientOf(n + 1, { user: `user ${n % 100}` }),
  );
  list.apply({ ...NOTHING, joined, isComplete: true });
  await settled(list);
  assert.equal(list.find("", "name", true).length, 10_000);
  const found = list.find("user #7777", "id", false);
  assert.deepEqual(found.map(({ id }) => id), [7777]);
});
