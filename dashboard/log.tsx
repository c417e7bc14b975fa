/**
 * The page with the log.
 *
 * @module
 */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { AdminLogLine, AdminLogLines } from "../admin/types.ts";
import type { App } from "./app.ts";
import { block, safe } from "./format.ts";
import { Clock, Dialog, Page, RowButton, Table, TailTools } from "./parts.tsx";
import { useTail } from "./hooks.ts";
import type { Entry } from "./tail.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** Shows the log of the server. */
export function Log({ app }: { readonly app: App }): JSX.Element {
  const tail = useTail<AdminLogLine>();
  const [search, setSearch] = useState("");
  const [selected, setSelected] = useState<AdminLogLine>();
  const [level, setLevel] = useState<string>("info");
  useEffect(() =>
    app.connection.follow<AdminLogLines>(
      "hoist.admin.log",
      { level },
      ({ lines, dropped }) => tail.add(lines, dropped),
    ), [level]);
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const lowest = LEVELS.indexOf(level as AdminLogLine["level"]);
  const rows = tail.entries.filter((line) =>
    LEVELS.indexOf(line.level) >= lowest &&
    words.every((word) => textOf(line).includes(word))
  );
  return (
    <Page
      title="Log"
      tools={
        <TailTools
          tail={tail}
          label="Search the log"
          search={search}
          onSearch={setSearch}
        >
          <select
            aria-label="Minimum level"
            value={level}
            onChange={({ currentTarget }) => setLevel(currentTarget.value)}
          >
            {LEVELS.map((level) => <option key={level}>{level}</option>)}
          </select>
        </TailTools>
      }
    >
      <Table<Entry<AdminLogLine>>
        label="Log, the newest first"
        rows={rows}
        keyOf={({ key }) => key}
        empty="Waiting for log lines …"
        columns={[
          { title: "Time", kind: "time", show: Clock },
          {
            title: "Level",
            kind: "level",
            show: ({ level }) => <span class={`badge ${level}`}>{level}</span>,
          },
          {
            title: "Event",
            kind: "short extra",
            show: ({ event }) => safe(event, 40),
          },
          {
            title: "Message",
            show: (line) => (
              <RowButton
                text={safe(messageOf(line).split("\n")[0])}
                onOpen={() => setSelected(line)}
              />
            ),
          },
        ]}
      />
      {selected && (
        <Dialog
          title={`${selected.level}: ${safe(selected.event, 40)}`}
          onClose={() => setSelected(undefined)}
        >
          <p class="muted">{new Date(selected.time).toLocaleString()}</p>
          <pre tabIndex={0} class="wrap">{block(messageOf(selected))}</pre>
        </Dialog>
      )}
    </Page>
  );
}

function messageOf({ message, error }: AdminLogLine): string {
  return error === undefined ? message : `${message}: ${error}`;
}

function textOf(line: AdminLogLine): string {
  return `${line.event}\n${messageOf(line)}`.toLowerCase();
}
