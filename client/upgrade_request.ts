/**
 * The request that opens a WebSocket: RFC 6455, section 4.1.
 *
 * @module
 */

/** What a handshake asks for */
export interface UpgradeRequest {
  readonly url: URL;
  /** The subprotocols that the client offers */
  readonly protocols: readonly string[];
  /** Additional headers; they replace the default ones */
  readonly headers: HeadersInit | undefined;
  /** The value of `Sec-WebSocket-Key` */
  readonly key: string;
}

/** The constant of RFC 6455, section 1.3. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Returns a new value for `Sec-WebSocket-Key`: 16 random bytes. */
export function makeKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes));
}

/** Returns the value of `Sec-WebSocket-Accept` that belongs to a key. */
export async function acceptValue(key: string): Promise<string> {
  const bytes = new TextEncoder().encode(key + GUID);
  const hash = await crypto.subtle.digest("SHA-1", bytes);
  return btoa(String.fromCharCode(...new Uint8Array(hash)));
}

/**
 * Encodes the request of a handshake.
 *
 * @throws {TypeError} If a header is invalid
 */
export function encodeUpgrade(request: UpgradeRequest): Uint8Array {
  const { url, protocols, key } = request;
  const headers = new Headers(authorization(url));
  headers.set("user-agent", navigator.userAgent);
  for (const [name, value] of new Headers(request.headers)) {
    headers.set(name, value);
  }
  headers.set("host", url.host);
  headers.set("upgrade", "websocket");
  headers.set("connection", "Upgrade");
  headers.set("sec-websocket-version", "13");
  headers.set("sec-websocket-key", key);
  if (protocols.length > 0) {
    headers.set("sec-websocket-protocol", protocols.join(", "));
  }
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`);
  const target = `${url.pathname}${url.search}`;
  const head = [`GET ${target} HTTP/1.1`, ...lines, "", ""].join("\r\n");
  // The values of headers are bytes: `Headers` accepts no character above U+00FF.
  return Uint8Array.from(head, (character) => character.charCodeAt(0));
}

/** The user name and the password of the URL, which the runtime's WebSocket sends, too. */
function authorization({ username, password }: URL): HeadersInit {
  if (username === "" && password === "") return {};
  const credentials = `${decode(username)}:${decode(password)}`;
  const bytes = new TextEncoder().encode(credentials);
  return { authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
