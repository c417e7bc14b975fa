/**
 * The metrics of a server in the text format of Prometheus, version 0.0.4. It is loaded only
 * if the endpoint `GET /hoist/metrics` is enabled.
 *
 * @module
 */

import process from "node:process";
import { VERSION } from "../version.ts";
import type {
  CounterName,
  GaugeName,
  HistogramName,
  HistogramSample,
  MetricSample,
  MetricsSnapshot,
} from "./metrics.ts";

const HEADERS = {
  "content-type": "text/plain; version=0.0.4; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

/** What each metric means. */
export const HELP: Readonly<
  Record<CounterName | GaugeName | HistogramName, string>
> = {
  hoist_received_frames_total: "WebSocket messages from clients.",
  hoist_received_bytes_total:
    "Characters in WebSocket messages from clients, one byte each.",
  hoist_sent_frames_total: "WebSocket messages to clients.",
  hoist_sent_bytes_total:
    "Characters in WebSocket messages to clients, one byte each.",
  hoist_upgrades_total: "Requests to open a WebSocket, by result.",
  hoist_logins_total: "Logins that were decided, by result.",
  hoist_disconnects_total: "Connections that have ended, by close code.",
  hoist_messages_total: "Messages from clients, by name and result.",
  hoist_operations_total: "Calls of operations, by name and result.",
  hoist_streams_total: "Streams that have ended, by name and result.",
  hoist_stream_items_total: "Items of streams, by name.",
  hoist_invalid_frames_total: "Invalid frames from clients, after the login.",
  hoist_client_requests_total: "Requests of the server to clients, by result.",
  hoist_broadcasts_total: "Events to all clients, or to a user, by kind.",
  hoist_publications_total: "Messages that this server published to rooms.",
  hoist_deliveries_total:
    "Events and messages of rooms, once for each client, by result.",
  hoist_limit_hits_total: "How often clients reached a limit, by limit.",
  hoist_history_evictions_total:
    "Histories of rooms that were dropped because of maxHistory.",
  hoist_connections: "Open WebSockets, including those without a login.",
  hoist_clients: "Clients that are logged in.",
  hoist_requests_in_progress: "Requests of clients that are not answered yet.",
  hoist_open_streams: "Streams that have not ended.",
  hoist_rooms: "Rooms with members on this server.",
  hoist_room_members: "Members on this server, of all rooms together.",
  hoist_buffered_bytes: "Bytes that wait until clients read.",
  hoist_history_bytes: "Memory for the history of rooms.",
  hoist_lost_upgrades: "Upgrades that never opened.",
  hoist_broker_state: "1 for the state of the connection to the broker.",
  hoist_nodes: "Servers of the deployment, including this one.",
  hoist_message_duration_seconds:
    "Time from the arrival of a message to its answer.",
  hoist_operation_duration_seconds:
    "Time from the arrival of a call to its answer.",
};

/** A metric that does not come from the snapshot. */
export interface OtherMetric {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: readonly MetricSample[];
}

/**
 * Responds with the metrics of a server and of its process.
 *
 * @param snapshot The metrics of the server
 * @param node The id of the server
 */
export function respondWithMetrics(
  snapshot: MetricsSnapshot,
  node: string,
): Response {
  const info = gauge("hoist_info", "The version and the id of the server.", 1, {
    ...{ version: VERSION, node },
  });
  const text = formatMetrics(snapshot, [info, ...processMetrics()]);
  return new Response(text, { headers: HEADERS });
}

/** The metrics of the process, with the names that all Prometheus clients use. */
function processMetrics(): OtherMetric[] {
  const { rss, heapTotal } = Deno.memoryUsage();
  const { user, system } = process.cpuUsage();
  const cpu = (user + system) / 1_000_000;
  return [
    {
      ...gauge("process_cpu_seconds_total", "CPU time of the process.", cpu),
      type: "counter",
    },
    gauge("process_resident_memory_bytes", "Memory of the process.", rss),
    gauge("process_heap_bytes", "Heap of the process.", heapTotal),
    gauge(
      "process_start_time_seconds",
      "When the process started, in seconds since 1970.",
      performance.timeOrigin / 1_000,
    ),
  ];
}

function gauge(
  name: string,
  help: string,
  value: number,
  labels: MetricSample["labels"] = {},
): OtherMetric {
  return { name, type: "gauge", help, samples: [{ labels, value }] };
}

/**
 * Formats the metrics of a server.
 *
 * @param snapshot The values
 * @param others Further metrics, such as those of the process
 */
export function formatMetrics(
  { counters, gauges, histograms, bounds }: MetricsSnapshot,
  others: readonly OtherMetric[] = [],
): string {
  const lines = [
    ...formatAll("counter", counters),
    ...formatAll("gauge", gauges),
    ...Object.entries(histograms).flatMap(([name, samples]) => [
      ...headOf(name, HELP[name as HistogramName], "histogram"),
      ...samples.flatMap((sample) => formatHistogram(name, sample, bounds)),
    ]),
    ...others.flatMap(formatMetric),
  ];
  // The format needs a line feed at the end.
  return `${lines.join("\n")}\n`;
}

function formatAll(
  type: OtherMetric["type"],
  metrics: MetricsSnapshot["counters"] | MetricsSnapshot["gauges"],
): string[] {
  return Object.entries(metrics).flatMap(([name, samples]) => {
    const help = HELP[name as CounterName | GaugeName];
    return formatMetric({ name, type, help, samples });
  });
}

function formatMetric({ name, type, help, samples }: OtherMetric): string[] {
  if (samples.length === 0) return [];
  const values = samples.map(({ labels, value }) =>
    `${name}${formatLabels(labels)} ${value}`
  );
  return [...headOf(name, help, type), ...values];
}

function headOf(name: string, help: string, type: string): string[] {
  return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`];
}

/** Formats a histogram, whose buckets contain the smaller ones in this format. */
function formatHistogram(
  name: string,
  { labels, count, sum, buckets }: HistogramSample,
  bounds: readonly number[],
): string[] {
  let total = 0;
  const lines = bounds.map((bound, index) => {
    total += buckets[index] ?? 0;
    return `${name}_bucket${
      formatLabels({ ...labels, le: `${bound}` })
    } ${total}`;
  });
  return [
    ...lines,
    `${name}_bucket${formatLabels({ ...labels, le: "+Inf" })} ${count}`,
    `${name}_sum${formatLabels(labels)} ${sum}`,
    `${name}_count${formatLabels(labels)} ${count}`,
  ];
}

function formatLabels(labels: MetricSample["labels"]): string {
  const pairs = Object.entries(labels).map(([name, value]) =>
    `${name}="${escapeLabel(value)}"`
  );
  return pairs.length === 0 ? "" : `{${pairs.join()}}`;
}

/** Escapes the value of a label, which can be any name of the application. */
function escapeLabel(value: string): string {
  return escapeHelp(value).replaceAll('"', '\\"');
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
