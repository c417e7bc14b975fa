/**
 * The spans of the requests of a client, for OpenTelemetry.
 *
 * @module
 */

import {
  type Attributes,
  findTelemetry,
  SpanKind,
  type Spans,
  type StartedSpan,
} from "../common/telemetry.ts";

/** The value of `rpc.system.name` */
const SYSTEM = "hoist";

/** Starts the spans of the requests of one connection. */
export class RequestSpans {
  readonly #spans: Spans;
  readonly #server: Attributes;

  /**
   * Constructs `RequestSpans`.
   *
   * @param spans Which requests get a span
   * @param url The URL of the server
   */
  constructor(spans: Spans, url: string) {
    const { hostname, port, protocol } = new URL(url);
    const isSecure = protocol === "https:" || protocol === "wss:";
    this.#spans = spans;
    this.#server = {
      "rpc.system.name": SYSTEM,
      // A URL has brackets around an IPv6 address.
      "server.address": hostname.replace(/^\[|\]$/g, ""),
      "server.port": Number(port) || (isSecure ? 443 : 80),
    };
  }

  /** Starts the span of a request; returns `undefined` if it gets none. */
  start(name: string): StartedSpan | undefined {
    const telemetry = this.#spans === "none" ? undefined : findTelemetry();
    if (telemetry === undefined) return undefined;
    if (this.#spans === "linked" && !telemetry.hasSpan) return undefined;
    const attributes = { ...this.#server, "rpc.method": name };
    return telemetry.start(name, { kind: SpanKind.CLIENT, attributes });
  }

  /** Starts the span of the listeners to a request of the server, if its caller has one. */
  startListeners(
    name: string,
    traceparent: string | undefined,
  ): StartedSpan | undefined {
    if (traceparent === undefined || this.#spans === "none") return undefined;
    const attributes = { "rpc.system.name": SYSTEM, "rpc.method": name };
    const kind = SpanKind.SERVER;
    return findTelemetry()?.start(name, { kind, attributes, traceparent });
  }
}
