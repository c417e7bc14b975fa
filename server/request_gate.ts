/**
 * Decides which requests of one client can start: the option `authorize`, and
 * `limits.perName`.
 *
 * @module
 */

import type { MessageRequest } from "../protocol/client_frames.ts";
import type { ServerContext } from "./context.ts";
import type { Client } from "./message.ts";
import type { RequestKind } from "./authorize_request.ts";
import { NameUsage } from "./name_limits.ts";

/** What a gate needs of a request. */
interface GatedRequest {
  readonly kind: RequestKind;
  readonly name: string;
}

/** What a gate needs of the state of the server. */
type Context = Pick<
  ServerContext,
  "authorization" | "nameLimits" | "stalls" | "metrics"
>;

/** Decides which requests of one client can start. */
export class RequestGate {
  readonly #context: Context;
  readonly #client: Client;
  readonly #usage: NameUsage | undefined;

  /**
   * Constructs a `RequestGate`.
   *
   * @param context The state of the server
   * @param client The client that sends the requests
   */
  constructor(context: Context, client: Client) {
    const { nameLimits, metrics: { limitHits } } = context;
    this.#context = context;
    this.#client = client;
    this.#usage = nameLimits && new NameUsage(nameLimits, limitHits);
  }

  /** Whether the application decides about requests, and not only a limit */
  get authorizes(): boolean {
    return this.#context.authorization !== undefined;
  }

  /**
   * Checks that a request can start. If it can, it counts until `leave` is called.
   *
   * @returns A promise only if `authorize` returns one
   *
   * @throws {RequestError} If the request is refused; the promise rejects with it
   * @throws What `authorize` throws; the promise rejects with it
   */
  enter(request: GatedRequest): void | Promise<void> {
    const { kind, name } = request;
    // First, because a limit would reveal that the name exists.
    const allowed = this.#context.authorization?.check(
      this.#client,
      kind,
      name,
    );
    if (allowed === undefined) return this.#count(request);
    return allowed.then(() => this.#count(request));
  }

  /** Ends a request, whether it could start or not. */
  leave(request: GatedRequest): void {
    this.#usage?.leave(request);
  }

  /** Whether a message is a reply that no request waits for any more. */
  isLateReply({ name, replying }: MessageRequest): boolean {
    return replying !== null &&
      this.#context.authorization?.isLateReply(name, replying) === true;
  }

  #count(request: GatedRequest): void {
    this.#usage?.enter(request, (now) => this.#context.stalls.total(now));
  }
}
