/** The client and the server of version 1.0: tests/testdata/version_1_0/README.md. */

import { connect } from "../../client.ts";
import type { JsonObject } from "../../common/json.ts";
import { serve } from "../../server.ts";

/** A message, as both versions pass it to listeners */
export interface AnyMessage {
  readonly name: string;
  readonly data: JsonObject;
  reply(name: string, data?: JsonObject): unknown;
}

/** A client of the server, as both versions have it */
interface AnyServerClient {
  request(name: string, data?: JsonObject): Promise<AnyMessage>;
  close(code?: number, reason?: string): unknown;
}

/** What both versions of the server can do */
export interface AnyServer extends AsyncDisposable {
  readonly url: string;
  readonly addr: { readonly port: number };
  readonly clients: ReadonlySet<AnyServerClient>;
  operation(
    name: string,
    handler: (
      data: JsonObject,
      context: { readonly signal: AbortSignal },
    ) => unknown,
  ): Disposable;
  receive(name: string, listener: (message: AnyMessage) => unknown): Disposable;
  broadcast(name: string, data?: JsonObject): Promise<unknown>;
  close(): Promise<void>;
}

/** The state of a connection, as both versions report it */
export interface AnyStatus {
  readonly state: string;
  readonly delay?: number;
  readonly close?: { readonly code: number; readonly reason: string };
}

/** What both versions of the client can do */
export interface AnyConnection extends AsyncDisposable {
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  message(
    name: string,
    data?: JsonObject,
    options?: { readonly signal?: AbortSignal; readonly timeout?: number },
  ): Promise<{ readonly replies: readonly AnyMessage[] }>;
  request(name: string, data?: JsonObject): Promise<AnyMessage>;
  operation(
    name: string,
    data?: JsonObject,
    options?: { readonly signal?: AbortSignal; readonly timeout?: number },
  ): Promise<unknown>;
  stream(
    name: string,
    data?: JsonObject,
    options?: { readonly buffer?: number },
  ): AsyncIterableIterator<unknown, void, void>;
  receive(
    name: string,
    listener: (message: AnyMessage) => unknown,
  ): Disposable;
  onState(listener: (status: AnyStatus) => void): Disposable;
  close(): Promise<void>;
}

/** The options of both versions that the tests use */
interface AnyOptions {
  readonly url: string;
  readonly reconnect?: { readonly minDelay: number; readonly maxDelay: number };
  readonly WebSocket?: typeof WebSocket;
  readonly logger?: Pick<Console, "warn" | "error">;
}

/** A version of the package */
export interface Version {
  serve(token: string, options?: Record<string, unknown>): AnyServer;
  connect(token: string, options: AnyOptions): Promise<AnyConnection>;
}

/** The package of this checkout. */
export const CURRENT: Version = {
  serve: (token, options) => serve(token, options) as unknown as AnyServer,
  connect: async (token, options) =>
    await connect(token, options) as unknown as AnyConnection,
};

/** Version 1.0 of the package. */
export const VERSION_1_0: Version = {
  serve: (await load("server.js")).serve,
  connect: (await load("client.js")).connect,
};

// A bundle has no types, and TypeScript would infer wrong types from its code.
async function load(name: string) {
  const url = new URL(`../testdata/version_1_0/${name}`, import.meta.url);
  return await import(url.href);
}

/** The frames that the sockets of a client sent and received, without their batches. */
export class FrameRecorder {
  readonly sent: JsonObject[] = [];
  readonly received: JsonObject[] = [];
  /** The subprotocols that the client offered */
  readonly protocols: unknown[] = [];
  /** The class for the option `WebSocket` of a client */
  readonly WebSocket: typeof WebSocket;

  constructor() {
    const { sent, received, protocols } = this;
    this.WebSocket = class extends WebSocket {
      constructor(url: string | URL, offered?: string | string[]) {
        super(url, offered);
        protocols.push(...[offered ?? []].flat());
        this.addEventListener("message", ({ data }) => {
          received.push(...[JSON.parse(data)].flat());
        });
      }

      override send(data: string): void {
        sent.push(...[JSON.parse(data)].flat());
        super.send(data);
      }
    } as typeof WebSocket;
  }
}
