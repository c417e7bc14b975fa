/**
 * The implementation of `connect`, which is loaded when it is called.
 *
 * @module
 */

import type { Contract } from "../contract/contract.ts";
import { Connection } from "./connection.ts";
import type { ConnectionParts } from "./connection_parts.ts";
import { Dialer, type Target } from "./handshake.ts";
import { type ConnectOptions, resolveConnectOptions } from "./options.ts";
import type { ReconnectRules } from "./reconnect_policy.ts";
import { SocketLink } from "./socket_link.ts";
import type { TokenFunction } from "./token_source.ts";
import type { ContractChecks } from "./validate.ts";

/** Connects to a server and logs in. `connect` documents the errors. */
export async function openConnection(
  token: string | TokenFunction,
  options: ConnectOptions<Contract>,
): Promise<Connection> {
  const { target, rules, signal, contract, validate } = resolveConnectOptions(
    token,
    options,
  );
  const checks = validate ? await loadChecks(contract) : undefined;
  const createLink = await linkFactory(target, rules);
  const { log, endpoints: { base: url }, maxBuffered } = target;
  const parts = { url, log, contract, checks, maxBuffered, createLink };
  return await target.tokens.logIn(
    (token) => Connection.open(parts, token, signal),
    signal,
  );
}

/** Most clients trust their server and do not load the checks. */
async function loadChecks(
  contract: Contract | undefined,
): Promise<ContractChecks | undefined> {
  if (contract === undefined) return undefined;
  const { ContractChecks } = await import("./validate.ts");
  return new ContractChecks(contract);
}

async function linkFactory(
  target: Target,
  rules: ReconnectRules | undefined,
): Promise<ConnectionParts["createLink"]> {
  const dialer = new Dialer(target);
  if (rules === undefined) {
    return (status, receiver) =>
      new SocketLink(dialer, {
        onOpen: () => status.set({ state: "open" }),
        onClosed: () => status.set({ state: "closed" }),
        onMessage: (wire, onDone) => receiver.onMessage(wire, onDone),
        onInvalid: () => receiver.onInvalid(),
      });
  }
  // Most clients do not reconnect.
  const { ReconnectingLink } = await import("./reconnecting_link.ts");
  return (status, receiver) =>
    new ReconnectingLink({
      createLink: (events) => new SocketLink(dialer, events),
      rules,
      maxBuffered: target.maxBuffered,
      tokens: target.tokens,
      status,
      receiver,
    });
}
