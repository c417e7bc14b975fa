/**
 * Decides which requests of one client can start: the option `authorize`.
 *
 * @module
 */

import type { MessageRequest } from "../protocol/client_frames.ts";
import type { ServerContext } from "./context.ts";
import type { Client } from "./message.ts";
import type { RequestKind } from "./authorize_request.ts";

/** What a gate needs of a request. */
interface GatedRequest {
  readonly kind: RequestKind;
  readonly name: string;
}

/** Decides which requests of one client can start. */
export class RequestGate {
  readonly #context: Pick<ServerContext, "authorization">;
  readonly #client: Client;

  /**
   * Constructs a `RequestGate`.
   *
   * @param context The state of the server
   * @param client The client that sends the requests
   */
  constructor(context: Pick<ServerContext, "authorization">, client: Client) {
    this.#context = context;
    this.#client = client;
  }

  /** Whether the application decides about requests, and not only a limit */
  get authorizes(): boolean {
    return this.#context.authorization !== undefined;
  }

  /**
   * Checks that a request can start.
   *
   * @returns A promise only if `authorize` returns one
   *
   * @throws {RequestError} If the request is refused; the promise rejects with it
   * @throws What `authorize` throws; the promise rejects with it
   */
  enter({ kind, name }: GatedRequest): void | Promise<void> {
    return this.#context.authorization?.check(this.#client, kind, name);
  }

  /** Whether a message is a reply that no request waits for any more. */
  isLateReply({ name, replying }: MessageRequest): boolean {
    return replying !== null &&
      this.#context.authorization?.isLateReply(name, replying) === true;
  }
}
