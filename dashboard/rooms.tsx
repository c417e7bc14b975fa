/**
 * The page with the rooms and their members.
 *
 * @module
 */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type {
  AdminMember,
  AdminMembers,
  AdminRoom,
  AdminRooms,
} from "../admin/types.ts";
import type { App } from "./app.ts";
import { usePolled } from "./hooks.ts";
import { count, json, safe } from "./format.ts";
import { Dialog, Page, Search, Table } from "./parts.tsx";

/** How many rooms or members the page shows. */
const LIMIT = 1_000;

/** Lists the rooms, and shows the members of one of them. */
export function Rooms({ app }: { readonly app: App }): JSX.Element {
  const [prefix, setPrefix] = useState("");
  const [selected, setSelected] = useState<string>();
  const input = prefix === "" ? {} : { prefix };
  const [result, problem] = usePolled<AdminRooms>(app, "hoist.admin.rooms", {
    ...input,
    limit: LIMIT,
  });
  const rows = result?.rooms ?? [];
  const rest = (result?.total ?? 0) - rows.length;
  return (
    <Page
      title="Rooms"
      tools={
        <>
          <span class="muted count">
            {result && count(result.total)}
            {rest > 0 && `, the first ${count(rows.length)} are shown`}
          </span>
          <Search
            label="Beginning of the name"
            value={prefix}
            onValue={setPrefix}
          />
        </>
      }
    >
      <p role="alert" class="problem">{problem}</p>
      <Table<AdminRoom>
        label="Rooms"
        rows={rows}
        keyOf={({ name }) => name}
        empty={prefix === ""
          ? "No room has a member on this server."
          : "No room begins like this."}
        columns={[
          {
            title: "Room",
            show: ({ name }) => (
              <button
                type="button"
                class="link"
                onClick={() => setSelected(name)}
              >
                <bdi>{safe(name)}</bdi>
              </button>
            ),
          },
          {
            title: "Pattern",
            kind: "extra",
            show: ({ pattern }) => safe(pattern),
          },
          {
            title: "Clients",
            kind: "num",
            show: ({ clients }) => count(clients),
          },
          {
            title: "Members",
            kind: "num",
            show: ({ members }) => count(members),
          },
        ]}
      />
      {selected !== undefined && (
        <Dialog
          title={<bdi>{safe(selected, 80)}</bdi>}
          onClose={() => setSelected(undefined)}
        >
          <Members app={app} room={selected} />
        </Dialog>
      )}
    </Page>
  );
}

function Members({ app, room }: {
  readonly app: App;
  readonly room: string;
}): JSX.Element {
  const [result, problem] = usePolled<AdminMembers>(
    app,
    "hoist.admin.members",
    { room, limit: LIMIT },
  );
  const members = result?.members ?? [];
  return (
    <>
      <p class="muted">
        {result === undefined
          ? "Loading …"
          : `${count(result.total)} members${
            result.isComplete ? "" : `, the first ${count(members.length)}`
          }`}
      </p>
      <p role="alert" class="problem">{problem}</p>
      <Table<AdminMember>
        label="Members"
        rows={members}
        keyOf={({ id }) => id}
        empty="The room has no members."
        columns={[
          {
            title: "Member",
            show: ({ user, id }) => <bdi>{safe(user ?? id)}</bdi>,
          },
          {
            title: "Connections",
            kind: "num",
            show: ({ connections }) => connections.length,
          },
          {
            title: "Presence",
            kind: "code",
            show: ({ connections }) =>
              safe(
                connections.filter((each) => each !== null).map((each) =>
                  json(each).replaceAll(/\n */g, " ")
                ).join(" "),
              ),
          },
        ]}
      />
    </>
  );
}
