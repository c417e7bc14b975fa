import assert from "node:assert/strict";
import { connect, type Connection } from "../../client.ts";
import { Connection as ConnectionClass } from "../../client/connection.ts";
import { serveQuietly } from "../support/server.ts";

/** A function of an application that needs a part of a connection. */
async function add(
  connection: Pick<Connection, "operation">,
  a: number,
  b: number,
): Promise<number> {
  return Number(await connection.operation("add", { a, b }));
}

Deno.test("an application can mock the methods that it uses", async () => {
  const mock: Pick<Connection, "operation"> = {
    operation: () => Promise.resolve(3),
  };
  assert.equal(await add(mock, 1, 2), 3);
});

Deno.test("connect() returns a Connection whose only own properties are promises and the URL", async () => {
  await using server = serveQuietly();
  server.operation("add", ({ a, b }) => Number(a) + Number(b));
  await using connection = await connect("test", { url: server.url });
  assert(connection instanceof ConnectionClass);
  assert.equal(await add(connection, 1, 2), 3);
  assert.deepEqual(Object.keys(connection), ["opened", "closed", "url"]);
});

Deno.test("the constructor of a Connection is private", () => {
  assert.throws(() => {
    // @ts-expect-error An application calls connect().
    new ConnectionClass({} as never);
  }, TypeError);
});
