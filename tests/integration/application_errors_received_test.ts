/** Errors that a handler receives from another server, and does not catch. */

import assert from "node:assert/strict";
import type { Connection } from "../../client.ts";
import {
  ApplicationError,
  ConnectError,
  isApplicationError,
  ResponseError,
} from "../../common/errors.ts";
import type { ServeOptions, Server } from "../../server.ts";
import { rejection } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { connectTo, serveQuietly } from "../support/server.ts";

/** Starts a server that calls another server, whose operation `query` throws. */
async function serveRelay(options: ServeOptions = {}) {
  const origin = serveQuietly();
  origin.operation("query", () => {
    throw new ApplicationError("bad_query", { details: { table: "secret" } });
  });
  const upstream = await connectTo(origin);
  const logger = new LogRecorder();
  const server = serveQuietly({ logger, ...options });
  const close = async () => {
    await server.close();
    await upstream.close();
    await origin.close();
  };
  return { server, upstream, logger, [Symbol.asyncDispose]: close };
}

/** Calls the other server, as a handler does. */
type Query = () => Promise<never>;

/** Makes a function that calls the other server when there is a connection to it. */
function makeQuery() {
  const { promise, resolve } = Promise.withResolvers<Connection>();
  const query: Query = async () =>
    await (await promise).operation("query") as never;
  return { query, connected: resolve };
}

/** A place of the application that can throw. */
interface Place {
  /** Lets the place call the other server. */
  prepare(server: Server, query: Query): void;
  request(connection: Connection): Promise<unknown>;
  /** Options of the server that calls the other one. */
  options?(query: Query): ServeOptions;
}

const CALL: Place = {
  prepare: (server) => server.operation("run", () => 1),
  request: (connection) => connection.operation("run"),
};

const MESSAGE: Place = {
  prepare: (server) => server.receive("run", () => {}),
  request: (connection) => connection.message("run"),
};

const PLACES: Readonly<Record<string, Place>> = {
  "an operation": {
    ...CALL,
    prepare: (server, query) => server.operation("run", query),
  },
  "a listener": {
    ...MESSAGE,
    prepare: (server, query) => server.receive("run", query),
  },
  "a stream": {
    prepare: (server, query) =>
      server.operation("run", async function* () {
        yield await query();
      }),
    request: (connection) => Array.fromAsync(connection.stream("run")),
  },
  "a middleware around an operation": {
    ...CALL,
    prepare: (server, query) => {
      CALL.prepare(server, query);
      server.use(query);
    },
  },
  "a middleware around a listener": {
    ...MESSAGE,
    prepare: (server, query) => {
      MESSAGE.prepare(server, query);
      server.use(query);
    },
  },
  "authorize for an operation": {
    ...CALL,
    options: (query) => ({ authorize: query }),
  },
  "authorize for a message": {
    ...MESSAGE,
    options: (query) => ({ authorize: query }),
  },
};

for (const [what, { prepare, request, options }] of Object.entries(PLACES)) {
  Deno.test(`${what} does not pass on an ApplicationError of another server`, async () => {
    const { query, connected } = makeQuery();
    await using relay = await serveRelay(options?.(query));
    const { server, upstream, logger } = relay;
    connected(upstream);
    assert(isApplicationError(await rejection(query()), "bad_query"));
    prepare(server, query);
    await using connection = await connectTo(server);
    const error = await rejection(request(connection));
    assert.equal(error.constructor, ResponseError);
    assert.deepEqual((error as ResponseError).data, {
      message: "the server could not carry out the request",
      exc: "InternalError",
    });
    // The log says what has failed, as for any fault.
    await logger.line(/^error error: .*"run" failed\n.*bad_query/s);
  });
}

Deno.test("a login function does not pass on an ApplicationError of another server", async () => {
  const { query, connected } = makeQuery();
  await using relay = await serveRelay({ login: query });
  connected(relay.upstream);
  const error = await rejection(connectTo(relay.server));
  assert(error instanceof ConnectError, String(error));
  assert(!isApplicationError(error.cause));
  await relay.logger.line(/^error error: .*the login function failed.*bad_qu/s);
});

Deno.test("a handler can pass on an error of another server by a new one", async () => {
  await using relay = await serveRelay();
  relay.server.operation("run", async () => {
    const error = await rejection(relay.upstream.operation("query"));
    assert(isApplicationError(error));
    throw new ApplicationError(error.kind, { cause: error });
  });
  await using connection = await connectTo(relay.server);
  const error = await rejection(connection.operation("run"));
  assert(isApplicationError(error, "bad_query"));
  assert.deepEqual(error.details, {});
});
