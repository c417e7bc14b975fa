/** The environment of the programs that tests start. */

/** What the shell, the terminal or the language of a user changes, and the variables of Hoist. */
const PERSONAL =
  /^(HOIST_\w+|NO_COLOR|FORCE_COLOR|SHELL|TERM|COLUMNS|LINES|TZ|LANG|LANGUAGE|LC_\w+)$/;

/** A part of the options of `Deno.Command`. */
export interface Environment {
  readonly clearEnv: true;
  readonly env: Record<string, string>;
}

/**
 * Returns the environment of a program that a test starts: that of the tests, without the
 * variables of the user who runs them.
 *
 * @param variables Additional variables
 */
export function cleanEnvironment(
  variables: Readonly<Record<string, string>> = {},
): Environment {
  const inherited = Object.entries(Deno.env.toObject())
    .filter(([name]) => !PERSONAL.test(name));
  // `script` starts the shell of the user, which can be any program.
  const fixed = { SHELL: "/bin/sh", TERM: "xterm" };
  const env = { ...Object.fromEntries(inherited), ...fixed, ...variables };
  return { clearEnv: true, env };
}
