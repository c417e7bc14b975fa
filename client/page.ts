/**
 * The web page in which the client runs, if there is one.
 *
 * @module
 */

/**
 * Returns the origin of the page, such as `http://localhost:8000`. Pages at `localhost` and
 * at `127.0.0.1` look the same, but have different origins.
 */
export function pageOrigin(): string | undefined {
  const { location }: {
    readonly location?: { readonly origin?: string };
  } = globalThis;
  return location?.origin;
}
