/**
 * A program with OpenTelemetry: a span of the application contains requests to a server. Its
 * argument is the option `spans`.
 *
 * @module
 */

import { connect, serve } from "../../mod.ts";
import { memory } from "../../broker/memory.ts";

const [spans] = Deno.args as ["linked" | "all" | "none"];
const TOKEN = "a-token-that-nobody-may-export";
const HOST = { hostname: "127.0.0.1", port: 0 } as const;

await using web = Deno.serve(
  { ...HOST, onListen: () => {} },
  () => new Response("ok"),
);
const visit = async (path: string) =>
  await (await fetch(`http://127.0.0.1:${web.addr.port}/${path}`)).text();

const broker = memory();
await using server = serve(TOKEN, { ...HOST, spans, broker });
await using other = serve(TOKEN, { ...HOST, spans, broker });
await using connection = await connect(TOKEN, { url: server.url, spans });
await using remote = await connect(TOKEN, { url: other.url, spans });
const { promise: found, resolve } = Promise.withResolvers<string>();
other.receive("introduce", ({ client }) => resolve(client.globalId));
await remote.message("introduce");
const globalId = await found;

server.operation("visit", async () => await visit("operation"));
server.operation("throw", () => {
  throw new Error("on purpose");
});
server.operation("count", async function* () {
  await visit("stream");
  yield 1;
});
server.operation("relay", async () => {
  const reply = await server.client(globalId).request("ask");
  return reply.data;
});
server.receive("hello", async () => void await visit("message"));
remote.receive("ask", async (message) => {
  await visit("listener");
  await message.reply("answer", {});
});

await inSpan("application", async () => {
  await connection.operation("visit");
  await connection.operation("throw").catch(() => {});
  await connection.operation("no such operation").catch(() => {});
  for await (const _ of connection.stream("count"));
  await connection.message("hello");
  await connection.operation("relay");
});
await connection.operation("visit");
// The metrics are read every 100 ms, and not after the server has closed.
await untilExported();

/** Waits until the receiver has the metrics. A request of `fetch` would be a span. */
async function untilExported(): Promise<void> {
  const { hostname, port } = new URL(
    Deno.env.get("OTEL_EXPORTER_OTLP_ENDPOINT")!,
  );
  using receiver = await Deno.connect({ hostname, port: Number(port) });
  const request = "GET /exported HTTP/1.1\r\nHost: receiver\r\n\r\n";
  await receiver.write(new TextEncoder().encode(request));
  await receiver.read(new Uint8Array(1));
}

/** Calls a function inside of a span of the application. */
async function inSpan(name: string, run: () => Promise<void>): Promise<void> {
  // deno-lint-ignore no-explicit-any
  const api = (globalThis as any)[Symbol.for("opentelemetry.js.api.1")];
  const span = api.trace.getTracer("application").startSpan(name);
  const key = Symbol.for("OpenTelemetry Context Key SPAN");
  await api.context.with(api.context.active().setValue(key, span), run);
  span.end();
}
