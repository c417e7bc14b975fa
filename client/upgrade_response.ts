/**
 * The response that opens a WebSocket: RFC 6455, section 4.1.
 *
 * @module
 */

import { type ResponseHead, UpgradeError } from "./upgrade_error.ts";

/** The longest head of a response, in bytes. */
const MAX_HEAD = 16_384;

const SWITCHING_PROTOCOLS = 101;

/** Collects the head of a response, which arrives in chunks of any length. */
export class HeadReader {
  #text = "";
  /** Where the current head begins, after interim responses */
  #start = 0;

  /**
   * Reads the next bytes.
   *
   * @returns The head, and how many bytes at the end of the chunk follow it; `undefined` if
   * the head is incomplete
   *
   * @throws {UpgradeError} If the head is too long, or is not HTTP
   */
  read(
    chunk: Uint8Array,
  ): { readonly head: ResponseHead; readonly rest: number } | undefined {
    this.#text += latin1(chunk);
    assertHttp(this.#text);
    for (;;) {
      const end = this.#text.indexOf("\r\n\r\n", this.#start);
      assertLength(end < 0 ? this.#text.length : end);
      if (end < 0) return undefined;
      const head = parseHead(this.#text.slice(this.#start, end));
      this.#start = end + 4;
      const rest = this.#text.length - this.#start;
      if (!isInterim(head)) return { head, rest };
    }
  }
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** A server of another protocol can wait for a request of its own, and send no more. */
function assertHttp(text: string): void {
  const start = text.slice(0, HTTP.length);
  if (!HTTP.startsWith(start)) throw invalidHttp();
}

const HTTP = "HTTP/1.";

function assertLength(length: number): void {
  if (length <= MAX_HEAD) return;
  throw new UpgradeError(
    `the answer has more than ${MAX_HEAD} bytes of headers`,
  );
}

function parseHead(head: string): ResponseHead {
  const [first = "", ...lines] = head.split("\r\n");
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1];
  if (status === undefined) throw invalidHttp();
  const headers = new Headers();
  for (const line of lines) appendHeader(headers, line);
  return { status: Number(status), headers };
}

function appendHeader(headers: Headers, line: string): void {
  const colon = line.indexOf(":");
  try {
    headers.append(line.slice(0, Math.max(colon, 0)), line.slice(colon + 1));
  } catch {
    throw invalidHttp();
  }
}

/** Other responses come before the final one: RFC 9110, section 15.2. */
function isInterim({ status }: ResponseHead): boolean {
  return status >= 100 && status < 200 && status !== SWITCHING_PROTOCOLS;
}

function invalidHttp(): UpgradeError {
  return new UpgradeError("the answer is not HTTP");
}

/**
 * Checks the response to a handshake: RFC 6455, section 4.1.
 *
 * @param head The head of the response
 * @param accept The value of `Sec-WebSocket-Accept` that belongs to the key
 * @param protocols The subprotocols that the client offered
 *
 * @throws {UpgradeError} If the server did not open a WebSocket, or not as it was asked to
 */
export function checkUpgrade(
  head: ResponseHead,
  accept: string,
  protocols: readonly string[],
): void {
  const { status, headers } = head;
  if (status !== SWITCHING_PROTOCOLS) {
    throw new UpgradeError(`unexpected status code: ${status}`, head);
  }
  const wrong = findWrong(headers, accept, protocols);
  if (wrong === undefined) return;
  throw new UpgradeError(
    `the header ${wrong} of the answer is missing or wrong`,
  );
}

/** Returns the name of the header that is missing or wrong. */
function findWrong(
  headers: Headers,
  accept: string,
  protocols: readonly string[],
): string | undefined {
  const tokens = (headers.get("connection") ?? "").toLowerCase().split(",");
  const selected = headers.get("sec-websocket-protocol");
  const isExtended = (headers.get("sec-websocket-extensions") ?? "") !== "";
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") return "Upgrade";
  if (!tokens.some((token) => token.trim() === "upgrade")) return "Connection";
  if (headers.get("sec-websocket-accept") !== accept) {
    return "Sec-WebSocket-Accept";
  }
  // This client offers no extensions.
  if (isExtended) return "Sec-WebSocket-Extensions";
  return selected === null || protocols.includes(selected)
    ? undefined
    : "Sec-WebSocket-Protocol";
}
