/**
 * What NATS refuses without ending the connection: an operation that the user has no permission
 * for, or a subscription beyond a limit of the account.
 *
 * @module
 */

import { PublishError } from "../common/hoist_error.ts";
import { showName } from "../common/text.ts";
import {
  errors,
  type NatsConnectionImpl,
  type QueuedIteratorImpl,
  type Status,
} from "./nats_client.ts";

/** NATS has refused something, and has therefore not done it. */
export class RefusedError extends PublishError {
  /** The subject that was refused; `undefined` if NATS has not named it */
  readonly subject: string | undefined;
  /** Whether the permissions of the user have to be changed */
  readonly isForbidden: boolean;

  /** Constructs a `RefusedError` for an error of the client. */
  constructor(error: Error) {
    const isForbidden = error instanceof errors.PermissionViolationError;
    const remedy = isForbidden
      ? "Allow it in the permissions of the user"
      : "Raise the limit";
    super(
      `NATS has refused an operation: ${
        showName(error.message)
      }. ${remedy} in the configuration of NATS.`,
      "none",
    );
    this.isForbidden = isForbidden;
    this.subject = isForbidden && error.subject || undefined;
  }
}

/** The other errors come from a server that ends the connection. */
function isRefusal(error: Error): boolean {
  return error instanceof errors.PermissionViolationError ||
    /maximum subscriptions/i.test(error.message);
}

/** Calls a function with each error that does not end a connection. */
export function onRefused(
  client: NatsConnectionImpl,
  report: (error: RefusedError) => void,
): void {
  const statuses = client.status() as QueuedIteratorImpl<Status>;
  // The iterator would report an error later than the answer to the next ping.
  statuses.push = (status) => {
    const isError = "type" in status && status.type === "error";
    if (isError && isRefusal(status.error)) {
      report(new RefusedError(status.error));
    }
  };
}
