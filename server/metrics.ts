/**
 * The metrics of one server: counters, gauges and histograms, which are always on.
 *
 * The code that knows a value adds to a plain number, which takes a few nanoseconds. Only
 * {@linkcode Metrics.snapshot} turns the numbers into names and labels.
 *
 * @module
 */

import {
  BOUNDS,
  CountersByName,
  type HistogramSample,
  type MetricSample,
  OTHER,
  RequestCounters,
  samplesOf,
} from "./request_counters.ts";

export type { HistogramSample, MetricSample };
export type { MetricLabels } from "./request_counters.ts";

/** The name of a gauge, whose values grow and shrink */
export type GaugeName =
  | "hoist_connections"
  | "hoist_clients"
  | "hoist_requests_in_progress"
  | "hoist_open_streams"
  | "hoist_rooms"
  | "hoist_room_members"
  | "hoist_buffered_bytes"
  | "hoist_history_bytes"
  | "hoist_lost_upgrades"
  | "hoist_broker_state"
  | "hoist_nodes";

/** The gauges, in the order of the snapshot. */
const GAUGES: readonly GaugeName[] = [
  "hoist_connections",
  "hoist_clients",
  "hoist_requests_in_progress",
  "hoist_open_streams",
  "hoist_rooms",
  "hoist_room_members",
  "hoist_buffered_bytes",
  "hoist_history_bytes",
  "hoist_lost_upgrades",
  "hoist_broker_state",
  "hoist_nodes",
];

/** The name of a counter, whose values only grow while the server runs */
export type CounterName =
  | "hoist_received_frames_total"
  | "hoist_received_bytes_total"
  | "hoist_sent_frames_total"
  | "hoist_sent_bytes_total"
  | "hoist_upgrades_total"
  | "hoist_logins_total"
  | "hoist_disconnects_total"
  | "hoist_messages_total"
  | "hoist_operations_total"
  | "hoist_streams_total"
  | "hoist_stream_items_total"
  | "hoist_invalid_frames_total"
  | "hoist_client_requests_total"
  | "hoist_broadcasts_total"
  | "hoist_publications_total"
  | "hoist_deliveries_total"
  | "hoist_limit_hits_total"
  | "hoist_history_evictions_total";

/** The name of a histogram */
export type HistogramName =
  | "hoist_message_duration_seconds"
  | "hoist_operation_duration_seconds";

/** All metrics of a server at one time, as plain JSON */
export interface MetricsSnapshot {
  /** When it was made, in milliseconds since 1970 */
  readonly time: number;
  /** When the metrics began to count, in milliseconds since 1970 */
  readonly startTime: number;
  /** The counters, by name */
  readonly counters: Readonly<Record<CounterName, readonly MetricSample[]>>;
  /** A gauge that does not apply, such as the broker of a server without one, is empty */
  readonly gauges: Readonly<Record<GaugeName, readonly MetricSample[]>>;
  /** The histograms, by name */
  readonly histograms: Readonly<
    Record<HistogramName, readonly HistogramSample[]>
  >;
  /** The upper bounds of the buckets of all histograms, in seconds */
  readonly bounds: readonly number[];
}

/** Returns what a gauge has now: its value, or one for each combination of labels. */
type Source = () => number | readonly MetricSample[];

/** Returns a counter for each key. */
function zeros<Key extends string>(
  keys: readonly Key[],
): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>;
}

/** A request of a client. */
interface NamedRequest {
  readonly kind: keyof typeof COUNTERS;
  readonly name: string;
}

/** Where the requests of each kind are counted. */
const COUNTERS = {
  message: "messages",
  operation: "operations",
  stream: "streams",
} as const;

const DELIVERIES = ["delivered", "skipped", "replaced", "failed"] as const;

/** How many clients received or missed broadcasts. */
export type DeliveryTotals = Record<(typeof DELIVERIES)[number], number>;

/** Adds the counts of a broadcast. */
export function addDeliveries(
  totals: DeliveryTotals,
  counts: Readonly<DeliveryTotals>,
): void {
  totals.delivered += counts.delivered;
  totals.skipped += counts.skipped;
  totals.replaced += counts.replaced;
  totals.failed += counts.failed;
}

/** The names of a contract. */
export interface ExpectedNames {
  readonly messages: Readonly<Record<string, unknown>>;
  readonly operations: Readonly<Record<string, { readonly yields?: unknown }>>;
}

