import assert from "node:assert/strict";
import {
  constructSocket,
  type RequestSettings,
} from "../../client/construct_socket.ts";

/** Records the arguments of its constructor. */
class RecordingSocket {
  readonly values: readonly unknown[];

  constructor(...values: unknown[]) {
    this.values = values;
  }
}

const URL = "ws://h/hoist";

/** Returns the arguments that a class gets. */
function argumentsOf(
  protocols: string | string[] | undefined,
  settings: RequestSettings,
): readonly unknown[] {
  return constructSocket(RecordingSocket, URL, protocols, settings).values;
}

Deno.test("passes no options if there are none", () => {
  assert.deepEqual(argumentsOf(undefined, {}), [URL]);
  assert.deepEqual(argumentsOf("a", {}), [URL, "a"]);
  assert.deepEqual(argumentsOf(["a", "b"], {}), [URL, ["a", "b"]]);
});

Deno.test("passes the settings in the third argument of another class", () => {
  const headers = { a: "b" };
  assert.deepEqual(argumentsOf("a", { headers }), [URL, "a", { headers }]);
  assert.deepEqual(argumentsOf(undefined, { headers }), [URL, [], { headers }]);
  const [, , options] = argumentsOf("a", { caCerts: ["PEM"] });
  assert.deepEqual(options, { ca: ["PEM"] });
});

Deno.test("passes the settings in the second argument of the class of the runtime", () => {
  const real = globalThis.WebSocket;
  globalThis.WebSocket = RecordingSocket as unknown as typeof WebSocket;
  try {
    const headers = { a: "b" };
    const all = { protocols: ["a"], headers };
    assert.deepEqual(argumentsOf("a", { headers }), [URL, all]);
    assert.deepEqual(argumentsOf(undefined, { headers }), [URL, { headers }]);
    const [, options] = argumentsOf(undefined, { caCerts: [] });
    assert.deepEqual(Object.keys(options as object), ["client"]);
  } finally {
    globalThis.WebSocket = real;
  }
});
