/**
 * The flag `--broker`: the engine that connects servers, by its URL.
 *
 * @module
 */

import type { Engine } from "../broker/engine.ts";
import { HoistError } from "../common/errors.ts";
import { cutUrl } from "../common/url.ts";
import { showValue } from "../common/text.ts";
import { IS_CLONE, specifierOf } from "./package_modules.ts";

/** What an engine needs. */
export interface EngineKind {
  /** The permissions of a process that uses it, except for the network */
  readonly permissions: readonly string[];
  /** The port that its URL means if it has none */
  readonly defaultPort: number;
  /** Loads its modules, and creates the engine from the URL */
  readonly open: (url: string) => Promise<Engine>;
}

const NATS: EngineKind = {
  permissions: [],
  defaultPort: 4222,
  open: openNats,
};
const REDIS: EngineKind = {
  permissions: ["--ignore-env"],
  defaultPort: 6379,
  open: openRedis,
};

/** The engines by the schemes of their URLs. */
const ENGINES: ReadonlyMap<string, EngineKind> = new Map([
  ["nats:", NATS],
  ["tls:", NATS],
  ["redis:", REDIS],
  ["rediss:", REDIS],
]);

/**
 * Loads the modules of an engine, and creates it. It does not connect.
 *
 * @param url The value of `--broker`
 *
 * @throws {TypeError} If the URL is invalid. No error shows its password
 */
export async function openBroker(url: string): Promise<Engine> {
  return await engineKindOf(url).open(url);
}

/**
 * Returns what an engine needs, without loading its modules.
 *
 * @throws {TypeError} If the URL names no engine
 */
export function engineKindOf(url: string): EngineKind {
  const scheme = /^[a-z]+:(?=\/\/.)/.exec(url)?.[0] ?? "";
  const kind = ENGINES.get(scheme);
  if (kind !== undefined) return kind;
  throw new TypeError(
    `Cannot use --broker: it must be a URL such as nats://localhost:4222 or redis://localhost:6379, not ${
      showValue(cutUrl(url))
    }.`,
  );
}

async function openNats(url: string): Promise<Engine> {
  const { nats } = await load("/nats", "../broker/nats.ts");
  return nats(natsOptionsOf(url));
}

async function openRedis(url: string): Promise<Engine> {
  const { redis } = await load("/redis", "../broker/redis.ts");
  return redis({ url });
}

/** Loads the module of an engine, whose library Deno downloads. */
async function load(name: string, path: string) {
  try {
    // A literal would let Deno download the libraries for every program.
    return await import(specifierOf(name, path));
  } catch (cause) {
    throw new HoistError(
      `Cannot use --broker: the module of the engine cannot be loaded. ${
        remedyOf(cause)
      }`,
      { cause },
    );
  }
}

function remedyOf(cause: unknown): string {
  if (IS_CLONE) {
    return "In a clone of the repository, run 'deno task start:workers' instead of 'deno task start'.";
  }
  const [line = ""] = String(Object(cause).message).split("\n");
  return `Check that the registry can be reached. ${line}`;
}

/** Moves the login of a URL to the option that `nats` has for it. */
export function natsOptionsOf(url: string): {
  readonly servers: readonly string[];
  readonly credentials?:
    | { readonly token: string }
    | { readonly user: string; readonly password: string };
} {
  const [, scheme = "", login, host = ""] =
    /^(\w+:\/\/)(?:([^/?#]*)@)?(.*)$/s.exec(url) ?? [];
  const servers = [scheme + host];
  if (login === undefined) return { servers };
  const [user = "", password] = login.split(/:(.*)/s).map(decode);
  const credentials = password === undefined
    ? { token: user }
    : { user, password };
  return { servers, credentials };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new TypeError(
      `Cannot use --broker: its user name or its password is not encoded correctly. Write "%" as "%25".`,
    );
  }
}
