/**
 * Tracing: what OpenTelemetry costs a server whose clients have no spans.
 *
 * @module
 */

import type { Contender } from "../contenders.ts";
import type { Sides } from "../sides.ts";
import { type Cell, type Row, takeTurns, valuesOf } from "./cell.ts";
import type { Context } from "./context.ts";
import { cpuFor, rateOf } from "./metrics.ts";

/** Which requests get a span. */
type Way = "linked-spans" | "no-spans" | "untraced";

const WAYS: readonly Way[] = ["linked-spans", "no-spans", "untraced"];

const SIDES: Sides = {
  ours: "linked-spans",
  base: "no-spans",
  others: ["untraced"],
};

const ROW: Row = {
  section: "Tracing",
  label: "32 connections, 1 in progress on each",
  metrics: [cpuFor("message"), rateOf("messages")],
  targets: { cpu: 1.05 },
  sides: SIDES,
};

/** What the clients request: no client has a span. */
const LOAD = {
  do: "round trips",
  kind: "operation",
  connections: 32,
  inProgress: 1,
} as const;

/** Nothing listens there: the export is not a part of the comparison. */
const COLLECTOR = "http://127.0.0.1:9";

/** Returns the cells of this section. */
export function tracing(context: Context): Cell[] {
  const { rounds, warmUp, duration } = context.scale;
  const [hoist] = context.choose(["hoist"]);
  return takeTurns(WAYS, () => rounds).map(({ subject, round }): Cell => ({
    row: ROW,
    contender: subject,
    round,
    measure: async () => {
      const server = await context.server(traced(hoist!, subject), subject);
      const request = { ...LOAD, warmUp, duration, pids: server.pids };
      return valuesOf(await server.measure(request));
    },
  }));
}

/** Returns the server with its environment. */
function traced(hoist: Contender, way: Way): Contender {
  if (way === "untraced") return hoist;
  const { args, ...server } = hoist.server;
  const spans = way === "linked-spans" ? "linked" : "none";
  const env = { OTEL_DENO: "true", OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR };
  return {
    ...hoist,
    // Deno reports that nothing listens.
    server: { ...server, args: [...args, spans], env, silent: true },
  };
}
