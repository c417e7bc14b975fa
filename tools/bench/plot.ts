/**
 * Draws the results as SVG: the cost of the same work, relative to bare Deno.
 *
 * @module
 */

import { type ContenderName, LABELS, PEERS } from "./contenders.ts";
import type { Machine } from "./machine.ts";
import { USUAL } from "./sides.ts";
import type { Line } from "./summary.ts";
import { formatRatio } from "./table.ts";

const WIDTH = 880;
/** The start of the axis; the names of the workloads are to its left. */
const AXIS_START = 330;
const AXIS_END = WIDTH - 20;
/** The start of the first group; the title, the legend and the scale are above it. */
const TOP = 124;
const BAR = 9;
const GAP = 14;
const BOTTOM = 40;

const TITLE = "The cost of the same work for a server, relative to bare Deno";

/** The distance of the bars to the ends of the axis, in powers of two. */
const MARGIN = 0.75;

/** A bar: a library, and its ratio to bare Deno. */
interface Bar {
  readonly name: ContenderName;
  readonly ratio: number;
}

/** The bars of one workload. */
interface Group {
  readonly title: string;
  readonly subtitle: string;
  readonly bars: readonly Bar[];
  readonly y: number;
}

/** Returns the results as SVG. */
export function drawPlot(lines: readonly Line[], machine: Machine): string {
  const groups = layOut(choose(lines));
  const last = groups.at(-1);
  const end = last === undefined ? TOP : last.y + heightOf(last.bars);
  const scale = new Scale(groups.flatMap(({ bars }) => bars));
  const height = end + BOTTOM;
  const names = new Set(
    groups.flatMap(({ bars }) => bars.map((bar) => bar.name)),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${TITLE}</title>`,
    `<desc id="description">${escape(describe(groups))}</desc>`,
    `<style>${STYLE}</style>`,
    text(20, 30, "title", TITLE),
    text(
      20,
      50,
      "note",
      "CPU time, memory or time. A bar to the left of the line means that the library needs less.",
    ),
    ...drawLegend([...names]),
    ...drawScale(scale, end),
    ...groups.flatMap((group) => drawGroup(group, scale)),
    text(20, height - 14, "note", escape(footer(machine))),
    "</svg>",
    "",
  ].join("\n");
}

/** Sections with many sizes; the plot shows only the largest. */
const BY_SIZE = ["Broadcast", "Idle memory"];

/** Returns the first figure of each workload, and all figures with a target. */
function choose(lines: readonly Line[]): Line[] {
  const chosen = new Map<string, Line>();
  for (const line of lines) {
    const { section, workload, isMain, metric, target, what } = line;
    if (line.sides !== USUAL) continue;
    if (!isMain || (target === undefined && metric !== "cpu")) continue;
    const kind = BY_SIZE.includes(section)
      ? workload.replace(/^[\d,]+/, "")
      : workload;
    chosen.set(`${section} ${kind} ${what}`, line);
  }
  return [...chosen.values()];
}

function layOut(lines: readonly Line[]): Group[] {
  let y = TOP;
  return lines.flatMap((line): Group[] => {
    const bars = barsOf(line);
    if (bars.length === 0) return [];
    const title = `${line.section}: ${line.what}`;
    const group = { title, subtitle: line.workload, bars, y };
    y += heightOf(bars) + GAP;
    return [group];
  });
}

function barsOf({ ratio, peers }: Line): Bar[] {
  const ratios: Line["peers"] = { ...peers, ...(ratio && { hoist: ratio }) };
  return (["hoist", ...PEERS] as const).flatMap((name) => {
    const ratio = ratios[name];
    return ratio === undefined ? [] : [{ name, ratio }];
  });
}

// Each group has two lines of text beside its bars.
function heightOf(bars: readonly Bar[]): number {
  return Math.max(3, bars.length) * BAR;
}

/** The positions of ratios on the logarithmic axis. */
class Scale {
  readonly low: number;
  readonly high: number;

  constructor(bars: readonly Bar[]) {
    const powers = bars.map(({ ratio }) => Math.log2(ratio));
    this.low = Math.floor(Math.min(-1, ...powers) - MARGIN);
    this.high = Math.ceil(Math.max(1, ...powers) + MARGIN);
  }

  x(ratio: number): number {
    const share = (Math.log2(ratio) - this.low) / (this.high - this.low);
    return round(AXIS_START + share * (AXIS_END - AXIS_START));
  }
}

function drawGroup(group: Group, scale: Scale): string[] {
  const { title, subtitle, bars, y } = group;
  const middle = y + heightOf(bars) / 2;
  return [
    text(AXIS_START - 12, middle - 3, "name", escape(title)),
    text(AXIS_START - 12, middle + 11, "note end", escape(subtitle)),
    ...bars.flatMap((bar, index) => drawBar(bar, y + index * BAR, scale)),
  ];
}

function drawBar({ name, ratio }: Bar, y: number, scale: Scale): string[] {
  const one = scale.x(1);
  const tip = scale.x(ratio);
  const start = Math.min(one, tip);
  // A ratio of 1 is still visible.
  const width = Math.max(1.5, round(Math.abs(tip - one)));
  const isLess = ratio < 1;
  const side = isLess ? "value end" : "value";
  const label = isLess ? start - 3 : start + width + 3;
  return [
    `<rect x="${start}" y="${y}" width="${width}" height="${
      BAR - 1.5
    }" class="${classOf(name)}"/>`,
    text(round(label), y + BAR - 2, side, formatRatio(ratio)),
  ];
}

