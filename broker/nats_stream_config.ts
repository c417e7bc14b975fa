/**
 * The configuration of a stream with the histories of rooms.
 *
 * @module
 */

import type { HistoryOptions } from "./broker.ts";
import type { ResolvedNatsOptions } from "./nats_options.ts";
import type { NatsSubjects } from "./nats_subjects.ts";
import { KEY_TTL } from "./room_log.ts";

const NANOSECONDS = 1_000_000;

/** The longest life of the mark at the start of a history, in milliseconds. */
const MAX_START_TTL = 3_600_000;

/** A configuration, as the API of NATS defines it. Durations are in nanoseconds. */
export type StreamConfig = Readonly<Record<string, unknown>> & {
  readonly name: string;
};

/** What nobody may change, because gaps would not be noticed. */
const FIXED = [
  ...["subjects", "retention", "max_msgs_per_subject", "max_age", "discard"],
  ...["duplicate_window", "republish", "allow_direct", "allow_msg_ttl"],
  ...["allow_rollup_hdrs", "max_msgs", "max_bytes", "max_msg_size"],
];

/** Returns the configuration of a new stream. */
export function streamConfig(
  subjects: NatsSubjects,
  historyClass: string,
  epoch: string,
  { size, ttl }: HistoryOptions,
  { storage, replicas }: ResolvedNatsOptions,
): StreamConfig {
  return {
    name: subjects.stream(historyClass, epoch),
    description: "Histories of rooms of Hoist. Changes lose messages.",
    subjects: subjects.stored(historyClass),
    retention: "limits",
    discard: "old",
    // The message before the history shows that nothing is missing between.
    max_msgs_per_subject: size + 1,
    // Keys cannot be kept longer than messages, so messages that end earlier have a TTL.
    max_age: ttl === Infinity ? 0 : Math.max(ttl, KEY_TTL) * NANOSECONDS,
    duplicate_window: KEY_TTL * NANOSECONDS,
    republish: subjects.republish(historyClass, epoch),
    allow_direct: true,
    allow_msg_ttl: true,
    allow_rollup_hdrs: true,
    max_msgs: -1,
    max_bytes: -1,
    max_msg_size: -1,
    max_consumers: -1,
    storage,
    num_replicas: replicas,
  };
}

/** The TTL of a message; `undefined` if its stream ends it. */
export function messageTtl({ ttl }: HistoryOptions): string | undefined {
  return ttl >= KEY_TTL ? undefined : seconds(ttl);
}

/** The TTL of the mark at the start of a history. */
export function startTtl({ ttl }: HistoryOptions): string {
  return seconds(Math.min(ttl, MAX_START_TTL));
}

function seconds(milliseconds: number): string {
  return `${Math.ceil(milliseconds / 1_000)}s`;
}

/** Returns the name of an entry of the configuration that was changed. */
export function findDrift(
  actual: unknown,
  wanted: StreamConfig,
): string | undefined {
  if (typeof actual !== "object" || actual === null) return "config";
  const fields = actual as Readonly<Record<string, unknown>>;
  return FIXED.find((name) => !isSame(fields[name], wanted[name]));
}

/** Compares two values of JSON. NATS omits 0 and `false`. */
function isSame(actual: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object") return (actual ?? 0) === (wanted ?? 0);
  const [a, b] = [actual, wanted].map((each) => Object.entries(each ?? {}));
  return a!.length === b!.length &&
    b!.every(([name, value]) => new Map(a!).get(name) === value);
}
