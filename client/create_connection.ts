/**
 * Creates connections. `connect` and `createConnection` document the errors.
 *
 * @module
 */

import { detached } from "../common/telemetry.ts";
import type { Contract } from "../contract/contract.ts";
import { Connection } from "./connection.ts";
import {
  assemble,
  type AssemblyOptions,
  type ConnectionParts,
  dispatchSoon,
} from "./connection_parts.ts";
import type { Target } from "./handshake.ts";
import type { LinkEvents } from "./link.ts";
import type { LinkFactory } from "./link_factory.ts";
import {
  type ConnectOptions,
  resolveConnectOptions,
  type ResolvedOptions,
} from "./options.ts";
import { NO_RECONNECT } from "./reconnect_policy.ts";
import { ReconnectingLink } from "./reconnecting_link.ts";
import type { TokenFunction } from "./token_source.ts";
import { ContractChecks } from "./validate.ts";

/** How many requests can wait for the first login, unless the application chose a number. */
const MAX_QUEUE = 1_000;

/** Connects to a server and logs in. */
export async function openConnection(
  token: string | TokenFunction,
  options: ConnectOptions<Contract>,
): Promise<Connection> {
  const resolved = resolveConnectOptions(token, options, {
    reconnect: false,
    maxQueue: 0,
  });
  const { target: { tokens }, signal } = resolved;
  const factory = await loadFactory(resolved.target);
  const attempt = async (token: string) => {
    const parts = assembleFor(resolved, factory);
    // The listeners do not belong to the span of the program that connects.
    await detached(() => parts.link.open(token, signal));
    dispatchSoon(parts);
    return Connection.create(parts, Promise.resolve());
  };
  return await tokens.logIn(attempt, signal);
}

/** Creates a connection, which connects until it has logged in. */
export function startConnection(
  token: string | TokenFunction,
  options: ConnectOptions<Contract>,
): Connection {
  const resolved = resolveConnectOptions(token, options, {
    reconnect: true,
    maxQueue: MAX_QUEUE,
  });
  const { target, signal } = resolved;
  const rules = resolved.rules ?? { ...NO_RECONNECT, maxQueue: MAX_QUEUE };
  let factory: LinkFactory | undefined;
  const createLink = async (events: LinkEvents) => {
    // A page that is offline can fail to load the modules.
    factory ??= await loadFactory(target);
    return factory(events);
  };
  const parts = assemble(
    assemblyOf(resolved),
    (status, receiver, rooms) =>
      new ReconnectingLink({
        ...target,
        ...{ createLink, rules, status, receiver, rooms },
      }),
  );
  const opened = detached(() => parts.link.start(signal));
  opened.then(() => dispatchSoon(parts), () => {});
  return Connection.create(parts, opened);
}

/** Loads the modules that open WebSockets. */
async function loadFactory(target: Target): Promise<LinkFactory> {
  const { linkFactory } = await import("./link_factory.ts");
  return linkFactory(target);
}

/** Creates the parts of a connection whose modules are loaded. */
function assembleFor(
  resolved: ResolvedOptions,
  createLink: LinkFactory,
): ConnectionParts {
  const { rules, target } = resolved;
  return assemble(assemblyOf(resolved), (status, receiver, rooms) => {
    if (rules !== undefined) {
      const parts = { createLink, rules, status, receiver, rooms };
      return new ReconnectingLink({ ...target, ...parts });
    }
    return createLink({
      onOpen: (link) => {
        rooms.onOpen(link);
        status.set({ state: "open" });
      },
      onClosed: (_link, info) => {
        status.set({ state: "closed" });
        rooms.onEnd(info);
      },
      onRoom: (frame) => rooms.onRoom(frame),
      onMessage: (wire, request) => receiver.onMessage(wire, request),
      onInvalid: () => receiver.onInvalid(),
    });
  });
}

function assemblyOf(
  { target, contract, validate, spans }: ResolvedOptions,
): AssemblyOptions {
  const { log, endpoints: { base: url }, maxBuffered } = target;
  // Most clients trust their server.
  const checks = validate && contract !== undefined
    ? new ContractChecks(contract)
    : undefined;
  return { url, log, contract, checks, maxBuffered, spans };
}