const LOGINS = [
  "accepted",
  "wrong_token",
  "refused",
  "locked_out",
  "failed",
  "timed_out",
  "malformed",
  "bad_version",
  "maxConnections",
  "maxConnectionsPerAddress",
] as const;

/** What a login ended with, as it is counted. */
export type LoginMetric = (typeof LOGINS)[number];

/** The close codes that become labels, because clients can choose the others. */
const CLOSE_CODES = [
  "1000",
  "1001",
  "1002",
  "1003",
  "1005",
  "1006",
  "1007",
  "1008",
  "1009",
  "1011",
  "1012",
  "1013",
] as const;

const UPGRADES = [
  "accepted",
  "closing",
  "not_ready",
  "invalid",
  "disconnected",
  "origin",
  "locked_out",
  "lost_upgrades",
  "maxConnections",
  "maxConnectionsPerAddress",
  "maxUnauthenticated",
] as const;

/** What the server did with an upgrade request, as it is counted. */
export type UpgradeMetric = (typeof UPGRADES)[number];

const LIMITS = [
  "maxPayload",
  "maxLoginPayload",
  "maxDepth",
  "maxPending",
  "maxPendingBytes",
  "maxRate",
  "maxRatePerToken",
  "maxByteRate",
  "maxBuffered",
  "perName.maxRate",
  "perName.maxPending",
  "invalid",
  "overrun",
] as const;

/** A limit that a frame can exceed, as it is counted. */
export type LimitMetric = (typeof LIMITS)[number];

const CLIENT_REQUESTS = [
  "ok",
  "no_reply",
  "timed_out",
  "cancelled",
  "closed",
] as const;

/** How a request of the server to a client ended, as it is counted. */
export type ClientRequestMetric = (typeof CLIENT_REQUESTS)[number];

/** Why a frame closes its connection, as it is counted. */
export interface CloseReasons {
  /** What a login ended with; omitted if the frame is no login, or is malformed */
  readonly login?: LoginMetric;
  /** Whether it counts as a failed login of the address, because no client sends this */
  readonly isMalformedLogin?: boolean;
  /** Whether the frame is invalid */
  readonly isInvalid?: boolean;
  /** The limit that the frame exceeds */
  readonly limit?: LimitMetric;
}

