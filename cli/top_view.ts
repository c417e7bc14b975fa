/**
 * What `admin top` shows.
 *
 * @module
 */

import type {
  AdminClient,
  AdminClientsChange,
  AdminStats,
} from "../admin/types.ts";
import { detach, escapeControls, truncate } from "../common/text.ts";
import {
  type Column,
  fit,
  formatAge,
  formatBytes,
  formatTable,
} from "./table.ts";
import type { TerminalSize } from "./terminal.ts";

/** The orders of the clients, and how two of them are compared. */
const ORDERS = {
  pending: (a, b) => b.pending - a.pending,
  buffered: (a, b) => b.buffered - a.buffered,
  rooms: (a, b) => b.rooms - a.rooms,
  newest: (a, b) => b.connectedAt - a.connectedAt,
  oldest: (a, b) => a.connectedAt - b.connectedAt,
} satisfies Record<string, (a: AdminClient, b: AdminClient) => number>;

const ORDER_NAMES = Object.keys(ORDERS) as (keyof typeof ORDERS)[];

/** The columns of a table of clients. Those that change come first: a terminal can be narrow. */
export const CLIENT_COLUMNS: readonly Column<AdminClient>[] = [
  { title: "ID", show: ({ id }) => `${id}`, isNumber: true },
  {
    title: "NAME",
    show: ({ name, user, isSelf }) =>
      fit(name ?? user ?? "-", 20) + (isSelf ? " (this)" : ""),
  },
  {
    title: "AGE",
    show: ({ connectedAt }) => formatAge(Date.now() - connectedAt),
    isNumber: true,
  },
  { title: "ROOMS", show: ({ rooms }) => `${rooms}`, isNumber: true },
  { title: "PENDING", show: ({ pending }) => `${pending}`, isNumber: true },
  {
    title: "BUFFERED",
    show: ({ buffered }) => formatBytes(buffered),
    isNumber: true,
  },
  { title: "ADDRESS", show: ({ address }) => address },
  { title: "VERSION", show: ({ version }) => version || "-" },
  {
    title: "USER",
    show: ({ name, user }) => user === name ? "" : user ?? "-",
  },
];

/** How many clients the view keeps, because a server can send any number of them. */
const MAX_CLIENTS = 100_000;

/** The lines above the clients, and below them. */
const HEAD = 6;
const FOOT = 1;

/** The state of a server, as far as the view has learned of it. */
export class TopView {
  readonly #url: string;
  readonly #clients = new Map<number, AdminClient>();
  #stats: AdminStats | undefined;
  #previous: AdminStats | undefined;
  #order: keyof typeof ORDERS = "pending";
  #offset = 0;
  /** Why nothing is current */
  #notice = "connecting";
  /** How long the server has not answered, in milliseconds; 0 if it has */
  #silence = 0;

  /**
   * Constructs a `TopView`.
   *
   * @param url The URL of the server
   */
  constructor(url: string) {
    this.#url = url;
  }

  /** Notes the numbers of the server. */
  addStats(stats: AdminStats): void {
    this.#notice = "";
    this.#silence = 0;
    this.#previous = this.#stats;
    this.#stats = stats;
  }

