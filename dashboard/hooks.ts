/**
 * What connects the values of the page with its components.
 *
 * @module
 */

import { useEffect, useReducer, useState } from "preact/hooks";
import type { App } from "./app.ts";
import type { Cell } from "./cell.ts";
import { safe } from "./format.ts";
import { Tail } from "./tail.ts";

/** Returns the value of a cell, and renders the component again when it changes. */
export function useCell<Value>(cell: Cell<Value>): Value {
  const [, render] = useReducer<number, void>((count) => count + 1, 0);
  const { value } = cell;
  useEffect(() => {
    // The value can change between the rendering and this effect.
    if (cell.value !== value) render();
    return cell.listen(render);
  }, [cell]);
  return value;
}

/** Returns a list for a component, which renders again when the list changes. */
export function useTail<Value extends object>(): Tail<Value> {
  const [tail] = useState(() => new Tail<Value>());
  useCell(tail.changes);
  return tail;
}

/** How often the page asks for what no stream sends, in milliseconds. */
const INTERVAL = 2_000;

/**
 * Calls an operation now and then, while the connection is open.
 *
 * @returns The last result, and why there is no newer one; empty if there is one
 */
export function usePolled<Value>(
  app: App,
  name: string,
  data: object,
): [value: Value | undefined, problem: string] {
  const [value, setValue] = useState<Value>();
  const [problem, setProblem] = useState("");
  const { kind } = useCell(app.connection.phase);
  useEffect(() => {
    if (kind !== "open") return;
    let isOpen = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async () => {
      try {
        const value = await app.connection.call(name, data);
        if (isOpen) {
          setValue(value as Value);
          setProblem("");
        }
      } catch (error) {
        if (isOpen) setProblem(safe((error as Error).message, 500));
      }
      if (isOpen) timer = setTimeout(load, INTERVAL);
    };
    void load();
    return () => {
      isOpen = false;
      clearTimeout(timer);
    };
  }, [kind, name, JSON.stringify(data)]);
  return [value, problem];
}
