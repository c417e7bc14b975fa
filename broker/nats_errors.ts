/**
 * The errors of NATS, as the broker and the cluster report them.
 *
 * @module
 */

import { PublishError, type PublishOutcome } from "../common/hoist_error.ts";
import { hidePasswords } from "../common/url.ts";
import { showName } from "../common/text.ts";
import { errors } from "./nats_client.ts";
import { RefusedError } from "./nats_refusals.ts";
import type { EngineLimit } from "./too_large.ts";

/** No program listens to the subject of a request, so that nothing has happened. */
export class NobodyListensError extends PublishError {
  /** Constructs a `NobodyListensError`. */
  constructor(message: string) {
    super(message, "none");
  }
}

/** Whether NATS has refused the login, or the user has too few permissions. */
export function isRefused(error: unknown): boolean {
  return error instanceof RefusedError && error.isForbidden ||
    error instanceof errors.AuthorizationError ||
    error instanceof errors.UserAuthenticationExpiredError;
}

/** Returns the message of an error of the client or the runtime, without credentials. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return showName(hidePasswords(text || "no reason is known"));
}

/** Makes the error for a connection that failed. */
export function connectionError(
  servers: readonly string[],
  error: unknown,
): PublishError {
  if (error instanceof PublishError) return error;
  const where = `NATS at ${servers.join(", ")}`;
  const reason = reasonOf(error);
  return isRefused(error)
    ? new PublishError(
      `${where} refused the login: ${reason}. Check the option 'credentials'.`,
      "none",
    )
    : new PublishError(
      `Cannot reach ${where}: ${reason}. Check the option 'servers', and whether NATS runs.`,
      "none",
    );
}

/** Describes the longest message that NATS accepts, in bytes. */
export function limitOf(maxPayload: number): EngineLimit {
  return { engine: "NATS", setting: "max_payload", value: maxPayload };
}

/** Makes the error for something that NATS could not do. */
export function failure(
  what: string,
  reason: string,
  outcome: PublishOutcome = "none",
): PublishError {
  return new PublishError(`Cannot ${what}: ${reason}.`, outcome);
}
