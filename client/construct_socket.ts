/**
 * Constructs WebSockets with the headers and the certificate authorities of the caller.
 *
 * @module
 */

import { createHttpClient } from "./runtime.ts";

/** What a request to the server contains besides its URL */
export interface RequestSettings {
  /** The option `headers`, which no log and no error shows */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The option `caCerts` */
  readonly caCerts?: readonly string[] | undefined;
}

/** All that a WebSocket class can accept */
type AnyConstructor<Socket> = new (
  url: string,
  protocols?: unknown,
  options?: unknown,
) => Socket;

/**
 * Constructs a WebSocket. The class of the runtime gets the settings in its second argument,
 * and any other class in its third, as npm's `ws` expects it.
 *
 * @param WebSocket The class
 * @param url The URL of the WebSocket
 * @param protocols The subprotocols to offer; none if omitted
 * @param settings The headers and the certificate authorities
 *
 * @throws What the class throws
 */
export function constructSocket<Socket>(
  WebSocket: new (url: string, protocols?: string | string[]) => Socket,
  url: string,
  protocols: string | string[] | undefined,
  { headers, caCerts }: RequestSettings,
): Socket {
  const Any = WebSocket as AnyConstructor<Socket>;
  if (headers === undefined && caCerts === undefined) {
    return protocols === undefined ? new Any(url) : new Any(url, protocols);
  }
  // A value that is `undefined` could be rejected.
  const sent = headers && { headers };
  if ((WebSocket as unknown) !== globalThis.WebSocket) {
    const trusted = caCerts && { ca: caCerts };
    return new Any(url, protocols ?? [], { ...sent, ...trusted });
  }
  const client = caCerts && createHttpClient(caCerts);
  try {
    const offered = protocols && { protocols: [protocols].flat() };
    return new Any(url, { ...offered, ...sent, ...(client && { client }) });
  } finally {
    client?.close();
  }
}