/** The metrics of one server. */
export class Metrics {
  readonly startTime: number = Date.now();
  receivedFrames = 0;
  /** A character counts as one byte, because counting bytes takes as long as parsing */
  receivedBytes = 0;
  sentFrames = 0;
  sentBytes = 0;
  invalidFrames = 0;
  requestsInProgress = 0;
  openStreams = 0;
  readonly messages: CountersByName = new CountersByName();
  readonly operations: CountersByName = new CountersByName();
  readonly streams: CountersByName = new CountersByName();
  /** The requests of admins, which no metric contains: a look must not change what it shows */
  readonly ofAdmins: RequestCounters = new RequestCounters();
  /** The upgrade requests, by what the server did with them */
  readonly upgrades: Record<UpgradeMetric, number> = zeros(UPGRADES);
  readonly logins: Record<LoginMetric, number> = zeros(LOGINS);
  /** The limits that requests and frames have exceeded */
  readonly limitHits: Record<LimitMetric, number> = zeros(LIMITS);
  /** The ends of connections, by close code */
  readonly disconnects: Record<string, number> = zeros([...CLOSE_CODES, OTHER]);
  /** The requests that the server has sent to clients */
  readonly clientRequests: Record<ClientRequestMetric, number> = zeros(
    CLIENT_REQUESTS,
  );
  readonly broadcasts: Record<"broadcast" | "user", number> = zeros([
    "broadcast",
    "user",
  ]);
  readonly publications: Record<"stored" | "duplicate" | "failed", number> =
    zeros(["stored", "duplicate", "failed"]);
  readonly deliveries: Record<"broadcast" | "user" | "room", DeliveryTotals> = {
    broadcast: zeros(DELIVERIES),
    user: zeros(DELIVERIES),
    room: zeros(DELIVERIES),
  };
  /** Returns how many histories were dropped because of `limits.maxHistory`. */
  countEvictions: () => number = () => 0;
  readonly #sources = new Map<GaugeName, Source>([
    ["hoist_requests_in_progress", () => this.requestsInProgress],
    ["hoist_open_streams", () => this.openStreams],
  ]);

  /** Counts the names of a contract from the start, also those without a handler. */
  expect({ messages, operations }: ExpectedNames): void {
    for (const name of Object.keys(messages)) this.messages.add(name);
    for (const [name, { yields }] of Object.entries(operations)) {
      this[yields === undefined ? "operations" : "streams"].add(name);
    }
  }

  /** Counts a request that a limit rejects before its handler is known. */
  countRejected(request: NamedRequest): void {
    this.countersOf(request).results.rejected++;
  }

  /** Returns what counts a request, by the name that its client sent. */
  countersOf({ kind, name }: NamedRequest): RequestCounters {
    return this[COUNTERS[kind]].of(name);
  }

  /** Counts why a frame closes its connection. */
  countClose(
    { login, limit, isMalformedLogin, isInvalid }: CloseReasons,
  ): void {
    if (limit !== undefined) this.limitHits[limit]++;
    if (login !== undefined) this.logins[login]++;
    else if (isMalformedLogin) this.logins.malformed++;
    else if (isInvalid) this.invalidFrames++;
  }

  /** Counts the end of a connection. */
  disconnect(code: number): void {
    const key = Object.hasOwn(this.disconnects, code) ? code : OTHER;
    this.disconnects[key]!++;
  }

  /** Sets the function that returns the value of a gauge. */
  observe(name: GaugeName, source: Source): void {
    this.#sources.set(name, source);
  }

  /** Returns all values at this time. */
  snapshot(): MetricsSnapshot {
    return {
      time: Date.now(),
      startTime: this.startTime,
      counters: this.#counters(),
      gauges: this.#gauges(),
      histograms: {
        hoist_message_duration_seconds: this.messages.durations(),
        hoist_operation_duration_seconds: this.operations.durations(),
      },
      bounds: BOUNDS,
    };
  }

  #counters(): MetricsSnapshot["counters"] {
    return {
      hoist_received_frames_total: sampleOf(this.receivedFrames),
      hoist_received_bytes_total: sampleOf(this.receivedBytes),
      hoist_sent_frames_total: sampleOf(this.sentFrames),
      hoist_sent_bytes_total: sampleOf(this.sentBytes),
      hoist_upgrades_total: samplesOf(this.upgrades),
      hoist_logins_total: samplesOf(this.logins),
      hoist_disconnects_total: samplesOf(this.disconnects, "code"),
      hoist_messages_total: this.messages.results(),
      hoist_operations_total: this.operations.results(),
      hoist_streams_total: this.streams.results(),
      hoist_stream_items_total: this.streams.items(),
      hoist_invalid_frames_total: sampleOf(this.invalidFrames),
      hoist_client_requests_total: samplesOf(this.clientRequests),
      hoist_broadcasts_total: samplesOf(this.broadcasts, "kind"),
      hoist_publications_total: samplesOf(this.publications),
      hoist_deliveries_total: Object.entries(this.deliveries).flatMap(
        ([kind, counts]) => samplesOf(counts, "result", { kind }),
      ),
      hoist_limit_hits_total: samplesOf(this.#limitHits(), "limit"),
      hoist_history_evictions_total: sampleOf(this.countEvictions()),
    };
  }

  /** Adds the limits of upgrades and logins, which are counted only there. */
  #limitHits(): Readonly<Record<string, number>> {
    const { upgrades, logins } = this;
    return {
      ...this.limitHits,
      maxConnections: upgrades.maxConnections + logins.maxConnections,
      maxConnectionsPerAddress: upgrades.maxConnectionsPerAddress +
        logins.maxConnectionsPerAddress,
      maxUnauthenticated: upgrades.maxUnauthenticated,
      maxLoginFailures: upgrades.locked_out + logins.locked_out,
      loginTimeout: logins.timed_out,
    };
  }

  #gauges(): MetricsSnapshot["gauges"] {
    const entries = GAUGES.map((name) => {
      const value = this.#sources.get(name)?.() ?? [];
      return [name, typeof value === "number" ? sampleOf(value) : value];
    });
    return Object.fromEntries(entries);
  }
}

/** Returns the sample of a metric without labels. */
function sampleOf(value: number): MetricSample[] {
  return [{ labels: {}, value }];
}
