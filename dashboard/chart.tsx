/**
 * Charts of the last minutes.
 *
 * @module
 */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { bytes, clock, withoutZeros } from "./format.ts";
import { type Sample, timesOf } from "./history.ts";

/** A line of a chart. */
export interface Line {
  readonly label: string;
  /** The class of its color: `c1` to `c4` */
  readonly color: string;
  readonly of: Exclude<keyof Sample, "time">;
}

const HEIGHT = 168;

/** The distances of the lines for bytes, which are no round decimal numbers. */
const POWERS = Array.from({ length: 50 }, (_, power) => 2 ** power);

const FONT = "11px system-ui, sans-serif";

/** The charts with the same key show the same point in time. */
const SYNC = "hoist";

const PROBE = document.createElement("i");

/** Returns a color of the style sheet, as a canvas needs it: resolved for light or dark. */
function colorOf(name: string): string {
  if (!PROBE.isConnected) {
    PROBE.hidden = true;
    document.body.append(PROBE);
  }
  PROBE.className = name;
  return getComputedStyle(PROBE).color;
}

const dark = matchMedia("(prefers-color-scheme: dark)");

/** A chart with a legend, which shows the values at the pointer, or the latest ones. */
export function Chart({ title, lines, samples, format }: {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly samples: readonly Sample[];
  format(value: number): string;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [index, setIndex] = useState<number | null>(null);
  useEffect(() => {
    const element = box.current!;
    const width = () => Math.max(100, element.clientWidth);
    const chart = new uPlot(
      optionsOf(lines, format, width(), setIndex),
      dataOf(lines, samples),
      element,
    );
    plot.current = chart;
    const observer = new ResizeObserver(() =>
      chart.setSize({ width: width(), height: HEIGHT })
    );
    observer.observe(element);
    const redraw = () => chart.redraw(false, true);
    dark.addEventListener("change", redraw);
    return () => {
      dark.removeEventListener("change", redraw);
      observer.disconnect();
      chart.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(dataOf(lines, samples)), [samples]);
  const shown = index === null ? samples.at(-1) : samples[index];
  const valueOf = ({ of }: Line) => {
    const value = shown?.[of];
    return value === null || value === undefined ? "–" : format(value);
  };
  const summary = lines.map((line) => `${line.label}: ${valueOf(line)}`);
  return (
    <section class="panel chart">
      <h2>{title}</h2>
      <p class="legend">
        {lines.map((line) => (
          <span key={line.label}>
            <i class={line.color} />
            {line.label} <b>{valueOf(line)}</b>
          </span>
        ))}
      </p>
      <div
        ref={box}
        role="img"
        aria-label={`${title}, last ten minutes. ${summary.join(", ")}`}
      />
    </section>
  );
}

function dataOf(
  lines: readonly Line[],
  samples: readonly Sample[],
): uPlot.AlignedData {
  return [
    samples.map(({ time }) => time),
    ...lines.map(({ of }) => samples.map((sample) => sample[of])),
  ];
}

function optionsOf(
  lines: readonly Line[],
  format: (value: number) => string,
  width: number,
  onIndex: (index: number | null) => void,
): uPlot.Options {
  const axis = {
    font: FONT,
    stroke: () => colorOf("muted"),
    grid: { stroke: () => colorOf("grid"), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    // Half of the last label of the time is on the right of its line.
    padding: [8, 24, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: SYNC }, drag: { x: false, y: false }, y: false },
    scales: {
      x: { range: ({ data: [times] }) => timesOf(times) },
      y: { range: (_plot, _min, max) => [0, Math.max(max * 1.1, 1)] },
    },
    axes: [
      {
        ...axis,
        space: 80,
        size: 24,
        values: (_plot, times) => times.map((time) => clock(time * 1_000, 8)),
      },
      {
        ...axis,
        size: 64,
        space: 32,
        ...(format === bytes ? { incrs: POWERS } : {}),
        values: (_plot, values) =>
          values.map((value) => withoutZeros(format(value))),
      },
    ],
    series: [
      {},
      ...lines.map(({ label, color }) => ({
        label,
        stroke: () => colorOf(color),
        width: 1.5,
        points: { show: false },
      })),
    ],
    hooks: { setCursor: [({ cursor: { idx } }) => onIndex(idx ?? null)] },
  };
}
