/** Tests that need an engine which is not a part of the checkout. */

/**
 * Registers the tests that need an engine, if `deno task test:brokers` runs them.
 *
 * @param name The name of the engine
 * @param register Registers the tests
 */
export async function withEngine(
  name: string,
  register: () => void | Promise<void>,
): Promise<void> {
  if (Deno.env.get("HOIST_ENGINES") === "1") return await register();
  console.log(
    `The tests with ${name} are skipped. Run them with: deno task test:brokers`,
  );
}
