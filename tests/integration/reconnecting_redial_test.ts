/** What a client asks a server for when it reconnects. */

import assert from "node:assert/strict";
import { ConnectError } from "../../common/errors.ts";
import { ackResponse, successFrame } from "../support/fake_server.ts";
import {
  answerAll,
  closeOnRequest,
  connectReconnecting,
  FAST_RECONNECT,
  scriptedServer,
  StateRecorder,
} from "../support/reconnecting.ts";
import { connectTo } from "../support/server.ts";
import { gate } from "../support/timing.ts";

/** Answers only at the end of a test, so that the server can close. */
function stall() {
  const { opened, open } = gate();
  return {
    answer: () => opened.then(() => new Response()),
    [Symbol.dispose]: open,
  };
}

Deno.test("the client asks once what server this is, and not again for each reconnect", async () => {
  let asked = 0;
  await using server = scriptedServer([answerAll], () => {
    asked++;
    return ackResponse();
  });
  await using connection = await connectReconnecting(server);
  const states = new StateRecorder(connection);
  for (let n = 0; n < 3; n++) {
    server.sockets.at(-1)!.close(1001);
    await states.next("open");
  }
  assert.deepEqual([asked, server.sockets.length], [1, 4]);
});

for (const minimumVersion of [undefined, "1.0.0"]) {
  Deno.test(`the client reconnects although the HTTP connection is dead, with the minimum version ${minimumVersion}`, async () => {
    let asked = 0;
    const stalled = stall();
    const ack = () => asked++ === 0 ? ackResponse() : stalled.answer();
    await using server = scriptedServer([answerAll], ack);
    using _stalled = stalled;
    await using connection = await connectTo(server, {
      timeout: Infinity,
      minimumVersion,
      reconnect: FAST_RECONNECT,
    });
    const states = new StateRecorder(connection);
    server.sockets[0]!.close(1001);
    await states.next("open");
    assert.deepEqual(states.seen, ["waiting", "connecting", "open"]);
  });
}

/** Starts a server whose WebSocket opens once, and that then answers with a status. */
function failingServer(
  status: number,
  ack: (asked: number) => unknown,
) {
  const state = { asked: 0, offered: [] as (string | null)[] };
  const sockets: WebSocket[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const { headers } = request;
      if (headers.get("upgrade") === null) {
        return ack(++state.asked) as Response;
      }
      const protocol = headers.get("sec-websocket-protocol");
      state.offered.push(protocol);
      if (sockets.length > 0 && protocol !== null) {
        return new Response(null, { status });
      }
      const { socket, response } = Deno.upgradeWebSocket(request);
      sockets.push(socket);
      socket.onmessage = () => socket.send(successFrame(0, null));
      return response;
    },
  );
  return {
    state,
    url: `http://127.0.0.1:${server.addr.port}`,
    lose: () => sockets.at(-1)!.close(1001),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const ACK = { version: "1.0.0", protocols: ["hoist.v1"] };

Deno.test("the client asks once more if the WebSocket does not open, and reports the answer", async () => {
  await using server = failingServer(
    400,
    (asked) =>
      asked === 1
        ? Response.json(ACK)
        : new Response(null, { status: 502, headers: { "retry-after": "1" } }),
  );
  await using connection = await connectReconnecting(server);
  const states = new StateRecorder(connection);
  server.lose();
  await states.next("connecting");
  const { close: { error }, delay } = await states.next("waiting");
  assert(error instanceof ConnectError);
  assert.deepEqual([error.status, error.retryAfter], [502, 1_000]);
  assert(delay >= 1_000, `The delay is ${delay} ms`);
  assert.equal(server.state.asked, 2);
});

Deno.test("the client does not wait for an answer forever if the WebSocket does not open", async () => {
  const stalled = stall();
  await using server = failingServer(
    503,
    (asked) => asked === 1 ? Response.json(ACK) : stalled.answer(),
  );
  using _stalled = stalled;
  await using connection = await connectTo(server, {
    timeout: Infinity,
    reconnect: FAST_RECONNECT,
  });
  const states = new StateRecorder(connection);
  server.lose();
  await states.next("connecting");
  const { close: { error } } = await states.next("waiting");
  assert(error instanceof ConnectError);
  assert.match(
    error.message,
    /too many connections, is closing, or is not connected to its broker \(503\)/,
  );
});

Deno.test("the client connects to another kind of server with its first attempt", async () => {
  await using server = failingServer(
    400,
    (asked) => Response.json(asked === 1 ? ACK : { version: "1.0.0" }),
  );
  await using connection = await connectReconnecting(server, {
    maxAttempts: 1,
  });
  const states = new StateRecorder(connection);
  server.lose();
  await states.next("open");
  assert.deepEqual(server.state.offered, ["hoist.v1", "hoist.v1", null]);
  assert.deepEqual(states.seen, ["waiting", "connecting", "open"]);
});

Deno.test("the first attempt does not ask twice", async () => {
  let asked = 0;
  await using server = scriptedServer([closeOnRequest(1001)], () => {
    asked++;
    return Response.json({ ...ACK, protocols: [] });
  });
  await using _connection = await connectReconnecting(server);
  assert.equal(asked, 1);
});
