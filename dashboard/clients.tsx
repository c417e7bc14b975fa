/**
 * The page with the clients.
 *
 * @module
 */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type {
  AdminClient,
  AdminClientDetail,
  AdminClientsChange,
} from "../admin/types.ts";
import type { App } from "./app.ts";
import { useCell, usePolled } from "./hooks.ts";
import { ClientList, nameOf, type SortKey } from "./client_list.ts";
import { age, bytes, count, safe } from "./format.ts";
import { type Column, Dialog, Facts, Page, Search, Table } from "./parts.tsx";

/** Lists the clients, and shows one of them in detail. */
export function Clients({ app }: { readonly app: App }): JSX.Element {
  const [list] = useState(() => new ClientList());
  const [search, setSearch] = useState("");
  const [sorting, setSorting] = useState({ key: "id", isDescending: false });
  const [selected, setSelected] = useState<AdminClient>();
  useCell(list.changes);
  useEffect(() =>
    app.connection.follow<AdminClientsChange>(
      "hoist.admin.clients",
      {},
      (change) => list.apply(change),
      () => list.clear(),
    ), []);
  const rows = list.find(search, sorting.key as SortKey, sorting.isDescending);
  const shown = search === ""
    ? count(list.size)
    : `${count(rows.length)} of ${count(list.size)}`;
  return (
    <Page
      title="Clients"
      tools={
        <>
          <span class="muted count">{shown}</span>
          <Search
            label="Search clients"
            value={search}
            onValue={setSearch}
          />
        </>
      }
    >
      <Table
        label="Clients"
        rows={rows}
        columns={columnsOf(setSelected)}
        sorting={sorting}
        onSort={setSorting}
        keyOf={({ id }) => id}
        empty={search === "" ? "No client is connected." : "No client matches."}
      />
      {selected && (
        <Detail
          app={app}
          client={selected}
          onClose={() => setSelected(undefined)}
        />
      )}
    </Page>
  );
}

function columnsOf(
  onSelect: (client: AdminClient) => void,
): readonly Column<AdminClient>[] {
  return [
    {
      title: "Client",
      sort: "id",
      kind: "id",
      show: (client) => (
        <button
          type="button"
          class="link"
          onClick={() => onSelect(client)}
        >
          #{client.id}
        </button>
      ),
    },
    {
      title: "Name",
      sort: "name",
      show: (client) => (
        <div class="named">
          <bdi>{safe(nameOf(client)) || <span class="muted">–</span>}</bdi>
          {client.isAdmin && (
            <span class="badge">{client.isSelf ? "you" : "admin"}</span>
          )}
        </div>
      ),
    },
    { title: "Address", sort: "address", show: ({ address }) => safe(address) },
    {
      title: "Version",
      sort: "version",
      kind: "extra",
      show: ({ version }) => safe(version, 40),
    },
    {
      title: "Connected",
      sort: "connectedAt",
      kind: "num extra",
      show: ({ connectedAt }) => age(Math.max(0, Date.now() - connectedAt)),
    },
    {
      title: "Rooms",
      sort: "rooms",
      kind: "num extra",
      show: (it) => it.rooms,
    },
    {
      title: "Requests",
      sort: "pending",
      kind: "num extra",
      show: ({ pending }) => pending,
    },
    {
      title: "Buffered",
      sort: "buffered",
      kind: "num extra",
      show: ({ buffered }) => bytes(buffered),
    },
  ];
}

/** Shows one client, and disconnects it after a question. */
function Detail({ app, client, onClose }: {
  readonly app: App;
  readonly client: AdminClient;
  onClose(): void;
}): JSX.Element {
  const { id } = client;
  const [loaded, loadProblem] = usePolled<AdminClientDetail | null>(
    app,
    "hoist.admin.client",
    { client: id },
  );
  // What was known of a client that has disconnected stays visible.
  const known = useRef<AdminClientDetail>();
  const detail = known.current = loaded ?? known.current;
  const [failure, setFailure] = useState("");
  const [isAsking, setAsking] = useState(false);
  const problem = failure ||
    (loaded === null ? "The client has disconnected." : loadProblem);
  const disconnect = async () => {
    try {
      await app.connection.call("hoist.admin.disconnect", { client: id });
      app.news.value = `Client ${id} was disconnected`;
      onClose();
    } catch (error) {
      setFailure(safe((error as Error).message, 500));
    }
  };
  const name = nameOf(client);
  return (
    <Dialog
      title={
        <>
          Client #{id} <bdi class="muted">{safe(name, 60)}</bdi>
        </>
      }
      onClose={onClose}
    >
      <Facts facts={factsOf(detail ?? client, detail)} />
      <p role="alert" class="problem">{problem}</p>
      <footer>
        {isAsking
          ? (
            <>
              <span id="question">Disconnect this client?</span>
              <button type="button" onClick={() => setAsking(false)}>
                Cancel
              </button>
              <button
                type="button"
                class="danger"
                aria-describedby="question"
                ref={(button) => button?.focus()}
                onClick={() => void disconnect()}
              >
                Disconnect
              </button>
            </>
          )
          : (
            <button
              type="button"
              class="danger"
              onClick={() => setAsking(true)}
            >
              Disconnect …
            </button>
          )}
      </footer>
    </Dialog>
  );
}

function factsOf(client: AdminClient, detail: AdminClientDetail | undefined) {
  return [
    ["Name", show(client.name)],
    ["User", show(client.user)],
    ["Address", safe(client.address)],
    ["Version", safe(client.version)],
    ["Connected", new Date(client.connectedAt).toLocaleString()],
    ["Global id", safe(client.globalId)],
    ["Buffered", bytes(client.buffered)],
    ["Extensions", detail ? detail.features.join(", ") || "none" : "…"],
    ["Rooms", detail ? listOf(detail.roomNames, client.rooms) : "…"],
    [
      "In progress",
      `${count(client.pending)} requests${
        detail ? `, ${count(detail.streams)} of them streams` : ""
      }`,
    ],
    [
      "Login expires",
      detail?.expires ? new Date(detail.expires).toLocaleString() : "never",
    ],
  ] as const;
}

const show = (value: string | null) =>
  value === null ? <span class="muted">none</span> : <bdi>{safe(value)}</bdi>;

function listOf(names: readonly string[], total: number) {
  if (names.length === 0) return <span class="muted">none</span>;
  const rest = total - names.length;
  return (
    <ul class="names">
      {names.map((name, index) => (
        <li key={index}>
          <bdi>{safe(name)}</bdi>
        </li>
      ))}
      {rest > 0 && <li>and {count(rest)} more</li>}
    </ul>
  );
}
