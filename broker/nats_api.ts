/**
 * Requests to JetStream, the part of NATS that stores messages.
 *
 * @module
 */

import { PublishError } from "../common/hoist_error.ts";
import { showName } from "../common/text.ts";
import type { Msg } from "./nats_client.ts";
import { failure } from "./nats_errors.ts";
import type { NatsLink } from "./nats_link.ts";
import type { Headers } from "./nats_outbox.ts";

/** Codes of JetStream for errors: https://github.com/nats-io/nats-server, `errors.json`. */
export const JetStreamCode = {
  streamNotFound: 10059,
  streamNameInUse: 10058,
  subjectsOverlap: 10065,
  messageNotFound: 10037,
  wrongLastSequence: 10071,
} as const;

/** JetStream has answered with an error, and has therefore stored nothing. */
export class JetStreamError extends PublishError {
  /** The code of JetStream */
  readonly code: number;

  /** Constructs a `JetStreamError`. */
  constructor(what: string, code: number, description: string) {
    super(`Cannot ${what}: NATS answered "${showName(description)}".`, "none");
    this.code = code;
  }
}

/** The acknowledgment of a stored message. */
export interface Acknowledgment {
  /** The name of the stream */
  readonly stream: string;
  /** The number of the message in the stream */
  readonly sequence: number;
  /** Whether the stream had the message already */
  readonly isDuplicate: boolean;
}

/** The parts of an answer that are used here. */
interface Answer {
  readonly error?: {
    readonly err_code?: unknown;
    readonly description?: unknown;
  };
  readonly stream?: unknown;
  readonly seq?: unknown;
  readonly duplicate?: unknown;
}

/**
 * Sends a request to the API of JetStream.
 *
 * @param link The connection
 * @param name The request, such as `STREAM.INFO.x`
 * @param body The body, as JSON
 * @returns The answer, whose form the caller checks
 *
 * @throws {JetStreamError} If JetStream answers with an error
 * @throws {PublishError} If it does not answer
 */
export async function callApi<Body>(
  link: NatsLink,
  name: string,
  body: object = {},
): Promise<Body> {
  const subject = `$JS.API.${name}`;
  const message = await link.request(subject, JSON.stringify(body));
  return readAnswer(message, "use JetStream") as Body;
}

/**
 * Stores a message. A raw message with a shared subject for replies needs a seventh of the CPU
 * of the JetStream client.
 *
 * @throws {NobodyListensError} If no stream has the subject
 * @throws {JetStreamError} If it was not stored
 * @throws {PublishError} If NATS cannot be reached, or it is unknown whether it was stored
 */
export async function store(
  link: NatsLink,
  subject: string,
  payload: string,
  headers: Headers,
): Promise<Acknowledgment> {
  const message = await link.request(subject, payload, { headers });
  const { stream, seq, duplicate } = readAnswer(message, "store a message");
  if (typeof stream !== "string" || !Number.isSafeInteger(seq)) {
    throw failure("store a message", "NATS answered nonsense", "unknown");
  }
  return { stream, sequence: seq as number, isDuplicate: duplicate === true };
}

function readAnswer(message: Msg, what: string): Answer {
  const answer = parse(message);
  if (answer === undefined) {
    throw failure(what, "NATS answered nonsense", "unknown");
  }
  const { error } = answer;
  if (error === undefined) return answer;
  throw new JetStreamError(
    what,
    Number(error.err_code),
    String(error.description),
  );
}

function parse(message: Msg): Answer | undefined {
  try {
    const answer: unknown = message.json();
    return typeof answer === "object" && answer !== null ? answer : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an error has a code of JetStream. */
export function hasCode(
  error: unknown,
  ...codes: readonly number[]
): boolean {
  return error instanceof JetStreamError && codes.includes(error.code);
}
