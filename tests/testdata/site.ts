/** Servers of this machine that a test fetches from. */

/** What a server was asked for. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A web server of this machine. */
export interface Site extends AsyncDisposable {
  readonly port: number;
  /** The URL of a path, with another name in place of the address if it is said */
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

/** A server that answers one connection with what a web server does not say. */
export interface RawSite extends AsyncDisposable {
  readonly url: string;
  /** Resolves when it has said all that it has to say */
  readonly answered: Promise<void>;
  /** Resolves when the connection has ended, by whichever side */
  readonly closed: Promise<void>;
}

/** Starts a server that says the same to whoever comes first. */
export function answerRaw(answer: string, { isHeldOpen = true } = {}): RawSite {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { promise: answered, resolve } = Promise.withResolvers<void>();
  const closed = (async () => {
    using connection = await listener.accept();
    await connection.read(new Uint8Array(10_000));
    await connection.write(new TextEncoder().encode(answer));
    resolve();
    // A reset is an end as well.
    const isOpen = () => connection.read(new Uint8Array(1)).catch(() => null);
    while (isHeldOpen && await isOpen());
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}/`,
    answered,
    closed,
    async [Symbol.asyncDispose]() {
      listener.close();
      // Who gives up early may never have been heard.
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