  /** Notes clients that have come, changed and gone. */
  addClients({ joined, changed, left }: AdminClientsChange): void {
    for (const client of [...joined, ...changed]) {
      const { id } = client;
      if (this.#clients.size >= MAX_CLIENTS && !this.#clients.has(id)) continue;
      this.#clients.set(id, shorten(client));
    }
    for (const id of left) this.#clients.delete(id);
  }

  /** Notes that the numbers are late: the server has not sent any for some milliseconds. */
  noteSilence(silence: number): void {
    this.#silence = silence;
  }

  /** Forgets the clients, because the connection was lost. */
  reset(notice: string): void {
    this.#notice = notice;
    this.#silence = 0;
    this.#clients.clear();
    this.#previous = undefined;
    this.#stats = undefined;
  }

  /** Handles a key; returns whether the view ends. */
  onKey(key: string, { rows }: TerminalSize): boolean {
    const page = Math.max(1, rows - HEAD - FOOT - 1);
    if (key === "q" || key === "Q" || key === "\x03") return true;
    if (key === "s") this.#nextOrder();
    if (key === "\x1b[A" || key === "k") this.#offset--;
    if (key === "\x1b[B" || key === "j") this.#offset++;
    if (key === "\x1b[5~") this.#offset -= page;
    if (key === "\x1b[6~" || key === " ") this.#offset += page;
    if (key === "\x1b[H" || key === "g") this.#offset = 0;
    return false;
  }

  /** Returns the lines of the screen. */
  render(size: TerminalSize, hasColors: boolean): readonly string[] {
    const { columns, rows } = size;
    const visible = Math.max(0, rows - HEAD - FOOT - 1);
    const clients = [...this.#clients.values()].sort((a, b) =>
      ORDERS[this.#order](a, b) || a.id - b.id
    );
    const last = Math.max(0, clients.length - visible);
    this.#offset = Math.min(Math.max(0, this.#offset), last);
    const shown = clients.slice(this.#offset, this.#offset + visible);
    const [titles = "", ...table] = formatTable(CLIENT_COLUMNS, shown);
    const bar = (text: string) => {
      const line = fit(text, columns);
      return hasColors ? `\x1b[7m${line.padEnd(columns)}\x1b[0m` : line;
    };
    const late = this.#late();
    const lines = [
      ...this.#head(),
      late === "" ? "" : bar(late),
      bar(titles),
      ...table,
    ];
    while (lines.length < rows - FOOT) lines.push("");
    const foot = this.#foot(shown.length, clients.length);
    return [...lines.slice(0, Math.max(0, rows - FOOT)), foot].map((line) =>
      line.startsWith("\x1b[7m") ? line : fit(line, columns)
    );
  }

  #nextOrder(): void {
    const index = ORDER_NAMES.indexOf(this.#order) + 1;
    this.#order = ORDER_NAMES[index % ORDER_NAMES.length]!;
    this.#offset = 0;
  }

  #head(): readonly string[] {
    const stats = this.#stats;
    if (stats === undefined) return [this.#url, this.#notice, "", ""];
    return [
      `Hoist ${shown(stats.version)} at ${this.#url}, up ${
        formatAge(stats.uptime)
      }`,
      describeLoad(stats),
      ratesOf(stats, this.#previous).join(", ") || "measuring the rates",
      `memory ${formatBytes(stats.memory.rss)} (heap ${
        formatBytes(stats.memory.heapUsed)
      })${describeBroker(stats)}`,
    ];
  }

  #late(): string {
    if (this.#silence === 0) return "";
    const rest = this.#stats === undefined ? "" : ": these numbers are old";
    return `no answer for ${formatAge(this.#silence)}${rest}`;
  }

  #foot(shown: number, total: number): string {
    const range = total === 0
      ? "no clients"
      : `clients ${this.#offset + 1} to ${this.#offset + shown} of ${total}`;
    return `${range}, by ${this.#order} | s order, arrows scroll, q quits`;
  }
}

/** Keeps only what the view can show of a client, because its strings can have any length. */
function shorten(client: AdminClient): AdminClient {
  const short = (text: string) => detach(truncate(text));
  const { address, version, name, user } = client;
  return {
    ...client,
    globalId: "",
    address: short(address),
    version: short(version),
    name: name && short(name),
    user: user && short(user),
  };
}

function shown(text: string): string {
  return escapeControls(text, 100);
}

function describeBroker({ broker, nodes }: AdminStats): string {
  if (broker === null) return "";
  return `, broker ${shown(broker.state)}, ${nodes} other servers`;
}

/**
 * Describes the load of a server in one line.
 *
 * @param stats The numbers
 * @param previous The numbers before, for the rates; there are none at the start
 */
export function summarizeStats(
  stats: AdminStats,
  previous?: AdminStats,
): string {
  return [describeLoad(stats), ...ratesOf(stats, previous)].join(", ");
}

function describeLoad(
  { clients, connections, rooms, pending, buffered }: AdminStats,
): string {
  return [
    `clients ${clients}, connections ${connections}`,
    `rooms ${rooms}`,
    `pending ${pending}`,
    `buffered ${formatBytes(buffered)}`,
  ].join(", ");
}

/** The counters of requests. */
const REQUESTS = [
  "hoist_messages_total",
  "hoist_operations_total",
  "hoist_streams_total",
] as const;

function ratesOf(
  { time, metrics }: AdminStats,
  previous: AdminStats | undefined,
): readonly string[] {
  const before = previous?.metrics;
  const seconds = (time - (previous?.time ?? time)) / 1_000;
  if (metrics === undefined || before === undefined || seconds <= 0) return [];
  const rate = (name: string) =>
    Math.max(0, totalOf(metrics, name) - totalOf(before, name)) / seconds;
  const requests = REQUESTS.reduce((sum, name) => sum + rate(name), 0);
  return [
    `${Math.round(requests)} requests/s`,
    `in ${formatBytes(rate("hoist_received_bytes_total"))}/s`,
    `out ${formatBytes(rate("hoist_sent_bytes_total"))}/s`,
  ];
}

/** Returns the total of a counter. The schema of the contract does not look into the metrics. */
function totalOf(metrics: object, name: string): number {
  const samples = Object(Object(metrics).counters)[name];
  if (!Array.isArray(samples)) return 0;
  return samples.reduce((sum, sample) => {
    const value = Object(sample).value;
    return typeof value === "number" ? sum + value : sum;
  }, 0);
}
