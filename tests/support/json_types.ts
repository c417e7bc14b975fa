/** How errors name the types of JSON values. */

const SHOWN = {
  bool: "a boolean",
  dict: "an object",
  float: "a fractional number",
  int: "an integer",
  list: "an array",
  str: "a string",
};

/** Returns what an error calls a type that Python names `current`. */
export function shownType(current: string | null): string {
  return current === null ? "null" : SHOWN[current as keyof typeof SHOWN];
}
