/**
 * The options of the engine NATS, and their checks.
 *
 * @module
 */

import {
  checkArray,
  checkKeys,
  checkNumber,
  checkOneOf,
  invalidType,
} from "../common/check.ts";
import { cutUrl } from "../common/url.ts";
import { showValue } from "../common/text.ts";
import type { Authenticator } from "./nats_client.ts";
import { authenticatorOf, type NatsCredentials } from "./nats_credentials.ts";

export type { NatsCredentials } from "./nats_credentials.ts";

/** Options of `nats` */
export interface NatsOptions {
  /**
   * The URLs of the servers of one NATS cluster: `nats://host:port`, or `tls://host:port` to
   * refuse a connection without TLS. The port is 4222 if omitted. Only these servers are used,
   * so that `--allow-net` can name them
   */
  readonly servers: readonly string[];
  /** How to log in to NATS; not at all if omitted */
  readonly credentials?: NatsCredentials | undefined;
  /**
   * Begins the name of each subject and stream, so that several deployments can share an
   * account: 1 to 32 characters of `A-Z a-z 0-9 _`
   *
   * @default {"hoist"}
   */
  readonly prefix?: string | undefined;
  /**
   * The certificate authorities that are trusted as well, in PEM. Each URL must then begin
   * with `tls://`
   */
  readonly caCerts?: readonly string[] | undefined;
  /**
   * How many servers of the cluster keep each message, from 1 to 5. It is used when a stream
   * is created
   *
   * @default {1}
   */
  readonly replicas?: number | undefined;
  /**
   * Where NATS keeps the history. It is used when a stream is created
   *
   * @default {"file"}
   */
  readonly storage?: "file" | "memory" | undefined;
}

/** The options of NATS after their check. */
export interface ResolvedNatsOptions {
  readonly servers: readonly string[];
  readonly authenticator: Authenticator | undefined;
  readonly prefix: string;
  readonly caCerts: readonly string[] | undefined;
  readonly replicas: number;
  readonly storage: "file" | "memory";
}

const NATS = "Cannot use NATS";

const KNOWN: Record<keyof NatsOptions, true> = {
  servers: true,
  credentials: true,
  prefix: true,
  caCerts: true,
  replicas: true,
  storage: true,
};

const PREFIX = /^\w{1,32}$/;

const REPLICAS = { min: 1, max: 5, integer: true };

/**
 * Checks the options.
 *
 * @throws {TypeError} If an option is unknown, missing, or has the wrong type or form
 * @throws {RangeError} If a number is out of range
 */
export function resolveNatsOptions(options: NatsOptions): ResolvedNatsOptions {
  if (options === undefined) throw missingServers(options);
  checkKeys(NATS, options, KNOWN);
  const { credentials, prefix = "hoist", storage = "file" } = options;
  const { replicas = 1, caCerts } = options;
  const servers = resolveServers(options.servers);
  checkPrefix(prefix);
  checkCaCerts(caCerts, servers);
  checkNumber(NATS, "replicas", replicas, REPLICAS);
  checkOneOf(NATS, "storage", storage, ["file", "memory"]);
  const authenticator = authenticatorOf(NATS, credentials);
  return { servers, authenticator, prefix, caCerts, replicas, storage };
}

function resolveServers(servers: unknown): readonly string[] {
  if (!Array.isArray(servers) || servers.length === 0) {
    throw missingServers(servers);
  }
  return servers.map(resolveServer);
}

function missingServers(servers: unknown): TypeError {
  const needed = 'an array of URLs, such as ["nats://localhost:4222"]';
  return invalidType(NATS, "'servers'", needed, servers);
}

/** Returns the URL with its port, and nothing else. */
function resolveServer(server: unknown): string {
  const url = typeof server === "string" && /^(nats|tls):\/\//.test(server)
    // The parser knows the parts of http URLs only.
    ? URL.parse(server.replace(/^\w+/, "http"))
    : null;
  const rest = url && url.pathname + url.search + url.hash;
  if (url === null || url.hostname === "" || rest !== "/") {
    throw invalidType(
      NATS,
      "a URL in 'servers'",
      "nats://host:port or tls://host:port",
      cutUrl(server),
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new TypeError(
      `${NATS}: a URL in 'servers' contains a login. Pass it as the option 'credentials', because URLs appear in logs.`,
    );
  }
  const [scheme] = (server as string).split(":");
  return `${scheme}://${url.hostname}:${portOf(url, server as string)}`;
}

/** The parser drops port 80, which is the default of http. */
function portOf(url: URL, server: string): string {
  if (url.port !== "") return url.port;
  return /:0*80\/?$/.test(server) ? "80" : "4222";
}

function checkPrefix(prefix: unknown): void {
  if (typeof prefix === "string" && PREFIX.test(prefix)) return;
  const needed = "1 to 32 letters, digits and underscores";
  throw invalidType(NATS, "'prefix'", needed, prefix);
}

function checkCaCerts(
  caCerts: readonly string[] | undefined,
  servers: readonly string[],
): void {
  checkArray(NATS, "caCerts", caCerts, "certificates in PEM");
  for (const each of caCerts ?? []) {
    if (typeof each === "string" && each.includes("BEGIN CERTIFICATE")) {
      continue;
    }
    // The value is not shown, because it can be a private key.
    throw new TypeError(
      `${NATS}: 'caCerts' must contain certificates in PEM, with the line "BEGIN CERTIFICATE".`,
    );
  }
  const plain = servers.find((url) => !url.startsWith("tls://"));
  if (caCerts === undefined || plain === undefined) return;
  throw new TypeError(
    `${NATS}: with 'caCerts', each URL in 'servers' must begin with tls://. One is ${
      showValue(plain)
    }.`,
  );
}
