/**
 * The client of a connection, as hooks, listeners and handlers see it.
 *
 * @module
 */

import { CloseCode } from "../common/errors.ts";
import { ignorable } from "../common/ignorable.ts";
import type { JsonObject } from "../common/json.ts";
import type { RequestOptions } from "../common/request_options.ts";
import { assertClose, type CloseInfo } from "../protocol/close.ts";
import type { Message } from "../protocol/message.ts";
import type { Authenticated } from "./authenticator.ts";
import type { BroadcastBatch, Delivery } from "./broadcaster.ts";
import { ClientEnd } from "./client_end.ts";
import type { Visit } from "./lifecycle.ts";
import type { Client, ClientMessage } from "./message.ts";
import type { MessageSender } from "./outgoing.ts";
import type { ConnectionRooms } from "./connection_rooms.ts";
import type { Transport } from "./transport.ts";

/** How many requests of a client are in progress. */
export interface RequestsInProgress {
  /** The number of requests in progress, including streams */
  readonly pending: number;
  /** The number of streams in progress */
  readonly streams: number;
}

/** What a server knows about a client, beyond its address. Idle clients have no end. */
export class ClientState {
  /** The version of the client; empty before the login */
  version = "";
  /** The result of the login; `undefined` before it */
  authenticated: Authenticated | undefined;
  /** When the client has connected, in milliseconds since 1970 */
  readonly connectedAt: number = Date.now();
  /** The requests of the client in progress; `undefined` until the connection exists */
  requests: RequestsInProgress | undefined;
  /** The calls of the hooks; `undefined` if the application has none */
  visit: Visit | undefined;
  #end: ClientEnd | undefined;

  /**
   * Returns the end of the connection, for the application.
   *
   * @param info How the connection has ended; `undefined` if it is open
   */
  end(info: CloseInfo | undefined): ClientEnd {
    return this.#end ??= new ClientEnd(info);
  }

  /** Called once, when the connection has ended. */
  onClosed(info: CloseInfo): void {
    this.#end?.onClosed(info);
    this.visit?.onClosed(info);
  }
}

const NOTHING: Delivery = { delivered: 0, rest: "failed", sends: 0 };

/**
 * The client of a connection, as hooks, listeners and handlers see it. Everything that it
 * uses is private, because the connection knows the token of the client.
 */
export class ConnectedClient implements Client {
  readonly id: number;
  readonly address: string;
  readonly #state: ClientState;
  readonly #transport: Transport;
  readonly #sender: MessageSender;
  readonly #rooms: ConnectionRooms;

  /**
   * Constructs a `ConnectedClient`.
   *
   * @param id The number of the client
   * @param address The address of the client
   * @param state What the server knows about the client
   * @param transport The socket of the client
   * @param sender Sends messages to the client
   * @param rooms The rooms of the server
   */
  constructor(
    id: number,
    address: string,
    state: ClientState,
    transport: Transport,
    sender: MessageSender,
    rooms: ConnectionRooms,
  ) {
    this.id = id;
    this.address = address;
    this.#state = state;
    this.#transport = transport;
    this.#sender = sender;
    this.#rooms = rooms;
  }

  /**
   * Sends broadcasts to a client, behind those that it lacks. It is static, because
   * applications have the client.
   */
  static deliver(client: Client, batch: BroadcastBatch): Delivery {
    const transport = ConnectedClient.transportOf(client);
    transport?.catchUp();
    return transport?.deliver(batch) ?? NOTHING;
  }

  /** Returns whether a value is a client of the server with these rooms. */
  static isOf(rooms: ConnectionRooms, value: unknown): value is Client {
    return value instanceof ConnectedClient && value.#rooms === rooms;
  }

  /** Returns whether a client has logged in with the token of an admin. */
  static hasAdminToken(client: Client): boolean {
    return client instanceof ConnectedClient &&
      client.#state.authenticated?.credential?.isAdmin === true;
  }

  /** Returns what the server knows about a client; `undefined` if it is not a client. */
  static stateOf(client: Client): ClientState | undefined {
    return client instanceof ConnectedClient ? client.#state : undefined;
  }

  /** Returns the socket of a client; `undefined` if the client is not one of a server. */
  static transportOf(client: Client): Transport | undefined {
    return client instanceof ConnectedClient ? client.#transport : undefined;
  }

  get globalId(): string {
    return `${this.#sender.nodeId}.${this.id}`;
  }

  get identity(): unknown {
    return this.#state.authenticated?.identity;
  }

  get user(): string | undefined {
    return this.#state.authenticated?.user;
  }

  get rooms(): readonly string[] {
    return this.#rooms.namesOf(this.#transport);
  }

  get version(): string {
    return this.#state.version;
  }

  get data(): unknown {
    return this.#state.visit?.data;
  }

  get closed(): Promise<CloseInfo> {
    return this.#state.end(this.#transport.closed).closed;
  }

  get signal(): AbortSignal {
    return this.#state.end(this.#transport.closed).signal;
  }

  message(name: string, data: JsonObject = {}): Message {
    return this.#sender.push(name, data);
  }

  request(
    name: string,
    data: JsonObject = {},
    options?: RequestOptions,
  ): Promise<ClientMessage> {
    return this.#sender.request(name, data, options);
  }

  join(name: string): Promise<void> {
    return ignorable(this.#rooms.put(this, this.#transport, name));
  }

  leave(name: string): void {
    this.#rooms.putOut(this.#transport, name);
  }

  close(code: number = CloseCode.NORMAL, reason = ""): void {
    assertClose(code, reason);
    this.#transport.close(code, reason);
  }
}