function drawScale(scale: Scale, end: number): string[] {
  const powers = Array.from(
    { length: scale.high - scale.low + 1 },
    (_, index) => scale.low + index,
  );
  return powers.flatMap((power) => {
    const x = scale.x(2 ** power);
    const name = power < 0 ? `1/${2 ** -power}` : `${2 ** power}`;
    const kind = power === 0 ? "one" : "grid";
    return [
      ...(power === 0 ? [text(x, TOP - 30, "tick", LABELS.bare)] : []),
      `<line x1="${x}" y1="${TOP - 10}" x2="${x}" y2="${
        end + 6
      }" class="${kind}"/>`,
      text(x, TOP - 16, "tick", name),
    ];
  });
}

function drawLegend(names: readonly ContenderName[]): string[] {
  let x = 20;
  return names.flatMap((name) => {
    const start = x;
    x += 44 + LABELS[name].length * 6;
    return [
      `<rect x="${start}" y="64" width="12" height="12" class="${
        classOf(name)
      }"/>`,
      text(start + 17, 74, "legend", LABELS[name]),
    ];
  });
}

function describe(groups: readonly Group[]): string {
  return groups.map(({ title, subtitle, bars }) => {
    const values = bars.map(({ name, ratio }) =>
      `${LABELS[name]} ${formatRatio(ratio)}`
    );
    return `${title}, ${subtitle}: ${values.join(", ")}.`;
  }).join(" ");
}

function footer({ cpu, cores, versions }: Machine): string {
  return `${cpu}, ${cores} cores, Deno ${versions.deno}: deno task bench`;
}

function text(x: number, y: number, kind: string, content: string): string {
  return `<text x="${x}" y="${y}" class="${kind}">${content}</text>`;
}

function classOf(name: ContenderName): string {
  return `bar-${name.replace(".", "-")}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

const STYLE = `
text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
.title { font-size: 17px; font-weight: 600 }
.name { font-weight: 600; text-anchor: end }
.note { font-size: 11px; fill: #59636e }
.end { text-anchor: end }
.tick { font-size: 10px; fill: #59636e; text-anchor: middle }
.value { font-size: 8.5px }
.grid { stroke: #d1d9e0; stroke-width: 1 }
.one { stroke: #1f2328; stroke-width: 1.5 }
.bar-hoist { fill: #0969da }
.bar-ws { fill: #8250df }
.bar-socket-io { fill: #57606a }
.bar-bun { fill: #d4a72c }
.bar-python { fill: #1a7f37 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .note, .tick { fill: #9198a1 }
  .grid { stroke: #3d444d }
  .one { stroke: #e6edf3 }
  .bar-hoist { fill: #4493f8 }
  .bar-ws { fill: #ab7df8 }
  .bar-socket-io { fill: #9198a1 }
  .bar-bun { fill: #e3b341 }
  .bar-python { fill: #3fb950 }
}
`;
