/** The password, the query and the fragment of a URL are in no error and in no log. */

import assert from "node:assert/strict";
import { connect, type ConnectOptions, debug } from "../../client.ts";
import type { WebSocketConstructor } from "../../client/client_socket.ts";
import { ackResponse } from "../support/fake_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { rejection } from "../support/errors.ts";

const SECRET = "s3same";

/** Returns the URL of a host with the secret in each part that can contain it. */
function urlOf(host: string, scheme = "http"): string {
  return `${scheme}://ada:${SECRET}@${host}/a?key=${SECRET}#${SECRET}`;
}

/** Connects, and returns everything that the error and the log show. */
async function failureOf(url: string, options: ConnectOptions = {}) {
  const logger = new LogRecorder();
  using _debugging = debug({ trace: true });
  const error = await rejection(connect("test", { url, logger, ...options }));
  return `${Deno.inspect(error, { depth: 10 })}\n${logger.lines.join("\n")}`;
}

for (
  const [what, url] of [
    ["no program listens", urlOf("127.0.0.1:1")],
    ["fetch blocks the port", urlOf("127.0.0.1:6000")],
    ["the host does not exist", urlOf("nowhere.invalid")],
    ["the URL is invalid", urlOf("127.0.0.1:1", "htp")],
    ["the port is invalid", urlOf("127.0.0.1:99999")],
  ] as const
) {
  Deno.test(`connect() shows no secret of the URL if ${what}`, async () => {
    const shown = await failureOf(url);
    assert.match(shown, /Cannot connect/);
    assert(!shown.includes(SECRET), shown);
  });
}

/** A WebSocket class that shows its URL in its error, as those of browsers do. */
const FAILING = function (url: string) {
  throw new SyntaxError(`The URL '${url}' is invalid`);
} as unknown as WebSocketConstructor;

const REDIRECT = { status: 302, headers: { location: urlOf("b") } };

/** The answer of a server that does not answer before the client gives up. */
const LATE = Promise.withResolvers<Response>();

for (
  const [what, ack, upgrade, options] of [
    ["is no Hoist server", () => new Response("{}"), undefined, {}],
    [
      "rejects the request",
      () => new Response("", { status: 401 }),
      undefined,
      {},
    ],
    ["redirects the request", () => new Response("", REDIRECT), undefined, {}],
    ["redirects the WebSocket", ackResponse, REDIRECT, {}],
    ["rejects the WebSocket", ackResponse, { status: 418 }, {}],
    ["does not answer", () => LATE.promise, undefined, { timeout: 100 }],
    ["is a server for a class that throws", ackResponse, {}, {
      WebSocket: FAILING,
    }],
    ["is too old", ackResponse, {}, { minimumVersion: "999.0.0" }],
  ] as const
) {
  Deno.test(`connect() shows no secret of the URL if the server ${what}`, async () => {
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) =>
        request.url.includes("/ack") ? ack() : new Response("", upgrade),
    );
    const shown = await failureOf(
      urlOf(`127.0.0.1:${server.addr.port}`),
      options,
    );
    LATE.resolve(new Response());
    assert.match(shown, /Cannot connect to http:\/\/127/);
    assert(!shown.includes(SECRET), shown);
  });
}
