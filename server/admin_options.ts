/**
 * The options for the admins of a server.
 *
 * @module
 */

import { checkBoolean, checkFunction } from "../common/check.ts";
import type { Contract } from "../contract/contract.ts";
import type { Awaitable, OpenContract } from "../contract/infer.ts";
import type { NamedToken } from "./credentials.ts";
import type { Client } from "./message.ts";

/**
 * What the function `admin` decides about: a client, or an HTTP request with the token of one.
 * `Identity` is the type of `identity`, `Of` is the type of the contract, and `Data` is the type
 * of `client.data`.
 */
export interface AdminCandidate<
  Identity = unknown,
  Of extends Contract = OpenContract,
  Data = unknown,
> {
  /** What `login` returned, or the name of the token: `{ name }` */
  readonly identity: Identity;
  /** The user that `login` named, or the name of the token; otherwise `undefined` */
  readonly user: string | undefined;
  /** The address of the client */
  readonly address: string;
  /** The client; `undefined` for an HTTP request */
  readonly client: Client<Identity, Of, Data> | undefined;
}

/**
 * Options for admins. `Identity` is the type of `client.identity`, `Of` is the type of the
 * contract, and `Data` is the type of `client.data`.
 */
export interface AdminOptions<
  Identity = unknown,
  Of extends Contract = OpenContract,
  Data = unknown,
> {
  /**
   * Decides whether a client is an admin: whether it can use the admin contract of
   * `@hoist/cli/admin`, and so see all clients and disconnect them. Only the result `true`
   * allows it. The server calls the function for each admin request of a client, and again
   * when a client with admin streams renews its token, and for each request of
   * `GET /hoist/metrics`, which has no client. A client that logged in with a named
   * token with `admin: true` is an admin in any case. If no token has `admin: true` and the
   * function is omitted, the server has no admins. What `login` returns never makes a client
   * an admin.
   *
   * If it throws, or takes longer than `limits.loginTimeout`, the client is no admin, and the
   * server logs an error.
   */
  readonly admin?:
    | ((candidate: AdminCandidate<Identity, Of, Data>) => Awaitable<boolean>)
    | undefined;
  /**
   * Whether the stream `hoist.admin.events` contains the data of messages, operations and
   * events, and the stream `hoist.admin.log` contains lines of the level `debug`, in which the
   * data is, too. It can contain secrets of users.
   *
   * @default {false}
   */
  readonly adminPayloads?: boolean | undefined;
  /**
   * Whether `GET /hoist/metrics` returns the metrics of the server, in the text format of
   * Prometheus. The HTTP request needs the token of an admin: `Authorization: Bearer <token>`.
   * The server checks it as it checks the token of a client, with `login` if there is one. Then
   * `admin` decides. It needs an admin: a token with `admin: true`, or the function `admin`.
   *
   * @default {false}
   */
  readonly metrics?: boolean | undefined;
  /**
   * Whether the server has a dashboard at `/hoist/dashboard/`, in which admins sign in. Pages
   * of the server itself can then connect regardless of `allowedOrigins`, if they use TLS, an
   * address or `localhost`. It needs an admin: a token with `admin: true`, or the function
   * `admin`.
   *
   * @default {false}
   */
  readonly dashboard?: boolean | undefined;
}

/** The names of the options. */
export const ADMIN_KEYS: Readonly<Record<keyof AdminOptions, true>> = {
  admin: true,
  adminPayloads: true,
  metrics: true,
  dashboard: true,
};

/** The options of a server that has admins. */
export interface AdminRules {
  /** The function of the application, which can return anything at run time */
  readonly decide: ((candidate: AdminCandidate) => unknown) | undefined;
  /** Whether admins see the data of messages */
  readonly showsPayloads: boolean;
  /** Whether admins can read the metrics over HTTP */
  readonly hasMetrics: boolean;
  readonly hasDashboard: boolean;
}

const SERVE = "Cannot serve";

/**
 * Checks the options for admins.
 *
 * @param options The options
 * @param tokens The named tokens
 * @returns `undefined` if the server has no admins
 *
 * @throws {TypeError} If an option has the wrong type, or an option needs an admin
 */
export function resolveAdmin(
  { admin, adminPayloads = false, metrics = false, dashboard = false }:
    & Pick<
      AdminOptions,
      "adminPayloads" | "metrics" | "dashboard"
    >
    & { readonly admin?: ((client: never) => unknown) | undefined },
  tokens: readonly NamedToken[],
): AdminRules | undefined {
  checkFunction(SERVE, "admin", admin);
  checkBoolean(SERVE, "adminPayloads", adminPayloads);
  checkBoolean(SERVE, "metrics", metrics);
  checkBoolean(SERVE, "dashboard", dashboard);
  const hasAdminToken = tokens.some((token) => token.admin === true);
  if (admin === undefined && !hasAdminToken) {
    if (dashboard) throw noAdmin("dashboard");
    if (metrics) throw noAdmin("metrics");
    return undefined;
  }
  const decide = admin as AdminRules["decide"];
  const rules = { hasMetrics: metrics, hasDashboard: dashboard };
  return { decide, showsPayloads: adminPayloads, ...rules };
}

function noAdmin(option: string): TypeError {
  return new TypeError(
    `${SERVE}: '${option}' needs an admin. Add a token with 'admin: true' to 'tokens', or pass the function 'admin'.`,
  );
}
