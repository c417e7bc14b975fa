/** Mounted servers. */

import { type RequestInfo, type ServeOptions, Server } from "../../server.ts";
import { LogRecorder } from "./log_recorder.ts";
import type { Addressed } from "./tcp_peer.ts";

/** A server that is mounted in another one. */
export interface Mounted extends Addressed, AsyncDisposable {
  readonly server: Server;
  readonly logger: LogRecorder;
}

/** The request header with the address of the client. The default is `127.0.0.1`. */
export const ADDRESS_HEADER = "X-Test-From";

/** Answers a request with a mounted server. */
type Respond = (
  server: Server,
  request: Request,
  info: RequestInfo,
) => Response | Promise<Response>;

/** Mounts a server that reads the address of a client from a header. */
export function mount(options: ServeOptions = {}): Mounted {
  return mountIn((server, request) => {
    const hostname = request.headers.get(ADDRESS_HEADER) ?? "127.0.0.1";
    const remoteAddr = { transport: "tcp" as const, hostname, port: 4000 };
    return server.fetch(request, { remoteAddr });
  }, options);
}

/** Mounts a server in a handler. */
export function mountIn(
  respond: Respond,
  options: ServeOptions = {},
): Mounted {
  const logger = new LogRecorder();
  const server = new Server("test", { logger, ...options });
  const http = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request, info) => respond(server, request, info),
  );
  return {
    server,
    logger,
    addr: http.addr,
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await http.shutdown();
    },
  };
}
