/**
 * The only reply to a request.
 *
 * @module
 */

import type { PublishError } from "../common/hoist_error.ts";
import type { Msg } from "./nats_client.ts";
import { failure, NobodyListensError } from "./nats_errors.ts";
import type { LostReason, ReplyHandler } from "./nats_inbox.ts";
import { headersOf } from "./nats_message.ts";

/**
 * Settles a promise with the first reply.
 *
 * @param subject The subject of the request
 * @param settle The functions of the promise
 */
export function firstReply(
  subject: string,
  { resolve, reject }: Pick<
    PromiseWithResolvers<Msg>,
    "resolve" | "reject"
  >,
): ReplyHandler {
  return {
    onReply: (message) => {
      if (isUnheard(message)) reject(unheard(subject));
      else resolve(message);
      return true;
    },
    onLost: (reason) => reject(lost(reason)),
  };
}

/** Whether NATS itself has replied that no program listens. */
export function isUnheard(message: Msg): boolean {
  return message.data.length === 0 && headersOf(message)?.code === 503;
}

function unheard(subject: string): NobodyListensError {
  return new NobodyListensError(
    `Cannot send to NATS: nothing listens to ${subject}. If this remains, check the streams of NATS.`,
  );
}

function lost(reason: LostReason): PublishError {
  if (typeof reason !== "string") return reason;
  const problem = reason === "timeout"
    ? "NATS did not answer in time"
    : "the connection was lost before the answer";
  return failure("finish a request to NATS", problem, "unknown");
}
