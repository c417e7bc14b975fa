/** A server that does what a test says, and what a client needs to meet it. */

/** The answer of a Hoist server to `GET /hoist/ack`. */
export function ackResponse(): Response {
  return Response.json({ version: "1.0.1" });
}

/**
 * A server that is no Hoist server of ours: it does what the test says. A client that
 * was promised batches may send them: `text` is what it sent.
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

/** A request, or a goodbye, as a fake server reads it. */
export interface FakeRequest {
  readonly id: number;
  readonly action?: string;
  readonly end?: boolean;
}

/**
 * A server that answers the login with `login`, keeps what comes after it and does
 * with that what the test says, until the client says goodbye.
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
    const taken = requests.filter((request) => !isGoodbye(request));
    if (taken.length > 0) onRequests(socket, taken);
    if (requests.some(isGoodbye)) socket.close(1000);
  });
  return { ...server, texts };
}

/** A broadcast of a server. */
export function broadcastFrame(name: string): string {
  const message = { message: name, data: {}, id: 1, replying: null };
  return successFrame(null, "s_newmsg", message);
}

/** A success frame: protocol.md, "Frames". */
export function successFrame(
  id: number | null,
  message: string | null,
  data: unknown = null,
) {
  const rest = { success: true, error: null, code: 0, desc: null };
  return JSON.stringify({ ...rest, id, message, data });
}

/** An error frame: protocol.md, "Frames". */
export function errorFrame(
  id: number | null,
  code: number,
  data: unknown = null,
) {
  const rest = { success: false, error: "SOME_ERROR", message: "Some error." };
  return JSON.stringify({ ...rest, id, code, data, desc: null });
}
