import assert from "node:assert/strict";
import { Log } from "../log.ts";
import { Listeners } from "../message.ts";
import { Operations } from "../operation.ts";
import {
  type ClientHost,
  ServerClient,
  type Socket,
} from "../server_client.ts";
import { Recorder } from "./helpers.ts";

const ORIGIN = {
  address: "192.0.2.1:1",
  url: new URL("http://localhost/hoist"),
  headers: new Headers(),
};

/** A socket in a state that a real one is in for too short a time. */
function socketIn(readyState: number): Socket & { readonly closed: number[] } {
  const closed: number[] = [];
  return {
    readyState,
    closed,
    send: () => {
      throw new DOMException("not open", "InvalidStateError");
    },
    close: (code) => void closed.push(code ?? 0),
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
  };
}

/** A server that keeps what its client tells it. */
function makeHost(events: string[]): ClientHost {
  const logger = new Recorder();
  return {
    log: new Log({ logger, level: "info", secret: "test" }),
    listeners: new Listeners(),
    operations: new Operations(),
    exposeErrors: false,
    token: "test",
    loginTimeout: 10_000,
    minimumVersion: undefined,
    nextMessageId: () => 1,
    authenticate: () => Promise.resolve(true),
    join: () => events.push("join"),
    leave: () => events.push("leave"),
    forget: () => events.push("forget"),
  };
}

Deno.test("a client that is closed before its WebSocket opens is closed when it does", () => {
  const events: string[] = [];
  const socket = socketIn(WebSocket.CONNECTING);
  new ServerClient(1, makeHost(events), socket, ORIGIN).close(4000);
  assert.deepEqual([socket.closed, events], [[4000], ["leave"]]);
  (socket.onopen as () => void)();
  assert.deepEqual([socket.closed, events], [[4000, 4000], ["leave"]]);
});

Deno.test("a client whose WebSocket is closing is forgotten when it is closed", () => {
  const events: string[] = [];
  const socket = socketIn(WebSocket.OPEN);
  const client = new ServerClient(1, makeHost(events), socket, ORIGIN);
  client.close(4000, "enough");
  client.close();
  assert.deepEqual([socket.closed, events], [[4000], ["leave"]]);
  // Deno fires it twice if a ping is not answered.
  const onclose = socket.onclose as (event: CloseEvent) => void;
  for (const code of [1001, 1005]) onclose(new CloseEvent("close", { code }));
  assert.deepEqual(events, ["leave", "forget", "forget"]);
});

Deno.test("a client whose WebSocket cannot send any more does not throw", () => {
  for (const state of [WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED]) {
    const client = new ServerClient(1, makeHost([]), socketIn(state), ORIGIN);
    assert.equal(client.send("frame"), false);
    assert.equal(client.message("hello").name, "hello");
    client.close();
  }
});
