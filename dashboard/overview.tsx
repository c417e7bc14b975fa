/**
 * The first page: what the server does now.
 *
 * @module
 */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { AdminCluster } from "../admin/types.ts";
import type { App } from "./app.ts";
import { useCell } from "./hooks.ts";
import { Chart } from "./chart.tsx";
import {
  age,
  bytes,
  compact,
  count,
  duration,
  perSecond,
  safe,
} from "./format.ts";
import type { Stats } from "./history.ts";
import { Facts, Page } from "./parts.tsx";

const rate = (value: number): string => `${perSecond(value)}/s`;

/** Shows the numbers of the server and the charts of the last minutes. */
export function Overview({ app }: { readonly app: App }): JSX.Element {
  const stats = useCell(app.history.latest);
  const samples = useCell(app.history.samples);
  const now = samples.at(-1);
  const number = (
    value: number | null | undefined,
    format: (value: number) => string,
  ) => value === null || value === undefined ? "–" : format(value);
  const failures = now && (now.errors ?? 0) + (now.failed ?? 0);
  const tiles = [
    ["Clients", number(stats?.clients, count)],
    ["Requests", number(now?.requests, rate)],
    ["Latency, median", number(now?.median, duration)],
    ["Latency, 99 %", number(now?.slow, duration)],
    ["Buffered", number(stats?.buffered, bytes)],
    ["Errors", number(failures, rate)],
  ] as const;
  return (
    <Page title="Overview">
      <dl class="tiles">
        {tiles.map(([name, value]) => (
          <div class="panel" key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div class="charts">
        <Chart
          title="Clients"
          format={compact}
          samples={samples}
          lines={[{ label: "Clients", color: "c1", of: "clients" }]}
        />
        <Chart
          title="Messages per second"
          format={perSecond}
          samples={samples}
          lines={[
            { label: "Requests", color: "c1", of: "requests" },
            { label: "Frames sent", color: "c2", of: "sent" },
            { label: "Stream items", color: "c3", of: "items" },
          ]}
        />
        <Chart
          title="Latency of handlers"
          format={duration}
          samples={samples}
          lines={[
            { label: "Median", color: "c1", of: "median" },
            { label: "99 %", color: "c2", of: "slow" },
          ]}
        />
        <Chart
          title="Errors per second"
          format={perSecond}
          samples={samples}
          lines={[
            { label: "Rejected", color: "c3", of: "errors" },
            { label: "Failed", color: "c4", of: "failed" },
          ]}
        />
        <Chart
          title="Buffered data"
          format={bytes}
          samples={samples}
          lines={[{ label: "Buffered", color: "c1", of: "buffered" }]}
        />
        <Server app={app} stats={stats} />
      </div>
    </Page>
  );
}

/** Shows what seldom changes. */
function Server({ app, stats }: {
  readonly app: App;
  readonly stats: Stats | undefined;
}): JSX.Element {
  const [cluster, setCluster] = useState<AdminCluster>();
  const phase = useCell(app.connection.phase);
  const state = stats?.broker?.state;
  const nodes = stats?.nodes;
  useEffect(() => {
    if (phase.kind !== "open") return;
    app.connection.call("hoist.admin.cluster").then(
      (cluster) => setCluster(cluster as unknown as AdminCluster),
      () => {},
    );
  }, [phase, state, nodes]);
  return (
    <section class="panel">
      <h2>Server</h2>
      {stats && (
        <Facts
          facts={[
            ["Version", safe(stats.version)],
            ["Node", safe(stats.node)],
            ["Running for", age(stats.uptime)],
            ["Sockets", count(stats.connections)],
            ["Rooms", count(stats.rooms)],
            ["Requests in progress", count(stats.pending)],
            [
              "Memory",
              `${bytes(stats.memory.rss)} (heap ${
                bytes(stats.memory.heapUsed)
              })`,
            ],
            ["Broker", <Broker key="broker" stats={stats} />],
            [
              "Other nodes",
              cluster?.nodes.length
                ? cluster.nodes.map((node) => safe(node)).join(", ")
                : "none",
            ],
            ...(stats.lostUpgrades > 0
              ? [["Lost upgrades", count(stats.lostUpgrades)] as const]
              : []),
          ]}
        />
      )}
    </section>
  );
}

function Broker({ stats: { broker } }: { readonly stats: Stats }) {
  if (broker === null) return <>none: the server is alone</>;
  const kind = broker.state === "up" ? "good" : "bad";
  return <span class={`badge ${kind}`}>{safe(broker.state)}</span>;
}
