/**
 * Checks whether the server accepts clients. Exits with status 1 if it does not.
 *
 * Usage: health.ts [port]
 */

const [port = "5000"] = Deno.args;

const url = `http://127.0.0.1:${port}/hoist/health`;
try {
  const response = await fetch(url, { signal: AbortSignal.timeout(3_000) });
  console.log(await response.text());
  Deno.exit(response.ok ? 0 : 1);
} catch {
  console.error(`Nothing answers at ${url}`);
  Deno.exit(1);
}
