/**
 * The events to all clients, or to all clients of a user, on this server and on the others.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import { describeMessage } from "../common/text.ts";
import { type BroadcastOptions, resolveLedger } from "./method_options.ts";
import type { BroadcastCounts, BroadcastResult } from "./broadcaster.ts";
import type { ServerContext } from "./context.ts";
import { addCounts, countsIn, LEDGER_TIMEOUT } from "./ledger.ts";
import { DONE, type NodeHandler, objectIn, stringIn } from "./node_messages.ts";
import { encodeOutgoing } from "./outgoing.ts";
import type { Users } from "./users.ts";

/** An event to the clients of all servers. */
interface Announcement {
  readonly kind: "broadcast" | "user";
  readonly fields: JsonObject;
  readonly isCounted: boolean;
  /** Sends the event to the clients of this server. */
  send(): Promise<BroadcastCounts>;
}

/** Sends events to all clients. */
export class Announcements {
  readonly #context: ServerContext;
  readonly #users: Users;
  /** Whether a broadcast without clients was logged since the last login */
  #hasLoggedNoClients = false;

  /** Constructs `Announcements`, which handle those of other servers. */
  constructor(context: ServerContext, users: Users) {
    this.#context = context;
    this.#users = users;
    context.node?.handle("broadcast", this.#handler("broadcast"));
    context.node?.handle("user", this.#handler("user"));
  }

  /** Notes that a client has logged in. */
  onClient(): void {
    this.#hasLoggedNoClients = false;
  }

  /**
   * Sends an event to all clients.
   *
   * @throws {TypeError} If the data is not a JSON object, or an option is unknown
   * @throws {RangeError} If the event is too large
   */
  async broadcast(
    name: string,
    data: JsonObject,
    options: BroadcastOptions,
    clients: number,
  ): Promise<BroadcastResult> {
    const isCounted = resolveLedger("Cannot broadcast", options);
    const { node, shutdown } = this.#context;
    const send = this.#prepare("broadcast", name, data);
    const isAlone = node === undefined;
    if (clients === 0 && isAlone && !shutdown.hasBegun) this.#warn(name);
    const fields = { name, data };
    return await this.#announce({ kind: "broadcast", fields, isCounted, send });
  }

  /**
   * Sends an event to all clients of a user.
   *
   * @throws {TypeError} If the data is not a JSON object, or an option is unknown
   * @throws {RangeError} If the event is too large
   */
  messageUser(
    user: string,
    name: string,
    data: JsonObject,
    options: BroadcastOptions,
  ): Promise<BroadcastResult> {
    const sending = this.#messageUser(user, name, data, options);
    return this.#context.log.ignorable("a message to a user", sending);
  }

  async #messageUser(
    user: string,
    name: string,
    data: JsonObject,
    options: BroadcastOptions,
  ): Promise<BroadcastResult> {
    const isCounted = resolveLedger("Cannot send the message", options);
    const send = this.#prepare("user", name, data, user);
    const fields = { user, name, data };
    return await this.#announce({ kind: "user", fields, isCounted, send });
  }

  async #announce(
    { kind, fields, isCounted, send }: Announcement,
  ): Promise<BroadcastResult> {
    const { node } = this.#context;
    if (!isCounted) {
      node?.notify(kind, fields);
      return { ...await send(), position: null };
    }
    const surveying = node?.survey(kind, fields, LEDGER_TIMEOUT);
    const own = await send();
    const { answers, silent } = await surveying ?? NOBODY;
    const others = [...answers.values()].map(countsIn);
    const counts = addCounts([own, ...others]);
    return { ...counts, position: null, silentNodes: silent };
  }

  /** Encodes an event, and returns a function that sends it to the clients of this server. */
  #prepare(
    kind: Announcement["kind"],
    name: string,
    data: JsonObject,
    user = "",
  ): () => Promise<BroadcastCounts> {
    const context = this.#context;
    const { frame } = encodeOutgoing(
      ...[context, null, "s_newmsg", name, data, null] as const,
    );
    const { broadcasts, deliveries } = context.metrics;
    const totals = deliveries[kind];
    // deno-lint-ignore require-await -- the other servers get the event meanwhile
    return async () => {
      broadcasts[kind]++;
      context.admin?.sink?.sent({ kind: "broadcast", name, data, ...TO_ALL });
      return kind === "broadcast"
        ? context.broadcaster.send({ frame, totals })
        : this.#users.send(user, frame, totals);
    };
  }

  #handler(kind: Announcement["kind"]): NodeHandler {
    return async (fields) => {
      const name = stringIn(fields, "name");
      const data = objectIn(fields, "data");
      const user = stringIn(fields, "user");
      if (name === undefined || data === undefined) return undefined;
      if (kind === "user" && user === undefined) return undefined;
      const counts = await this.#prepare(kind, name, data, user)();
      return { ...DONE, ...counts };
    };
  }

  #warn(name: string): void {
    const { lifecycle, log } = this.#context;
    // A hook that announces its client can have no other client to announce it to.
    const isIdle = lifecycle?.isIdle ?? true;
    if (this.#hasLoggedNoClients || !isIdle) return;
    this.#hasLoggedNoClients = true;
    const subject = describeMessage(log.redact(name));
    log.warn("broadcast", `${subject} was not sent: no client is connected`);
  }
}

const TO_ALL = { client: null, room: null, result: "ok" };

const NOBODY = { answers: new Map<string, JsonObject>(), silent: [] };
