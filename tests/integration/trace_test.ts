/**
 * The spans of the client and of the server, as a program with OpenTelemetry exports them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Exported,
  type ExportedSpan,
  runWithTelemetry,
} from "../support/otlp.ts";

const SERVER = 2;
const CLIENT = 3;
const PROGRAM = "traced_program.ts";
const FETCHES = ["operation", "stream", "message", "listener"];

const exported = await runWithTelemetry(PROGRAM, ["linked"]);
const { spans, logs, metrics } = exported;
const application = find(exported, "application");
const inTrace = spans.filter(({ traceId }) => traceId === application.traceId);

describe("spans: linked", () => {
  it("continues the span of the caller in the handler", () => {
    for (const name of ["visit", "throw", "count", "hello", "relay"]) {
      const client = find({ spans: inTrace }, name, CLIENT);
      const server = find({ spans: inTrace }, name, SERVER);
      assert.equal(client.parentSpanId, application.spanId, name);
      assert.equal(server.parentSpanId, client.spanId, name);
    }
  });

  it("contains the requests of the handlers in the same trace", () => {
    const paths = inTrace.map(pathOf).filter((path) => path !== undefined);
    // Each request has a span of `fetch` and one of the server that answers.
    assert.deepEqual(
      paths.toSorted(),
      FETCHES.flatMap((path) => [`/${path}`, `/${path}`]).toSorted(),
    );
  });

  it("continues over another server to its client", () => {
    const relay = find(exported, "relay", SERVER);
    const sent = find(exported, "ask", CLIENT);
    const heard = find(exported, "ask", SERVER);
    const fetched = inTrace.find((span) => pathOf(span) === "/listener");
    assert.equal(sent.parentSpanId, relay.spanId);
    assert.equal(heard.parentSpanId, sent.spanId);
    assert(fetched !== undefined);
  });

  it("adds no span to a request without a caller", () => {
    const visits = spans.filter(({ name }) => name === "visit");
    assert.equal(visits.length, 2);
  });

  it("keeps requests out of the span of the upgrade", () => {
    const upgrades = spans.filter((span) => pathOf(span) === "/hoist");
    assert.equal(upgrades.length, 2);
    const ids = new Set(upgrades.map(({ spanId }) => spanId));
    assert(!spans.some(({ parentSpanId }) => ids.has(parentSpanId)));
  });

  it("marks the spans of failed requests", () => {
    for (const kind of [CLIENT, SERVER]) {
      const { isError, attributes } = find(exported, "throw", kind);
      assert(isError);
      assert.equal(attributes["error.type"], "SERVER_ERROR");
    }
    assert(!find(exported, "visit", SERVER).isError);
  });

  it("follows the conventions", () => {
    const { attributes } = find(exported, "visit", SERVER);
    assert.deepEqual(attributes, {
      "rpc.system.name": "hoist",
      "rpc.method": "visit",
    });
    const client = find(exported, "visit", CLIENT).attributes;
    assert.equal(client["server.address"], "127.0.0.1");
  });

  it("measures all requests, and invents no name", () => {
    const points = metrics.get("rpc.server.call.duration")?.at(-1) ?? [];
    const counts = points.map(({ count, attributes }) =>
      `${attributes["rpc.method"]} ${attributes["error.type"] ?? ""} ${count}`
    );
    assert.deepEqual(counts.toSorted(), [
      "_OTHER UNKNOWN_OPERATION 1",
      "count  1",
      "hello  1",
      "introduce  1",
      "relay  1",
      "throw SERVER_ERROR 1",
      "visit  2",
    ]);
  });

  it("exports the metrics of each server", () => {
    const visits = metrics.get("hoist.operations")?.flat().filter((
      { attributes },
    ) => attributes.name === "visit");
    assert.equal(Math.max(...visits!.map(({ count }) => count)), 2);
    // The clients leave before the last export.
    const clients = metrics.get("hoist.clients")?.flat() ?? [];
    const full = clients.filter(({ count }) => count === 1);
    const nodes = full.map(({ attributes }) => attributes["hoist.node"]);
    assert.equal(new Set(nodes).size, 2);
    assert(clients.every(({ count }) => count <= 1));
  });

  it("exports each log line with its level, and no token", () => {
    const levelOf = (part: string) =>
      logs.find(({ body }) => body.includes(part))?.severity;
    assert.equal(levelOf("INFO login:"), "INFO");
    assert.equal(levelOf('operation "throw" failed'), "ERROR");
    assert(!logs.some(({ body }) => body.includes("nobody-may-export")));
  });

  it("exports the error of a handler with the span of the handler", () => {
    const line = logs.find(({ body }) => body.includes('"throw" failed'));
    assert.equal(line?.traceId, application.traceId);
  });
});

describe("the option spans", () => {
  it("adds a span to each request with all", async () => {
    const exported = await runWithTelemetry(PROGRAM, ["all"]);
    const visits = exported.spans.filter(({ name }) => name === "visit");
    assert.equal(visits.length, 4);
    const [first, second] = visits.filter(({ kind }) => kind === SERVER);
    assert.notEqual(first?.traceId, second?.traceId);
  });

  it("adds no span with none", async () => {
    const { spans, metrics } = await runWithTelemetry(PROGRAM, ["none"]);
    const names = new Set(spans.map(({ name }) => name));
    assert.deepEqual([...names].toSorted(), ["GET", "application"]);
    assert(metrics.has("rpc.server.call.duration"));
  });
});

function find(
  { spans }: Pick<Exported, "spans">,
  name: string,
  kind?: number,
): ExportedSpan {
  const found = spans.find((span) =>
    span.name === name && (kind === undefined || span.kind === kind)
  );
  assert(found !== undefined, `no span "${name}" of the kind ${kind}`);
  return found;
}

function pathOf({ attributes }: ExportedSpan): unknown {
  return attributes["url.path"];
}
