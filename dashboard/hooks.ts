/**
 * What connects the values of the page with its components.
 *
 * @module
 */

import { useEffect, useReducer, useState } from "preact/hooks";
import type { Cell } from "./cell.ts";
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
