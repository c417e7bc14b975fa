/** What this project uses of the options of `parseArgs` in `@std/cli` */
export interface ParseOptions {
  /** Names of the flags that take no value */
  boolean?: readonly string[] | undefined;
  /** Names of the flags whose value stays a string */
  string?: readonly string[] | undefined;
  /** Other names of a flag */
  alias?: Record<string, string | readonly string[]> | undefined;
  /** Called for each argument that no option names; `false` leaves it out */
  unknown?: (argument: string, key?: string, value?: unknown) => unknown;
}

/** Parses command line arguments into an object of flags and the rest in `_` */
export function parseArgs(
  args: string[],
  options?: ParseOptions,
): { [flag: string]: unknown; _: Array<string | number> };
