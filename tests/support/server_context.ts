/** The parts of a server, without a port and without connections. */

import { resolveLimits } from "../../server/limits.ts";
import { Admission, type RemotePeer } from "../../server/admission.ts";
import { Authenticator } from "../../server/authenticator.ts";
import { Broadcaster } from "../../server/broadcaster.ts";
import { ConnectionLines } from "../../server/connection_log.ts";
import { type ServerContext, Shutdown } from "../../server/context.ts";
import { TokenStore } from "../../server/credentials.ts";
import { Log } from "../../server/log.ts";
import { Metrics } from "../../server/metrics.ts";
import { MiddlewareChain } from "../../server/middleware.ts";
import { Registry } from "../../server/registry.ts";
import { SilenceWheel, Stalls } from "../../server/silence.ts";
import { MemoryBroker } from "../../broker/memory_broker.ts";
import { MemoryStore } from "../../broker/memory_store.ts";
import { RoomClients } from "../../server/room_clients.ts";
import { Rooms } from "../../server/rooms.ts";
import { FairScheduler, Turns } from "../../server/scheduler.ts";
import { OVERRUN } from "../../server/client_rates.ts";
import { SharedRates } from "../../server/shared_rates.ts";
import type { Socket } from "../../server/socket.ts";
import { LogRecorder } from "./log_recorder.ts";

/** The address of the client in tests without a network. */
export const ADDRESS = "192.0.2.1:1";

/** Creates the shared state of a server with the token `test`. */
export function serverContext(
  overrides: Partial<ServerContext> = {},
  logger = new LogRecorder(),
): ServerContext {
  const log = new Log({ logger, logLevel: "info" });
  const limits = resolveLimits();
  const defer = (turn: () => void) => void setImmediate(turn);
  const turns = new Turns(defer);
  const scheduler = new FairScheduler(defer);
  let lastMessageId = 0;
  const metrics = new Metrics();
  const rooms = new Rooms({
    metrics,
    ...{ log, turns, maxBatch: 16_384 },
    maxBuffered: limits.maxBuffered,
    maxConnections: limits.maxConnections,
    broker: new MemoryBroker(new MemoryStore(limits)),
    nextMessageId: () => ++lastMessageId,
  });
  return {
    telemetry: undefined,
    nodeId: "this-server",
    admin: undefined,
    metrics,
    node: undefined,
    log,
    limits,
    rules: {},
    contract: undefined,
    authorization: undefined,
    nameLimits: undefined,
    middleware: new MiddlewareChain(),
    registry: new Registry(undefined),
    authenticator: new Authenticator({
      log,
      login: undefined,
      loginTimeout: limits.loginTimeout,
      maxBuffered: limits.maxBuffered,
      credentials: new TokenStore("test", [], () => {}),
      admission: new Admission({
        limits,
        trustProxy: 0,
        isAllowed: () => true,
      }),
    }),
    turns,
    broadcaster: new Broadcaster(turns),
    rooms: new RoomClients(rooms, scheduler, { exposeErrors: false, limits }),
    connections: new Set(),
    scheduler,
    idleTimeout: 30_000,
    silence: new SilenceWheel(),
    stalls: new Stalls(),
    identityRates: new SharedRates(limits.maxRatePerToken),
    overruns: new SharedRates(OVERRUN.perSecond, OVERRUN.burst),
    exposeErrors: false,
    onSlow: "disconnect",
    connectionLines: new ConnectionLines(),
    shutdown: new Shutdown(),
    nextMessageId: () => ++lastMessageId,
    ...overrides,
  };
}

/** A WebSocket that keeps the frames that it is sent, as if the peer did not read. */
export class FakeSocket implements Socket {
  readyState: number = WebSocket.OPEN;
  bufferedAmount = 0;
  /** Whether the frames count towards `bufferedAmount` */
  buffers = false;
  readonly sent: string[] = [];
  /** The codes with which the server has closed the socket */
  readonly closed: (number | undefined)[] = [];
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;

  constructor(readyState: number = WebSocket.OPEN) {
    this.readyState = readyState;
  }

  send(frame: unknown): void {
    if (this.readyState !== WebSocket.OPEN) {
      throw new DOMException("not open", "InvalidStateError");
    }
    this.sent.push(String(frame));
    if (this.buffers) this.bufferedAmount += String(frame).length;
  }

  close(code?: number): void {
    this.closed.push(code);
  }

  /** Opens the socket. */
  open(): void {
    this.readyState = WebSocket.OPEN;
    (this.onopen as (() => void) | null)?.();
  }

  /** Receives frames from the client. */
  receive(...frames: readonly unknown[]): void {
    for (const frame of frames) {
      const data = JSON.stringify(frame);
      const onmessage = this.onmessage as ((event: Event) => void) | null;
      onmessage?.(new MessageEvent("message", { data }));
    }
  }

  /** Ends the connection. */
  end(code = 1000, reason = "", wasClean = code !== 0): void {
    this.readyState = WebSocket.CLOSED;
    const onclose = this.onclose as ((event: CloseEvent) => void) | null;
    onclose?.(new CloseEvent("close", { code, reason, wasClean }));
  }
}

/** Returns the remote end of a client that is alone in its network. */
export function peerAt(address: string): RemotePeer {
  return { address, network: address };
}
