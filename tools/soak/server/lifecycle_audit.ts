/**
 * Checks the hooks of the server: each `onConnect` is followed by one `onDisconnect`, and
 * the signal of each client aborts.
 *
 * @module
 */

import { type Client, CloseCode, type CloseInfo } from "@hoist/cli";
import { pause } from "../../lib/deadline.ts";
import type { Problems } from "../problems.ts";
import type { Identity } from "./login.ts";

/** What `onConnect` returns. */
export interface ClientData {
  /** The number of the client */
  readonly id: number;
}

/** The parts of a client that are checked. */
export type AuditedClient =
  & Pick<Client<Identity>, "id" | "identity" | "signal" | "closed">
  & { readonly data: unknown };

/** The counters, which are all the same if no client is connected. */
export interface LifecycleCounts {
  /** The calls of `onConnect` */
  readonly connected: number;
  /** The calls of `onDisconnect` */
  readonly disconnected: number;
  /** The clients whose signal has aborted */
  readonly aborted: number;
}

/** The hooks of the server. */
export class LifecycleAudit implements LifecycleCounts {
  connected = 0;
  disconnected = 0;
  aborted = 0;
  /** The clients that were silent for too long */
  evicted = 0;
  /** The clients whose `onConnect` failed */
  failed = 0;
  /** The numbers of the clients between `onConnect` and `onDisconnect` */
  readonly #present = new Set<number>();
  readonly #problems: Problems;

  /**
   * Constructs a `LifecycleAudit`.
   *
   * @param problems Receives each hook that must not be called
   */
  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** The option `onConnect`. It takes time for some clients, and fails for others. */
  onConnect(
    client: Omit<AuditedClient, "data">,
  ): ClientData | Promise<ClientData> {
    const { id, identity, signal } = client;
    this.connected++;
    if (this.#present.has(id)) {
      this.#report(`onConnect was called twice for client ${id}`);
    }
    this.#present.add(id);
    if (signal.aborted) {
      this.#report(`onConnect was called for client ${id}, which has left`);
    }
    // The listener must not refer to the client, which would keep it in memory.
    signal.addEventListener("abort", () => void this.aborted++);
    if (identity.treatment === "unready") throw new Error("requested error");
    const data = { id };
    return id % 2 === 0 ? data : pause(id % 5).then(() => data);
  }

  /** The option `onDisconnect`. */
  onDisconnect(client: AuditedClient, info: CloseInfo): void {
    const { id, identity, data, signal, closed } = client;
    this.disconnected++;
    if (!this.#present.delete(id)) {
      this.#report(
        `onDisconnect was called for client ${id}, which is not here`,
      );
    }
    if (!signal.aborted) {
      this.#report(`the signal of client ${id} has not aborted`);
    }
    if (identity.treatment === "unready") this.failed++;
    else if (idIn(data) !== id) {
      this.#report(`client ${id} has the data of client ${idIn(data)}`);
    }
    if (isEviction(info)) this.evicted++;
    void closed.then(({ code, reason }) => {
      if (code === info.code && reason === info.reason) return;
      this.#report(
        `client ${id} has closed with ${code}, but onDisconnect got ${info.code}`,
      );
    });
  }

  #report(problem: string): void {
    this.#problems.add(problem);
  }
}

function idIn(data: unknown): unknown {
  return (data as ClientData | undefined)?.id;
}

function isEviction({ code, reason }: CloseInfo): boolean {
  return code === CloseCode.GOING_AWAY && reason.startsWith("silent for ");
}
