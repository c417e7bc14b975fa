/** The options of `parseArgs` in `@std/cli` that this project uses */
export interface ParseOptions {
  /** Names of the flags without a value */
  boolean?: readonly string[] | undefined;
  /** Names of the flags whose value stays a string */
  string?: readonly string[] | undefined;
  /** Other names of a flag */
  alias?: Record<string, string | readonly string[]> | undefined;
  /** Called for each unknown argument; `false` omits it from the result */
  unknown?: (argument: string, key?: string, value?: unknown) => unknown;
}

/** Parses command line arguments into flags, and the other words in `_` */
export function parseArgs(
  args: string[],
  options?: ParseOptions,
): { [flag: string]: unknown; _: Array<string | number> };
