/**
 * The page with the live events.
 *
 * @module
 */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { AdminEvent, AdminEvents } from "../admin/types.ts";
import type { App } from "./app.ts";
import { block, bytes, duration, safe } from "./format.ts";
import {
  Clock,
  type Column,
  Dialog,
  Facts,
  Page,
  RowButton,
  Table,
  TailTools,
} from "./parts.tsx";
import { useTail } from "./hooks.ts";
import type { Entry } from "./tail.ts";

const KINDS: readonly AdminEvent["kind"][] = [
  "message",
  "operation",
  "stream",
  "event",
  "broadcast",
  "publish",
];

/** The results that are no failure. */
const GOOD: readonly string[] = ["ok", "duplicate", "cancelled"];

/** Shows what the server receives and sends. */
export function Events({ app }: { readonly app: App }): JSX.Element {
  const tail = useTail<AdminEvent>();
  const [search, setSearch] = useState("");
  const [kind, setKind] = useState("");
  const [selected, setSelected] = useState<AdminEvent>();
  useEffect(() =>
    app.connection.follow<AdminEvents>(
      "hoist.admin.events",
      {},
      ({ events, dropped }) => tail.add(events, dropped),
    ), []);
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = tail.entries.filter((event) =>
    (kind === "" || event.kind === kind) &&
    words.every((word) => textOf(event).includes(word))
  );
  const hasPayloads = rows.some(({ payload }) => payload !== undefined);
  const [time, kindColumn, ...rest] = COLUMNS;
  const name: Column<AdminEvent> = {
    title: "Name",
    show: (event) => (
      <RowButton
        text={safe(event.name)}
        onOpen={() => setSelected(event)}
      />
    ),
  };
  const columns = [time!, kindColumn!, name, ...rest];
  if (hasPayloads) columns.push(PAYLOAD);
  return (
    <Page
      title="Live events"
      tools={
        <TailTools
          tail={tail}
          label="Name, #client or room"
          search={search}
          onSearch={setSearch}
        >
          <select
            aria-label="Kind"
            value={kind}
            onChange={({ currentTarget }) => setKind(currentTarget.value)}
          >
            <option value="">All kinds</option>
            {KINDS.map((kind) => <option key={kind}>{kind}</option>)}
          </select>
        </TailTools>
      }
    >
      <Table<Entry<AdminEvent>>
        label="Live events, the newest first"
        rows={rows}
        columns={columns}
        keyOf={({ key }) => key}
        classOf={({ result }) => GOOD.includes(result) ? undefined : "bad"}
        empty="Waiting for events …"
      />
      {selected && (
        <Dialog
          title={<bdi>{safe(selected.name)}</bdi>}
          onClose={() => setSelected(undefined)}
        >
          <Facts facts={factsOf(selected)} />
          {selected.payload !== undefined && (
            <pre tabIndex={0} class="wrap">{block(selected.payload)}</pre>
          )}
        </Dialog>
      )}
    </Page>
  );
}

function factsOf(event: AdminEvent) {
  const { kind, client, room, size, duration: value, result } = event;
  return [
    ["Time", new Date(event.time).toLocaleString()],
    ["Kind", kind],
    ["Client", client === null ? "–" : `#${client}`],
    ["Room", room === null ? "–" : <bdi key="room">{safe(room)}</bdi>],
    ["Size", bytes(size)],
    ["Duration", value === null ? "–" : duration(value)],
    ["Result", safe(result)],
  ] as const;
}

function textOf({ name, client, room }: AdminEvent): string {
  return `${name}\n#${client ?? ""}\n${room ?? ""}`.toLowerCase();
}

const COLUMNS: readonly Column<AdminEvent>[] = [
  { title: "Time", kind: "time", show: Clock },
  { title: "Kind", kind: "short extra", show: ({ kind }) => kind },
  {
    title: "Client",
    kind: "num",
    show: ({ client }) => client === null ? "" : `#${client}`,
  },
  {
    title: "Room",
    kind: "extra",
    show: ({ room }) => room !== null && <bdi>{safe(room)}</bdi>,
  },
  {
    title: "Size",
    kind: "num extra",
    show: ({ size }) => bytes(size),
  },
  {
    title: "Duration",
    kind: "num extra",
    show: ({ duration: value }) => value === null ? "" : duration(value),
  },
  { title: "Result", kind: "result", show: ({ result }) => safe(result) },
];

const PAYLOAD: Column<AdminEvent> = {
  title: "Data",
  kind: "code extra",
  show: ({ payload }) => safe(payload ?? ""),
};
