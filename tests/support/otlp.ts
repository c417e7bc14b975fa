/**
 * Runs a program with OpenTelemetry, and receives what it exports.
 *
 * @module
 */

import assert from "node:assert/strict";
import { until } from "./timing.ts";
import { cleanEnvironment } from "./environment.ts";

/** A span as the program exported it */
export interface ExportedSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly isError: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A log line as the program exported it */
export interface ExportedLog {
  readonly severity: string;
  readonly body: string;
  readonly traceId: string;
}

/** What a program exported */
export interface Exported {
  readonly spans: readonly ExportedSpan[];
  readonly logs: readonly ExportedLog[];
  /** The data points of each export, by the names of the metrics */
  readonly metrics: ReadonlyMap<string, readonly (readonly DataPoint[])[]>;
}

/** A data point of a metric */
export interface DataPoint {
  readonly count: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

// deno-lint-ignore no-explicit-any
type Loose = any;

const STATUS_ERROR = 2;

/** Runs a program of this folder with OpenTelemetry; returns what it exported. */
export async function runWithTelemetry(
  program: string,
  args: readonly string[] = [],
): Promise<Exported> {
  const bodies: { readonly path: string; readonly body: Loose }[] = [];
  /** Responds after two exports: the first one can have begun before. */
  const exportedAgain = async () => {
    const count = () => bodies.filter(isOfMetrics).length;
    const before = count();
    await until(() => count() >= before + 2, "the metrics are exported");
    return new Response();
  };
  await using receiver = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const path = new URL(request.url).pathname;
      if (path === "/exported") return await exportedAgain();
      bodies.push({ path, body: await request.json() });
      return Response.json({});
    },
  );
  const config = new URL("../deno.json", import.meta.url).pathname;
  const path = new URL(program, import.meta.url).pathname;
  const flags = ["run", "--allow-all", "--no-check", "--config", config];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...flags, path, ...args],
    ...cleanEnvironment({
      NO_COLOR: "1",
      OTEL_DENO: "true",
      OTEL_METRIC_EXPORT_INTERVAL: "100",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.addr.port}`,
    }),
  }).output();
  const decoder = new TextDecoder();
  assert.equal(code, 0, decoder.decode(stdout) + decoder.decode(stderr));
  const of = (path: string) =>
    bodies.filter((sent) => sent.path === path).map((sent) => sent.body);
  return {
    spans: of("/v1/traces").flatMap(spansOf),
    logs: of("/v1/logs").flatMap(logsOf),
    metrics: groupByName(of("/v1/metrics").flatMap(metricsOf)),
  };
}

function isOfMetrics({ path }: { readonly path: string }): boolean {
  return path === "/v1/metrics";
}

function spansOf({ resourceSpans }: Loose): ExportedSpan[] {
  return scopesOf(resourceSpans, "scopeSpans", "spans").map((span) => ({
    name: span.name,
    kind: span.kind,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? "",
    isError: span.status?.code === STATUS_ERROR,
    attributes: attributesOf(span),
  }));
}

function logsOf({ resourceLogs }: Loose): ExportedLog[] {
  return scopesOf(resourceLogs, "scopeLogs", "logRecords").map((log) => ({
    severity: log.severityText,
    body: log.body?.stringValue ?? "",
    traceId: log.traceId ?? "",
  }));
}

function metricsOf({ resourceMetrics }: Loose): [string, DataPoint[]][] {
  return scopesOf(resourceMetrics, "scopeMetrics", "metrics").map((metric) => {
    const { dataPoints } = metric.histogram ?? metric.sum ?? metric.gauge;
    return [
      metric.name,
      dataPoints.map((point: Loose) => ({
        count: Number(point.count ?? point.asInt ?? point.asDouble),
        attributes: attributesOf(point),
      })),
    ];
  });
}

function groupByName(
  exported: readonly (readonly [string, DataPoint[]])[],
): Map<string, DataPoint[][]> {
  const groups = new Map<string, DataPoint[][]>();
  for (const [name, points] of exported) {
    groups.set(name, [...groups.get(name) ?? [], points]);
  }
  return groups;
}

function scopesOf(resources: Loose, scopes: string, entries: string): Loose[] {
  return resources.flatMap((resource: Loose) =>
    resource[scopes].flatMap((scope: Loose) => scope[entries])
  );
}

function attributesOf({ attributes }: Loose): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }: Loose) => [key, Object.values(value)[0]]),
  );
}
