/**
 * What the runtime can do, apart from web standards.
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
