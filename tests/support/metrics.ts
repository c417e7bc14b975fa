/** Servers with metrics, and the values that they export. */

import assert from "node:assert/strict";
import { serve, type ServeOptions, type Server } from "../../server.ts";
import { ADMIN_TOKEN, TOKENS } from "./admin.ts";
import { LogRecorder } from "./log_recorder.ts";

/** Starts a server with metrics, an admin, and a client that is no admin. */
export function serveMetrics(options: ServeOptions = {}): Server {
  return serve({
    hostname: "127.0.0.1",
    port: 0,
    logger: new LogRecorder(),
    tokens: TOKENS,
    metrics: true,
    ...options,
  }) as Server;
}

/** Requests the metrics of a server. */
export async function requestMetrics(
  { url }: { readonly url: string },
  authorization?: string,
  method = "GET",
): Promise<{ readonly response: Response; readonly body: string }> {
  const headers = authorization === undefined ? {} : { authorization };
  const response = await fetch(`${url}/hoist/metrics`, { method, headers });
  return { response, body: await response.text() };
}

/** Returns the metrics of a server by their lines, such as `hoist_rooms` or `a{b="c"}`. */
export async function readMetrics(
  server: { readonly url: string },
): Promise<Map<string, number>> {
  const { response, body } = await requestMetrics(
    server,
    `Bearer ${ADMIN_TOKEN}`,
  );
  assert.equal(response.status, 200, body);
  return parseMetrics(body);
}

/** Parses the values of the text format, without checking it. */
export function parseMetrics(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => /^[^#]/.test(line));
  return new Map(lines.map((line) => {
    const space = line.lastIndexOf(" ");
    return [line.slice(0, space), Number(line.slice(space + 1))];
  }));
}

/** Returns the values of one metric that are not 0, by their labels. */
export function valuesOf(
  metrics: ReadonlyMap<string, number>,
  name: string,
): Record<string, number> {
  const values = [...metrics].filter(([key, value]) =>
    value !== 0 && (key === name || key.startsWith(`${name}{`))
  );
  return Object.fromEntries(
    values.map(([key, value]) => [key.slice(name.length), value]),
  );
}
