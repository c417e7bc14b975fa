/**
 * What went wrong with Redis, without the errors of the library: these contain the arguments
 * of the command, which can be a password or a message.
 *
 * @module
 */

import { PublishError, type PublishOutcome } from "../common/hoist_error.ts";
import { escapeControls, truncate } from "../common/text.ts";

/** The longest part of a foreign error that is shown, in characters. */
const MAX_DETAIL = 200;

/** What Redis adds to an error about a command that it does not have. */
const ARGUMENTS = /, with args beginning with:.*$/s;

/** What a failure means for the connection. */
export type FailureKind =
  /** Redis refuses the credentials, or the rights of the user do not suffice */
  | "refused"
  /** Redis cannot be used over this connection */
  | "down"
  /** Redis refuses one command, and the connection is fine */
  | "answer";

/** A failure of Redis or of the connection to it. */
export class RedisFailure extends Error {
  override name = "RedisFailure";
  readonly kind: FailureKind;
  /** Whether Redis can have run the command all the same */
  readonly isUnknown: boolean;

  constructor(kind: FailureKind, message: string, isUnknown = false) {
    super(message);
    this.kind = kind;
    this.isUnknown = isUnknown;
  }
}

/** A kind of failure, the words that it is recognized by, the problem, and what to do. */
type Rule = readonly [
  pattern: RegExp,
  kind: FailureKind,
  problem: string,
  advice?: string,
];

/** The answers of Redis, and the errors of the runtime. */
const RULES: readonly Rule[] = [
  [
    /^(WRONGPASS|NOAUTH|ERR AUTH|ERR invalid password)/,
    "refused",
    "Redis refuses the user name or the password",
    "Check 'username' and 'password'.",
  ],
  [
    /^NOPERM|^ERR (ACL failure|The user executing the script can't)/,
    "refused",
    "the user has too few rights",
    "Allow the commands, the keys and the channels that docs/guide/redis.md lists.",
  ],
  [
    /^(MOVED|ASK|CROSSSLOT|CLUSTERDOWN)\b/,
    "refused",
    "this Redis belongs to a Redis Cluster, which spreads its keys over several servers",
    "Use a Redis of its own.",
  ],
  [
    /^READONLY/,
    "down",
    "this Redis is a replica",
    "Connect to the primary.",
  ],
  [
    /^LOADING/,
    "down",
    "Redis is still loading its data",
    "The server tries again by itself.",
  ],
  [
    /^OOM/,
    "answer",
    "the memory of Redis is full",
    "Raise its 'maxmemory', or let rooms keep less history.",
  ],
  [
    /^(ERR unknown command|ERR Unknown Redis command)/,
    "refused",
    "Redis is too old",
    "Use Redis 7 or later, or Valkey 8 or later.",
  ],
  [
    /NotCapable.*env|Requires env access/,
    "refused",
    "the program lacks a permission that the Redis client needs",
    "Run it with --ignore-env, or with --allow-env.",
  ],
  [
    /NotCapable|Requires net access/,
    "refused",
    "the program lacks the permission to connect",
    "Add --allow-net.",
  ],
  [
    /certificate|UnknownIssuer|altname/i,
    "refused",
    "the TLS certificate of Redis is not trusted",
    "Add its certificate authority to the option 'caCerts', and use the name in the certificate in 'url'.",
  ],
  [
    /Connection is closed|ECONNRESET|EPIPE/,
    "down",
    "the connection was lost",
  ],
  [
    /ECONNREFUSED/,
    "down",
    "the connection was refused",
    "Check that Redis runs, and that 'url' is right.",
  ],
  [
    /ENOTFOUND|EAI_|failed to lookup/,
    "down",
    "the host name cannot be resolved",
    "Check 'url'.",
  ],
];

/** The answers after which the library has not sent the command. */
const NOT_SENT = /isn't writeable|already connecting/;

/** Makes a failure of the connection of an error of the library or of the runtime. */
export function failureOf(error: unknown): RedisFailure {
  if (error instanceof RedisFailure) return error;
  if (error instanceof PublishError && error.cause instanceof RedisFailure) {
    return error.cause;
  }
  const text = error instanceof Error
    ? `${codeOf(error)}${error.message}`
    : String(error);
  const rule = RULES.find(([pattern]) => pattern.test(text));
  // Redis has answered, so it has not run the command.
  const isAnswer = /^[A-Z]{2,}\b/.test(text) && isReply(error);
  const kind = rule?.[1] ?? (isAnswer ? "answer" : "down");
  const message = messageOf(text, rule);
  return new RedisFailure(kind, message, !isAnswer && !NOT_SENT.test(text));
}

function messageOf(text: string, rule: Rule | undefined): string {
  const start = truncate(text.replace(ARGUMENTS, ""), MAX_DETAIL);
  const detail = escapeControls(start).replace(/\.$/, "");
  if (rule === undefined) return `${detail}.`;
  const [_pattern, _kind, problem, advice] = rule;
  const rest = advice === undefined ? "" : ` ${advice}`;
  return `${problem} (${detail}).${rest}`;
}

/** Returns the failure of a connection that this server has closed. */
export function closedByServer(): RedisFailure {
  return new RedisFailure("down", "the server has closed.");
}

/** Makes the error for the caller of a broker or of a cluster. */
export function publishErrorOf(
  subject: string,
  failure: RedisFailure,
): PublishError {
  const outcome: PublishOutcome = failure.isUnknown ? "unknown" : "none";
  const message = `${subject}: ${failure.message}`;
  return new PublishError(message, outcome, { cause: failure });
}

function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === "ReplyError";
}

function codeOf(error: Error & { readonly code?: unknown }): string {
  const isShown = typeof error.code === "string" &&
    !error.message.includes(error.code);
  const name = error.name === "NotCapable" ? "NotCapable: " : "";
  return isShown ? `${error.code} ${name}` : name;
}
