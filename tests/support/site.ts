/** Local web servers from which tests fetch. */

/** A request that the server received. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A local web server. */
export interface Site extends AsyncDisposable {
  readonly port: number;
  /** Returns the URL of a path, with another host name in place of the address if given */
  at(path: string, hostname?: string): string;
  readonly requests: readonly Asked[];
}

/** Starts a web server. */
export function serve(
  handler: (request: Request) => Response | Promise<Response>,
  options: { hostname?: string; cert?: string; key?: string } = {},
): Site {
  const { hostname = "127.0.0.1", cert, key } = options;
  const certificate = cert && key ? { cert, key } : {};
  const requests: Asked[] = [];
  const server = Deno.serve(
    { hostname, port: 0, onListen: () => {}, ...certificate },
    (request) => {
      const { method, url, headers } = request;
      requests.push({ method, url, headers: Object.fromEntries(headers) });
      return handler(request);
    },
  );
  const { port } = server.addr;
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  const scheme = cert ? "https" : "http";
  return {
    port,
    at: (path, name = host) => `${scheme}://${name}:${port}${path}`,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A TCP server that answers one connection with bytes that no web server sends. */
export interface RawSite extends AsyncDisposable {
  readonly url: string;
  /** Resolves when the server has sent everything */
  readonly answered: Promise<void>;
  /** Resolves when either side has ended the connection */
  readonly closed: Promise<void>;
}

/** Starts a server that sends the same bytes to the first client. */
export function answerRaw(answer: string, { isHeldOpen = true } = {}): RawSite {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { promise: answered, resolve } = Promise.withResolvers<void>();
  const closed = (async () => {
    using connection = await listener.accept();
    await connection.read(new Uint8Array(10_000));
    await connection.write(new TextEncoder().encode(answer));
    resolve();
    // A reset ends the connection, too.
    const isOpen = () => connection.read(new Uint8Array(1)).catch(() => null);
    while (isHeldOpen && await isOpen());
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}/`,
    answered,
    closed,
    async [Symbol.asyncDispose]() {
      listener.close();
      // A client that gives up early may never have connected.
      await closed.catch(() => {});
    },
  };
}

/** Whether this machine has an address. */
export function canBind(hostname: string): boolean {
  try {
    Deno.listen({ hostname, port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}
