/**
 * What a run and the processes of its nodes have to agree on.
 *
 * @module
 */

import type { Address } from "./balancer.ts";

/** The token of the nodes. */
export const TOKEN = "chaos-token";

/** The pattern of the rooms. */
export const ROOMS = "chaos:{id}";

/** The name of the messages in the rooms. */
export const SAY = "say";

/** The operation that lets a node publish a message. */
export const PUBLISH = "publish";

/** The user that the nodes log in to the engine with, and its password. */
export const LOGIN = { user: "hoist", password: "chaos-password" } as const;

/** The engines. */
export type EngineName = "nats" | "redis";

/** A node that is broken on purpose, to show that the ledger finds what it loses. */
export type Control =
  /** It loses messages, takes each for the next one, and never looks for missing ones */
  | "gaps"
  /** It compares positions by their offset alone */
  | "positions";

/** The only argument of a node's process. */
export interface NodeSettings {
  /** The address to listen at */
  readonly hostname: string;
  readonly engine: EngineName;
  /** Where the node reaches the engine */
  readonly address: Address;
  readonly control: Control | undefined;
}

/** A message of the ledger. */
export interface Message {
  readonly room: string;
  readonly author: string;
  readonly n: number;
}
