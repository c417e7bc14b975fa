/**
 * The operations and the streams of the admin contract. A server loads this module only if it
 * can have admins.
 *
 * @module
 */

import { isLogged } from "../common/log_format.ts";
import type { AdminGuard } from "../server/admin.ts";
import type { OperationContext } from "../server/message.ts";
import { Operations } from "../server/registry.ts";
import { AdminActions, rejected } from "./actions.ts";
import { ClientChanges } from "./client_changes.ts";
import { adminContract, type AdminOperations } from "./contract.ts";
import { EventFeed } from "./event_feed.ts";
import { type AdminHost, AdminView } from "./host.ts";
import type { AdminLogInput } from "./inputs.ts";
import { lineOf, shortenLine } from "./log_line.ts";
import { EntryQueue, Lifetime } from "./lifetime.ts";
import { StreamPlaces } from "./stream_places.ts";
import type { AdminLogLines, AdminMemory } from "./types.ts";

type Name = keyof AdminOperations;

/** The input of an operation or a stream. */
type InputOf<Of extends Name> = NonNullable<
  AdminOperations[Of]["input"]["~standard"]["types"]
>["input"];

/** The result of an operation, or an item of a stream. */
type OutputOf<Of extends Name> = AdminOperations[Of] extends
  { readonly output: infer Output extends { readonly "~standard": unknown } }
  ? TypeOf<Output>
  : AdminOperations[Of] extends
    { readonly yields: infer Item extends { readonly "~standard": unknown } }
    ? TypeOf<Item>
  : never;

type TypeOf<Of> = Of extends
  { readonly "~standard": { readonly types?: infer Types } }
  ? NonNullable<Types> extends { readonly output: infer Output } ? Output
  : never
  : never;

type Handler<Of extends Name> = (
  input: InputOf<Of>,
  context: OperationContext,
) => OutputOf<Of> | Promise<OutputOf<Of>>;

type StreamHandler<Of extends Name> = (
  input: InputOf<Of>,
  lifetime: Lifetime,
) => AsyncIterable<OutputOf<Of>>;

/** How long the numbers are valid by default, in milliseconds. */
const INTERVAL = 1_000;

/**
 * Creates the handlers of the admin contract.
 *
 * @param host The server
 * @param guard Knows which clients are admins, and reports those that are none any more
 * @param memory Returns the memory of the process
 */
export function serveAdmin(
  host: AdminHost,
  guard: StreamGuard,
  memory: () => AdminMemory,
): Operations<OperationContext> {
  const handlers = new Handlers(guard);
  const view = new AdminView(host, memory);
  addViews(handlers, host, view);
  addActions(handlers, new AdminActions(host), view);
  addStreams(handlers, host, view);
  return handlers.operations;
}

/** What the streams need of the guard. */
type StreamGuard = Pick<AdminGuard<unknown>, "watch" | "knows" | "enter">;

/** The handlers, with the schemas of the contract. */
class Handlers {
  readonly operations = new Operations<OperationContext>();
  readonly #guard: StreamGuard;
  readonly #places = new StreamPlaces();

  constructor(guard: StreamGuard) {
    this.#guard = guard;
  }

  /** Adds an operation. */
  add<Of extends Name>(name: Of, handler: Handler<Of>): void {
    this.operations.add(name, handler, adminContract.operations[name]);
  }

  /** Adds a stream, which ends when its reader is no admin any more. */
  addStream<Of extends Name>(name: Of, handler: StreamHandler<Of>): void {
    const guard = this.#guard;
    const places = this.#places;
    const stream = async function* (
      input: InputOf<Of>,
      context: OperationContext,
    ) {
      using lifetime = new Lifetime(guard, context);
      using _place = places.enter(context.client);
      for await (const item of handler(input, lifetime)) {
        // The client can have renewed its token: before the first credit, or since the last
        // item. What it asks for waits until the server knows that it is still an admin.
        if (!guard.knows(context.client)) await guard.enter(context.client);
        if (!lifetime.goesOn()) return;
        yield item;
      }
    };
    this.operations.add(name, stream, adminContract.operations[name]);
  }
}

function addViews(handlers: Handlers, host: AdminHost, view: AdminView): void {
  handlers.add("hoist.admin.health", () => view.health());
  handlers.add("hoist.admin.limits", () => view.limits());
  handlers.add("hoist.admin.contract", () => view.contract());
  handlers.add("hoist.admin.cluster", () => {
    const { id: node, state, nodes } = host.cluster;
    return { node, state, nodes: [...nodes].sort() };
  });
  handlers.add("hoist.admin.rooms", (input) => view.rooms(input));
  handlers.add("hoist.admin.members", async (input) => {
    const members = await view.members(input);
    if (members !== undefined) return members;
    throw rejected("No definition of the server allows the room.");
  });
}

function addActions(
  handlers: Handlers,
  actions: AdminActions,
  view: AdminView,
): void {
  handlers.add(
    "hoist.admin.client",
    ({ client }, context) => view.detail(actions.find(client), context.client),
  );
  handlers.add(
    "hoist.admin.disconnect",
    (input, { client }) => actions.disconnect(client, input),
  );
  handlers.add(
    "hoist.admin.message",
    (input, { client }) => actions.message(client, input),
  );
  handlers.add(
    "hoist.admin.broadcast",
    (input, { client }) => actions.broadcast(client, input),
  );
  handlers.add(
    "hoist.admin.revoke",
    (input, { client }) => actions.revoke(client, input),
  );
}

function addStreams(
  handlers: Handlers,
  host: AdminHost,
  view: AdminView,
): void {
  handlers.addStream(
    "hoist.admin.stats",
    async function* ({ interval = INTERVAL, metrics }, lifetime) {
      while (lifetime.goesOn()) {
        yield view.stats(metrics);
        await lifetime.wait(interval);
      }
    },
  );
  handlers.addStream(
    "hoist.admin.clients",
    ({ interval }, lifetime) =>
      new ClientChanges(host, view).items(lifetime, interval),
  );
  const feed = new EventFeed(host);
  handlers.addStream(
    "hoist.admin.events",
    (input, lifetime) => feed.items(input, lifetime),
  );
  handlers.addStream(
    "hoist.admin.log",
    (input, lifetime) => streamLog(host, input, lifetime),
  );
}

async function* streamLog(
  { context: { admin, log, limits } }: AdminHost,
  { level = "info" }: AdminLogInput,
  lifetime: Lifetime,
): AsyncGenerator<AdminLogLines, void, void> {
  // Only lines below this level contain data of messages.
  const minimum = admin?.rules.showsPayloads ? "debug" : "info";
  const lines = new EntryQueue(lifetime, limits.maxBuffered, shortenLine);
  using _listening = log.listen((entry) => {
    const isShown = isLogged(entry.level, level) &&
      isLogged(entry.level, minimum);
    if (isShown) lines.add(lineOf(entry));
  });
  for await (const { entries, dropped } of lines.chunks()) {
    yield { lines: entries, dropped };
  }
}
