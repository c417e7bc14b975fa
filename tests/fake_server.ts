/** A server that does what a test says, and what a client needs to meet it. */

import assert from "node:assert/strict";

/** The answer of a Hoist server to `GET /hoist/ack`. */
export function acknowledgement(): Response {
  return Response.json({ version: "1.0.1" });
}

/** A server that is no Hoist server of ours: it does what the test says. */
export function fakeServer(
  onFrame: (socket: WebSocket, frame: Record<string, unknown>) => void,
  ack: (request: Request) => Response | Promise<Response> = acknowledgement,
): AsyncDisposable & { readonly url: string } {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      if (request.headers.get("upgrade") === null) return ack(request);
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => onFrame(socket, JSON.parse(data));
      return response;
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A success frame: protocol.md, "Frames". */
export function success(
  id: number | null,
  message: string | null,
  data: unknown = null,
) {
  const rest = { success: true, error: null, code: 0, desc: null };
  return JSON.stringify({ ...rest, id, message, data });
}

/** An error frame: protocol.md, "Frames". */
export function failure(id: number | null, code: number, data: unknown = null) {
  const rest = { success: false, error: "SOME_ERROR", message: "Some error." };
  return JSON.stringify({ ...rest, id, code, data, desc: null });
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    assert(error instanceof Error);
    return error;
  }
  throw new assert.AssertionError({ message: "The promise did not reject" });
}
