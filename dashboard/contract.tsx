/**
 * The page with the contract, from which a person can call an operation.
 *
 * @module
 */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { AdminContractInfo } from "../admin/types.ts";
import {
  describeApplicationError,
  isApplicationError,
} from "../common/application_error.ts";
import type { Json, JsonObject } from "../common/json.ts";
import type { App } from "./app.ts";
import { useCell } from "./hooks.ts";
import { duration, json, safe } from "./format.ts";
import { Page, Search } from "./parts.tsx";
import { skeletonText } from "./skeleton.ts";

/** A name of the contract, or one that has a handler. */
interface Entry {
  readonly kind: Kind;
  readonly name: string;
  readonly description: JsonObject | undefined;
}

type Kind = "operation" | "message" | "event" | "room";

const TITLES: Readonly<Record<Kind, string>> = {
  operation: "Operations",
  message: "Messages",
  event: "Events",
  room: "Rooms",
};

/** Lists the names of the contract with their schemas. */
export function Contract({ app }: { readonly app: App }): JSX.Element {
  const [info, setInfo] = useState<AdminContractInfo>();
  const [problem, setProblem] = useState("");
  const [search, setSearch] = useState("");
  const [selected, setSelected] = useState<Entry>();
  const { kind } = useCell(app.connection.phase);
  useEffect(() => {
    if (kind !== "open") return;
    app.connection.call("hoist.admin.contract").then(
      (info) => {
        setInfo(info as unknown as AdminContractInfo);
        setProblem("");
      },
      ({ message }) => setProblem(safe(message, 500)),
    );
  }, [kind]);
  const entries = info === undefined ? [] : entriesOf(info);
  const found = entries.filter(({ name }) =>
    name.toLowerCase().includes(search.trim().toLowerCase())
  );
  const kinds = Object.keys(TITLES) as Kind[];
  return (
    <Page
      title="Contract"
      tools={<Search label="Search names" value={search} onValue={setSearch} />}
    >
      <p role="alert" class="problem">{problem}</p>
      {info?.contract === null && (
        <p class="muted">
          The server has no contract. These are the names that have handlers.
        </p>
      )}
      <div class="split">
        <nav class="panel" aria-label="Names of the contract">
          {kinds.map((kind) => (
            <Names
              key={kind}
              title={TITLES[kind]}
              entries={found.filter((entry) => entry.kind === kind)}
              selected={selected}
              onSelect={setSelected}
            />
          ))}
          {found.length === 0 && info && (
            <p class="empty">
              {entries.length === 0
                ? "No name has a handler."
                : "No name matches."}
            </p>
          )}
        </nav>
        <section class="panel" aria-label="Description">
          {selected === undefined
            ? (
              <p class="empty">
                {entries.length > 0 && "Select a name to see its schemas."}
              </p>
            )
            : (
              <Description
                key={`${selected.kind} ${selected.name}`}
                app={app}
                entry={selected}
              />
            )}
        </section>
      </div>
    </Page>
  );
}

