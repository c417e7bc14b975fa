/**
 * The parts that several pages have.
 *
 * @module
 */

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { clock, count } from "./format.ts";
import type { Tail } from "./tail.ts";

/** A heading with its tools, and what is below it. */
export function Page({ title, tools, children }: {
  readonly title: string;
  readonly tools?: ComponentChildren;
  readonly children: ComponentChildren;
}): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Hoist`;
    heading.current?.focus();
  }, []);
  return (
    <>
      <header class="head">
        <h1 ref={heading} tabIndex={-1}>{title}</h1>
        {tools}
      </header>
      {children}
    </>
  );
}

/** A field that filters a list. */
export function Search({ label, value, onValue }: {
  readonly label: string;
  readonly value: string;
  onValue(value: string): void;
}): JSX.Element {
  return (
    <input
      type="search"
      aria-label={label}
      placeholder={label}
      spellcheck={false}
      maxLength={200}
      value={value}
      onInput={({ currentTarget }) => onValue(currentTarget.value)}
    />
  );
}

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  /** The class of its cells, for example `num` */
  readonly kind?: string;
  readonly sort?: string;
  show(row: Row): ComponentChildren;
}

/** How a table is sorted. */
export interface Sorting {
  readonly key: string;
  readonly isDescending: boolean;
}

/** The height of a row, in pixels. The style sheet has it, too. */
const ROW = 36;

/** How many rows above and below the visible ones are rendered. */
const MORE = 12;

/** A table of any length that renders only the rows that are visible. */
export function Table<Row>(props: {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly empty: string;
  readonly sorting?: Sorting;
  onSort?(sorting: Sorting): void;
  keyOf(row: Row, index: number): string | number;
  classOf?(row: Row): string | undefined;
}): JSX.Element {
  const { label, rows, columns, sorting, onSort, keyOf, classOf } = props;
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const region = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const observer = new ResizeObserver(() =>
      setHeight(region.current!.clientHeight)
    );
    observer.observe(region.current!);
    return () => observer.disconnect();
  }, []);
  const visible = Math.ceil(height / ROW);
  const last = Math.max(0, rows.length - visible);
  const start = Math.max(0, Math.min(last, Math.floor(top / ROW)) - MORE);
  const end = Math.min(rows.length, start + visible + 2 * MORE);
  const space = (count: number) =>
    count > 0 && (
      <tr aria-hidden="true" class="space">
        <td style={{ height: count * ROW }} />
      </tr>
    );
  return (
    <div
      ref={region}
      class="scroll"
      role="region"
      aria-label={label}
      tabIndex={0}
      onScroll={({ currentTarget }) => setTop(currentTarget.scrollTop)}
    >
      <table aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <Head {...{ column, sorting, onSort }} key={column.title} />
            ))}
          </tr>
        </thead>
        <tbody>
          {space(start)}
          {rows.slice(start, end).map((row, index) => (
            <tr
              key={keyOf(row, start + index)}
              class={classOf?.(row)}
              aria-rowindex={start + index + 2}
            >
              {columns.map(({ title, kind, show }) => (
                <td key={title} class={kind}>{show(row)}</td>
              ))}
            </tr>
          ))}
          {space(rows.length - end)}
        </tbody>
      </table>
      {rows.length === 0 && <p class="empty">{props.empty}</p>}
    </div>
  );
}

function Head<Row>({ column: { title, kind, sort }, sorting, onSort }: {
  readonly column: Column<Row>;
  readonly sorting: Sorting | undefined;
  readonly onSort: ((sorting: Sorting) => void) | undefined;
}): JSX.Element {
  if (sort === undefined || onSort === undefined) {
    return <th scope="col" class={kind}>{title}</th>;
  }
  const isSorted = sorting?.key === sort;
  const isDescending = isSorted && sorting.isDescending;
  const direction = isDescending ? "descending" : "ascending";
  return (
    <th scope="col" class={kind} aria-sort={isSorted ? direction : "none"}>
      <button
        type="button"
        onClick={() =>
          onSort({ key: sort, isDescending: isSorted && !isDescending })}
      >
        {title}
        <span aria-hidden="true">
          {isSorted ? isDescending ? "↓" : "↑" : ""}
        </span>
      </button>
    </th>
  );
}

/** A dialog, which the Escape key closes. The focus returns to where it was. */
export function Dialog({ title, onClose, children }: {
  readonly title: ComponentChildren;
  readonly children: ComponentChildren;
  onClose(): void;
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current!.showModal();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={onClose}>
      <header class="head">
        <h2 id="dialog-title">{title}</h2>
        <button type="button" onClick={() => dialog.current!.close()}>
          Close
        </button>
      </header>
      {children}
    </dialog>
  );
}

/** Names and values below each other. */
export function Facts({ facts }: {
  readonly facts: readonly (readonly [string, ComponentChildren])[];
}): JSX.Element {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The time of the day, with milliseconds where there is space. */
export function Clock({ time }: { readonly time: number }): JSX.Element {
  return (
    <>
      {clock(time, 8)}
      <span class="extra">{clock(time).slice(8)}</span>
    </>
  );
}

/** A button in a row that opens its details. The row can move while a click lasts. */
export function RowButton({ text, onOpen }: {
  readonly text: string;
  onOpen(): void;
}): JSX.Element {
  return (
    <button
      type="button"
      class="link plain"
      onMouseDown={({ button }) => button === 0 && onOpen()}
      onClick={onOpen}
    >
      <bdi>{text}</bdi>
    </button>
  );
}

/** The tools of a page that shows the newest entries of a list. */
export function TailTools({ tail, label, search, onSearch, children }: {
  readonly tail: Pick<
    Tail<object>,
    "dropped" | "isPaused" | "missed" | "pause" | "clear"
  >;
  /** What the search looks for */
  readonly label: string;
  readonly search: string;
  onSearch(search: string): void;
  /** Chooses which entries are shown */
  readonly children: ComponentChildren;
}): JSX.Element {
  const { dropped, isPaused, missed } = tail;
  return (
    <>
      {dropped > 0 && <span class="muted">{count(dropped)} not shown</span>}
      {children}
      <Search label={label} value={search} onValue={onSearch} />
      <button
        type="button"
        aria-pressed={isPaused}
        onClick={() => tail.pause(!isPaused)}
      >
        {isPaused ? `Resume${missed > 0 ? ` (${missed} new)` : ""}` : "Pause"}
      </button>
      <button type="button" onClick={() => tail.clear()}>Clear</button>
    </>
  );
}
