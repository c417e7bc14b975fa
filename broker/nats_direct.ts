/**
 * Reads of a stream that any server of NATS with a copy can answer.
 *
 * @module
 */

import { PublishError } from "../common/hoist_error.ts";
import type { Msg } from "./nats_client.ts";
import { failure } from "./nats_errors.ts";
import type { LostReason } from "./nats_inbox.ts";
import { type NatsLink, REQUEST_TIMEOUT } from "./nats_link.ts";
import { headersOf, readStored } from "./nats_message.ts";
import { isUnheard } from "./nats_reply.ts";

/** The end of an answer, or an answer without messages. */
const [END, NOT_FOUND] = [204, 404];

/** The stream does not exist, or none of its servers can be reached. */
export class StreamGoneError extends PublishError {
  /** Constructs a `StreamGoneError`. */
  constructor() {
    super(
      "Cannot read the history: NATS cannot reach the stream. Try again later.",
      "none",
    );
  }
}

/**
 * Reads messages.
 *
 * @param link The connection
 * @param stream The name of the stream
 * @param request The request, as the API of NATS defines it
 * @returns The messages, without the end
 *
 * @throws {StreamGoneError} If the stream cannot be reached
 * @throws {PublishError} If NATS cannot be reached, or does not answer in time
 */
export function readDirect(
  link: NatsLink,
  stream: string,
  request: object,
): Promise<readonly Msg[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly Msg[]>();
  const messages: Msg[] = [];
  const handler = {
    onReply: (message: Msg) => {
      const status = statusOf(message);
      if (status === 0) return messages.push(message) === Infinity;
      const error = errorOf(message, status);
      if (error === undefined) resolve(messages);
      else reject(error);
      return true;
    },
    onLost: (reason: LostReason) => reject(lost(reason)),
  };
  try {
    const subject = `$JS.API.DIRECT.GET.${stream}`;
    const options = { timeout: REQUEST_TIMEOUT };
    link.send(subject, JSON.stringify(request), handler, options);
  } catch (error) {
    reject(error);
  }
  return promise;
}

/**
 * Returns the check of a stored message.
 *
 * @param link The connection
 * @param stream The name of the stream
 * @param subject The subject of the message
 * @param sequence Its number
 * @returns `undefined` if the message is gone, or cannot be read
 */
export async function readCheck(
  link: NatsLink,
  stream: string,
  subject: string,
  sequence: number,
): Promise<string | undefined> {
  const request = { seq: sequence, next_by_subj: subject, batch: 1 };
  const [found] = await readDirect(link, stream, request).catch(() => []);
  const message = found && readStored(found);
  return message?.sequence === sequence ? message.check : undefined;
}

function statusOf(message: Msg): number {
  return message.data.length === 0 ? headersOf(message)?.code ?? 0 : 0;
}

function errorOf(message: Msg, status: number): PublishError | undefined {
  if (status === END || status === NOT_FOUND) return undefined;
  if (isUnheard(message)) return new StreamGoneError();
  return failure("read the history", `NATS answered with the status ${status}`);
}

function lost(reason: LostReason): PublishError {
  if (reason instanceof PublishError) return reason;
  return failure(
    "read the history",
    reason === "timeout"
      ? "NATS did not answer in time"
      : "the connection was lost",
  );
}
