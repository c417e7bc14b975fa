/**
 * The parts of a connection, which refer to each other.
 *
 * @module
 */

import type { Spans } from "../common/telemetry.ts";
import type { Contract } from "../contract/contract.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { Link, MessageReceiver, RoomReceiver } from "./link.ts";
import type { ClientLog } from "./log.ts";
import { Requests } from "./requests.ts";
import { Rooms } from "./rooms.ts";
import { StateNotifier } from "./status.ts";
import { RequestSpans } from "./telemetry.ts";
import type { ContractChecks } from "./validate.ts";

/** What a connection is made of */
export interface ConnectionParts {
  /** The URL of the server, which contains no secret */
  readonly url: string;
  readonly status: StateNotifier;
  /** Passes on the messages of the server */
  readonly dispatcher: Dispatcher;
  readonly link: Link;
  readonly requests: Requests;
  readonly rooms: Rooms;
}

/** What the parts of a connection need */
export interface AssemblyOptions {
  /** The URL of the server, which contains no secret */
  readonly url: string;
  /** Logs the errors of listeners */
  readonly log: ClientLog;
  /** The contract with the server */
  readonly contract: Contract | undefined;
  /** Validates what the server sends; `undefined` if the client trusts the server */
  readonly checks: ContractChecks | undefined;
  /** The option `maxBuffered`, in bytes */
  readonly maxBuffered: number;
  /** The option `spans` */
  readonly spans: Spans;
}

/**
 * Creates the parts of a connection.
 *
 * @param options The options of the connection
 * @param createLink Creates the link, which sets the state and passes on the messages of
 * the server
 */
export function assemble<AnyLink extends Link>(
  options: AssemblyOptions,
  createLink: (
    status: StateNotifier,
    receiver: MessageReceiver,
    rooms: RoomReceiver,
  ) => AnyLink,
): ConnectionParts & { readonly link: AnyLink } {
  const { url, log, contract, checks } = options;
  const spans = new RequestSpans(options.spans, url);
  const status = new StateNotifier(log);
  const dispatcher = new Dispatcher({
    log,
    contract,
    checks,
    spans,
    // Called only later: `requests` needs the link, and the link needs the dispatcher. A
    // message that arrived before the connection was lost still reaches its listeners.
    toMessage: (wire, room) =>
      status.isClosedHere ? undefined : requests.toMessage(wire, room),
  });
  const rooms = new Rooms({
    ...{ ...options, status },
    onMessage: (wire, room) => dispatcher.onMessage(wire, undefined, room),
  });
  const link = createLink(status, dispatcher, rooms);
  const requests = new Requests({ ...options, spans, link });
  return { url, status, dispatcher, link, requests, rooms };
}

/** Dispatches the messages that came with the login when listeners could be added. */
export function dispatchSoon({ dispatcher, link }: ConnectionParts): void {
  const timer = setTimeout(() => dispatcher.open(), 0);
  void link.closed.then(() => clearTimeout(timer));
}
