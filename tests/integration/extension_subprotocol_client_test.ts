/** The subprotocol that the client offers: docs/reference/protocol.md, "Extensions". */

import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { successFrame } from "../support/fake_server.ts";

/** Starts a server that echoes and records the subprotocol that the client offers. */
function echoingServer(ack: unknown) {
  const offered: (string | null)[] = [];
  const logins: Record<string, unknown>[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      if (request.headers.get("upgrade") === null) return Response.json(ack);
      const protocol = request.headers.get("sec-websocket-protocol");
      offered.push(protocol);
      const { socket, response } = Deno.upgradeWebSocket(
        request,
        protocol === null ? {} : { protocol: protocol.split(",")[0]! },
      );
      socket.onmessage = ({ data }) => {
        const frame = JSON.parse(data);
        if (frame.end === true) return socket.close(1000);
        logins.push(frame);
        socket.send(successFrame(0, null));
      };
      return response;
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  const dispose = () => server[Symbol.asyncDispose]();
  return { url, offered, logins, [Symbol.asyncDispose]: dispose };
}

for (
  const [what, protocols, expected] of [
    ["supports it", ["hoist.v1"], "hoist.v1"],
    ["supports it among others", ["hoist.v2", "hoist.v1", 1], "hoist.v1"],
    ["supports another one", ["hoist.v2"], null],
    ["supports none", [], null],
    ["sends no list, like Python Hoist", undefined, null],
    ["sends a string", "hoist.v1", null],
  ] as const
) {
  Deno.test(`the client offers ${expected ?? "no subprotocol"} to a server that ${what}`, async () => {
    await using server = echoingServer({ version: "1.0.0", protocols });
    const connection = await connect("test", { url: server.url });
    await connection.close();
    assert.deepEqual(server.offered, [expected]);
  });
}

Deno.test("the `WebSocket` option gets the subprotocol or no second argument", async () => {
  for (const [protocols, count] of [[["hoist.v1"], 2], [[], 1]] as const) {
    await using server = echoingServer({ version: "1.0.0", protocols });
    const given: unknown[] = [];
    class RecordingWebSocket extends WebSocket {
      constructor(...args: [url: string, protocols?: string | string[]]) {
        super(...args);
        given.push(args.length, this);
      }
    }
    const options = { url: server.url, WebSocket: RecordingWebSocket };
    await using _connection = await connect("test", options);
    assert.equal(given[0], count);
    const [, socket] = given as [number, WebSocket];
    assert.equal(socket.protocol, count === 2 ? "hoist.v1" : "");
  }
});

const BOTH = ["hoist.v1", "hoist.heartbeat"];

for (
  const [protocols, heartbeat, offered, stated] of [
    [BOTH, undefined, BOTH, { interval: 25_000, timeout: 10_000 }],
    [BOTH, true, BOTH, { interval: 25_000, timeout: 10_000 }],
    [BOTH, { interval: 5_000 }, BOTH, { interval: 5_000, timeout: 10_000 }],
    [BOTH, false, ["hoist.v1"], undefined],
    [["hoist.v1"], true, ["hoist.v1"], undefined],
    // If the server selected none, a browser would fail the WebSocket.
    [["hoist.heartbeat"], true, undefined, undefined],
    [undefined, true, undefined, undefined],
  ] as const
) {
  const shown = JSON.stringify(heartbeat);

  Deno.test(`the client states ${JSON.stringify(stated)} to a server with ${protocols} if its heartbeat is ${shown}`, async () => {
    await using server = echoingServer({ version: "1.0.0", protocols });
    const connection = await connect("test", { url: server.url, heartbeat });
    await connection.close();
    assert.deepEqual(server.offered, [offered?.join(", ") ?? null]);
    const [login] = server.logins;
    assert.deepEqual(login!.heartbeat, stated);
    const features = login!.features as string[];
    assert.equal(features.includes("heartbeat"), heartbeat !== false);
  });
}
