/** Servers whose replies a test controls, and the frames that they send. */

/** Returns the response of a Hoist server to `GET /hoist/ack`. */
export function ackResponse(): Response {
  return Response.json({ version: "1.0.1" });
}

/**
 * Starts a server that calls `onFrame` for each frame. `frame` is an array if the client
 * sent a batch, and `text` is the frame as it was sent.
 */
export function fakeServer(
  onFrame: (
    socket: WebSocket,
    frame: Record<string, unknown>,
    text: string,
  ) => void,
  ack: (request: Request) => Response | Promise<Response> = ackResponse,
): AsyncDisposable & { readonly url: string } {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      if (request.headers.get("upgrade") === null) return ack(request);
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => onFrame(socket, JSON.parse(data), data);
      return response;
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A request or a goodbye that a fake server received. */
export interface FakeRequest {
  readonly id: number;
  readonly action?: string;
  readonly end?: boolean;
}

/**
 * Starts a server that answers the login with `login`, records the later frames and
 * calls `onRequests` for each frame until the client says goodbye.
 */
export function recordingServer(
  login: string,
  onRequests: (socket: WebSocket, requests: readonly FakeRequest[]) => void,
) {
  const texts: string[] = [];
  const server = fakeServer((socket, frame, text) => {
    if ("token" in frame) return socket.send(login);
    texts.push(text);
    const requests = [frame].flat() as unknown as FakeRequest[];
    const isGoodbye = ({ end }: FakeRequest) => end === true;
    const others = requests.filter((request) => !isGoodbye(request));
    if (others.length > 0) onRequests(socket, others);
    if (requests.some(isGoodbye)) socket.close(1000);
  });
  return { ...server, texts };
}

/** Returns the frame of a broadcast. */
export function broadcastFrame(name: string): string {
  const message = { message: name, data: {}, id: 1, replying: null };
  return successFrame(null, "s_newmsg", message);
}

/** Returns a success frame: docs/reference/protocol.md, "Frames". */
export function successFrame(
  id: number | null,
  message: string | null,
  data: unknown = null,
) {
  const rest = { success: true, error: null, code: 0, desc: null };
  return JSON.stringify({ ...rest, id, message, data });
}

/** Returns an error frame: docs/reference/protocol.md, "Frames". */
export function errorFrame(
  id: number | null,
  code: number,
  data: unknown = null,
) {
  const rest = { success: false, error: "SOME_ERROR", message: "Some error." };
  return JSON.stringify({ ...rest, id, code, data, desc: null });
}
