/**
 * What the runtime offers besides web standards, and the events of a web page that
 * concern its connections.
 *
 * @module
 */

/** Settings of the connections of `fetch`; Deno documents them as `Deno.HttpClient` */
export interface HttpClient {
  /** Releases the settings. Connections that use them continue. */
  close(): void;
}

interface DenoRuntime {
  readonly connect?: unknown;
  readonly permissions?: {
    querySync?(
      permission: { readonly name: "env"; readonly variable: string },
    ): { readonly state: string };
  };
  readonly env?: { get(name: string): string | undefined };
  createHttpClient?(
    options: { readonly caCerts: string[] },
  ): HttpClient;
}

const { Deno: deno }: { readonly Deno?: DenoRuntime } = globalThis;

/** Whether the client can open TCP connections, for a WebSocket of its own */
export const hasTcp: boolean = typeof deno?.connect === "function";

/** Whether the runtime accepts certificate authorities in the options of a request */
export const acceptsCaCerts: boolean = deno?.createHttpClient !== undefined;

/**
 * Whether scripts can add headers to the request of a WebSocket. Browsers and pages do not
 * allow it; Node 20 has no `navigator`.
 */
export function canSendHeaders(): boolean {
  const { navigator }: {
    readonly navigator?: { readonly userAgent?: string };
  } = globalThis;
  const userAgent = navigator?.userAgent;
  return userAgent === undefined || /^(Deno|Node\.js|Bun)\//.test(userAgent);
}

/** Creates settings with additional certificate authorities, which the caller closes. */
export function createHttpClient(caCerts: readonly string[]): HttpClient {
  return deno!.createHttpClient!({ caCerts: [...caCerts] });
}

/**
 * Reads a variable of the environment without asking for the permission.
 *
 * @returns `undefined` if it is not set; `null` if the permission is missing
 */
export function readVariable(variable: string): string | undefined | null {
  const permission = { name: "env", variable } as const;
  const state = deno?.permissions?.querySync?.(permission).state;
  return state === "granted" ? deno?.env?.get(variable) : null;
}

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

/** The part of the global object that only browsers and Deno have */
interface EventSource {
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
}

/** The part of the document of a page */
interface PageDocument extends EventSource {
  readonly visibilityState?: string;
}

/** The global object, which has a document only in a page */
interface Page extends EventSource {
  readonly document?: PageDocument;
}

/**
 * Calls a listener when the device is connected to a network again.
 *
 * @returns Removes the listener
 */
export function onOnline(listener: () => void): () => void {
  return listen(globalThis, "online", listener);
}

/**
 * Calls a listener when the page was perhaps asleep: it is visible again, it comes back
 * from the cache of the browser, or the device is connected to a network again. Nothing
 * calls it where there is no page.
 *
 * @returns Removes the listener
 */
export function onWake(listener: () => void): () => void {
  const { document }: Page = globalThis;
  if (document === undefined) return () => {};
  const onVisibility = () => {
    if (document.visibilityState === "visible") listener();
  };
  const removers = [
    listen(document, "visibilitychange", onVisibility),
    listen(globalThis, "pageshow", listener),
    onOnline(listener),
  ];
  return () => removers.forEach((remove) => remove());
}

function listen(
  source: EventSource,
  type: string,
  listener: () => void,
): () => void {
  source.addEventListener?.(type, listener);
  return () => source.removeEventListener?.(type, listener);
}
