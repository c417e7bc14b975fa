/**
 * Which operations a server supports, of those that it has.
 *
 * @module
 */

const ALL = "*";

/**
 * Reads the two lists.
 *
 * @param supported Those that clients may call; `*` stands for all
 * @param unsupported Those that they may not; `*` stands for all that are not supported
 * by name
 * @returns Whether clients may call an operation of a name
 *
 * @throws {TypeError} If the lists make no sense
 */
export function supportOf(
  supported: readonly string[] = [ALL],
  unsupported: readonly string[] = [],
): (name: string) => boolean {
  assertList("supportedOperations", supported);
  assertList("unsupportedOperations", unsupported);
  const both = supported.find((name) =>
    name !== ALL && unsupported.includes(name)
  );
  if (both !== undefined) {
    throw new TypeError(
      `Cannot serve as operation ${
        JSON.stringify(both)
      } is both in 'supportedOperations' and in 'unsupportedOperations'`,
    );
  }
  const takesAll = supported.includes(ALL);
  const refusesAll = unsupported.includes(ALL);
  const listed = [...supported];
  const unlisted = [...unsupported];
  // An operation may have that name, too.
  const isNamed = (names: readonly string[], name: string) =>
    name !== ALL && names.includes(name);
  return (name) => {
    if (refusesAll) return isNamed(listed, name);
    return !isNamed(unlisted, name) && (takesAll || isNamed(listed, name));
  };
}

/** The operations that the two lists have by name. */
export function namedIn(
  ...lists: readonly (readonly string[] | undefined)[]
): readonly string[] {
  return lists.flatMap((names = []) => names).filter((name) => name !== ALL);
}

function assertList(option: string, names: readonly string[]): void {
  const isList = Array.isArray(names) &&
    names.every((name) => typeof name === "string");
  if (!isList) {
    throw new TypeError(
      `Cannot serve as '${option}' must be a list of names of operations, or ["*"] for all`,
    );
  }
  if (names.length < 2 || !names.includes(ALL)) return;
  throw new TypeError(
    `Cannot serve as "*" in '${option}' stands for all operations: leave out the others`,
  );
}