function Names({ title, entries, selected, onSelect }: {
  readonly title: string;
  readonly entries: readonly Entry[];
  readonly selected: Entry | undefined;
  onSelect(entry: Entry): void;
}): JSX.Element | null {
  if (entries.length === 0) return null;
  return (
    <>
      <h2>{title}</h2>
      <ul>
        {entries.map((entry) => (
          <li key={entry.name}>
            <button
              type="button"
              class="item"
              aria-current={entry.name === selected?.name &&
                entry.kind === selected.kind}
              onClick={() => onSelect(entry)}
            >
              <bdi>{safe(entry.name)}</bdi>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function Description({ app, entry }: {
  readonly app: App;
  readonly entry: Entry;
}): JSX.Element {
  const { kind, name, description } = entry;
  return (
    <>
      <h2>
        <bdi>{safe(name)}</bdi> <span class="badge">{kind}</span>
      </h2>
      {(kind === "operation" || kind === "message") && (
        <Call app={app} entry={entry} />
      )}
      {description === undefined
        ? <p class="muted">There is no schema for it.</p>
        : Object.entries(description).map(([part, schema]) => (
          <details key={part} open>
            <summary>{safe(part)}</summary>
            <pre
              tabIndex={0}
            >{schema === null ? "no schema" : json(schema)}</pre>
          </details>
        ))}
    </>
  );
}

/** How many items of a stream the page shows. */
const MAX_ITEMS = 100;

/** A form with the data as JSON, and the result of the call. */
function Call({ app, entry: { kind, name, description } }: {
  readonly app: App;
  readonly entry: Entry;
}): JSX.Element {
  const input = useRef<HTMLTextAreaElement>(null);
  const [result, setResult] = useState("");
  const [problem, setProblem] = useState("");
  const [note, setNote] = useState("");
  const controller = useRef<AbortController | null>(null);
  const [running, setRunning] = useState<"call" | "stream">();
  useEffect(() => () => controller.current?.abort(), []);
  const run = async (
    kind: "call" | "stream",
    call: (data: JsonObject) => Promise<unknown>,
  ) => {
    setProblem("");
    setResult("");
    setNote("Running …");
    setRunning(kind);
    const start = performance.now();
    try {
      const data = parse(input.current!.value);
      setResult(json(await call(data)));
      setNote(`Finished in ${duration(performance.now() - start)}`);
    } catch (error) {
      setNote("");
      setProblem(safe(messageOf(error), 2_000));
    }
    setRunning(undefined);
  };
  const readStream = async (data: JsonObject) => {
    const { signal } = controller.current = new AbortController();
    const items: Json[] = [];
    try {
      for await (const item of app.connection.stream(name, data, signal)) {
        setResult(json([...items, item]));
        if (items.push(item) === MAX_ITEMS) break;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return items;
  };
  const { connection } = app;
  const isStream = description !== undefined && "yields" in description;
  const canStream = isStream ||
    kind === "operation" && description === undefined;
  return (
    <form
      class="call"
      onSubmit={(event) => {
        event.preventDefault();
        if (running !== undefined) return;
        void run("call", (data) =>
          kind === "message"
            ? connection.send(name, data)
            : connection.call(name, data));
      }}
    >
      <label for="data">Data (JSON)</label>
      <textarea
        id="data"
        ref={input}
        rows={4}
        spellcheck={false}
        aria-invalid={problem !== ""}
        aria-describedby="call-problem"
      >
        {skeletonText(description?.input ?? description?.data)}
      </textarea>
      <div class="row">
        {!isStream && (
          <button
            type="submit"
            class="main"
            aria-disabled={running !== undefined}
          >
            {kind === "message" ? "Send" : "Call"}
          </button>
        )}
        {canStream && (
          <button
            type={isStream ? "submit" : "button"}
            class={isStream ? "main" : undefined}
            aria-disabled={running === "call"}
            onClick={(event) => {
              event.preventDefault();
              if (running === "stream") controller.current?.abort();
              if (running === undefined) {
                void run("stream", readStream);
              }
            }}
          >
            {running === "stream" ? "Stop" : "Read stream"}
          </button>
        )}
        <span class="muted" role="status">{note}</span>
      </div>
      <p id="call-problem" role="alert" class="problem">{problem}</p>
      {result !== "" && <pre tabIndex={0} aria-label="Result">{result}</pre>}
    </form>
  );
}

function messageOf(error: unknown): string {
  return isApplicationError(error)
    ? describeApplicationError(error)
    : (error as Error).message;
}

function parse(text: string): JsonObject {
  let data: unknown;
  try {
    data = JSON.parse(text.trim() || "{}");
  } catch (error) {
    throw new Error(`The data is not JSON: ${(error as Error).message}`);
  }
  if (typeof data === "object" && data !== null && !Array.isArray(data)) {
    return data as JsonObject;
  }
  throw new Error("The data must be a JSON object, such as {}.");
}

function entriesOf(
  { contract, messages, operations }: AdminContractInfo,
): readonly Entry[] {
  const parts = (contract ?? {}) as unknown as Partial<
    Record<string, Readonly<Record<string, JsonObject>>>
  >;
  const entries = (
    kind: Kind,
    part: Readonly<Record<string, JsonObject>> = {},
    handled: readonly string[] = [],
  ) =>
    [...new Set([...Object.keys(part), ...handled])].sort().map((name) => ({
      kind,
      name,
      description: Object.hasOwn(part, name) ? part[name] : undefined,
    }));
  return [
    ...entries("operation", parts.operations, operations),
    ...entries("message", parts.messages, messages),
    ...entries("event", parts.events),
    ...entries("room", parts.rooms),
  ];
}
