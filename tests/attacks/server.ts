/**
 * The program of a server under attack. Its argument is the JSON of its settings. It reads
 * commands from its standard input: `<id> <command> <argument>`.
 */

import type { Limits } from "../../server/limits.ts";
import { fetchUrl, readFile } from "../../builtins/mod.ts";
import { type Client, serve, type Server } from "../../server.ts";
import type { NamedToken } from "../../server/credentials.ts";

/** The settings of a server under attack. */
export interface Settings {
  readonly limits?: Limits;
  readonly trustProxy?: boolean;
  readonly tokens?: readonly NamedToken[];
  /** The name of its function `login` */
  readonly login?: keyof typeof LOGINS;
  /** Whether `onConnect` waits for a reply of the client, if it can reply */
  readonly asks?: boolean;
  /** How long `login` takes, in milliseconds */
  readonly delay?: number;
  /** Revoke the token of each login this number of microtasks after the decision began */
  readonly revokeAfter?: number;
}

const settings: Settings = JSON.parse(Deno.args[0] ?? "{}");

/** The number of decisions that `login` has begun */
let decisions = 0;

/** Begins a decision that takes some time. */
function decide(): Promise<void> {
  decisions++;
  return new Promise((resolve) => setTimeout(resolve, settings.delay ?? 0));
}

/** Functions `login`. Some of them return values that mean "no" elsewhere. */
const LOGINS = {
  slow: async (_server: Server, token: string) => {
    await decide();
    return token === "test";
  },
  throws: (_server: Server, token: string) => {
    throw new Error(`no row for ${token}`);
  },
  array: () => [],
  boxed: () => Object(false),
  response: () => new Response("unauthorized", { status: 401 }),
};

let logins = 0;

/** Revokes a token a few microtasks later. */
async function revokeLater(number: number): Promise<void> {
  const wait = (settings.revokeAfter ?? 0) + number;
  for (let count = 0; count < wait; count++) await null;
  server.revoke(`token${number}`);
}

const { now } = Date;

/** Revokes the token of a login when the server reads the clock to decide about it. */
function revokeAtDecision(): void {
  const number = logins++;
  Date.now = () => {
    Date.now = now;
    void revokeLater(number);
    return now();
  };
}

const ignore = (): void => {};

/** Waits for a reply, unless the client does not support requests. */
async function ask(client: Client): Promise<void> {
  await client.request("hello").catch(() => {});
}

/** A logger that notices the arrival of a login. */
const watchingLogger = {
  debug(line: string): void {
    if (/receive.*\blogin\b/.test(line)) revokeAtDecision();
  },
  info: ignore,
  warn: ignore,
  error: ignore,
};

const { limits, trustProxy, tokens, login, asks, revokeAfter } = settings;

// The types of a login refuse some of these functions, as they should.
// deno-lint-ignore no-explicit-any
const decision: any = login === undefined ? {} : { login: LOGINS[login] };

const server: Server = serve(tokens === undefined ? "test" : undefined, {
  hostname: "127.0.0.1",
  port: 0,
  limits,
  trustProxy,
  tokens,
  ...decision,
  ...asks ? { onConnect: ask } : {},
  ...revokeAfter !== undefined
    ? { logger: watchingLogger, logLevel: "debug" }
    : {},
});

server.operation("echo", (data) => data);
server.operation("drop", () => null);
server.operation("read", readFile({ root: import.meta.dirname ?? "." }));
server.operation("get", fetchUrl({ allow: ["http://localhost:1"] }));
const held: unknown[] = [];
server.operation("hold", async (data) => {
  await new Promise((resolve) => held.push(resolve));
  return data;
});
server.operation("fail", ({ text }) => {
  throw new Error(String(text));
});

/** Keeps the event loop busy. */
function stall(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

const { gc = ignore } = globalThis as { gc?: () => void };

/** Collects the garbage, also that of objects with finalizers. */
async function collect(): Promise<void> {
  for (let count = 0; count < 3; count++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Opens files until there is no descriptor left. */
function exhaust(): void {
  try {
    for (;;) Deno.openSync(import.meta.filename ?? "");
  } catch {
    return;
  }
}

/** What the test can ask for. */
const COMMANDS: Record<string, (argument: string) => unknown> = {
  decisions: () => decisions,
  clients: () => server.clients.size,
  exhaust,
  stall: (milliseconds) => stall(Number(milliseconds)),
  memory: async () => {
    await collect();
    const { heapUsed, external } = Deno.memoryUsage();
    return heapUsed + external;
  },
};

console.log(`listening on ${server.addr.port}`);

const input = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
for await (const text of input) {
  for (const line of text.trim().split("\n")) {
    const [id, command = "", argument = ""] = line.split(" ");
    const answer = await COMMANDS[command]?.(argument);
    console.log(`answer ${id} ${JSON.stringify(answer ?? null)}`);
  }
}
