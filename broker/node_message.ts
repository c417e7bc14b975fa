/**
 * The messages between nodes, as they travel through an engine.
 *
 * @module
 */

import { MAX_PAYLOAD } from "./cluster.ts";

/** What a message between nodes is. */
export type NodeMessageKind =
  /** A payload of `Cluster.tell` */
  | "tell"
  /** A payload of `Cluster.ask` or `Cluster.survey` */
  | "ask"
  /** The answer to it */
  | "answer"
  /** The sender has a lease */
  | "hello"
  /** The sender has given its lease back */
  | "bye";

/** A message between nodes. */
export interface NodeMessage {
  readonly kind: NodeMessageKind;
  /** The id of the sender */
  readonly from: string;
  /** The number of the question; 0 if there is none */
  readonly id: number;
  readonly payload: string;
}

const FORM = /^(tell|ask|answer|hello|bye) ([\w-]{1,40}) (\d{1,15}) /;

/** Encodes a message. */
export function encodeNodeMessage(
  { kind, from, id, payload }: NodeMessage,
): string {
  return `${kind} ${from} ${id} ${payload}`;
}

/** Parses a message; `undefined` if it is none. */
export function parseNodeMessage(message: string): NodeMessage | undefined {
  const [head, kind, from, id] = FORM.exec(message.slice(0, 80)) ?? [];
  if (head === undefined) return undefined;
  const payload = message.slice(head.length);
  if (payload.length > MAX_PAYLOAD) return undefined;
  return {
    kind: kind as NodeMessageKind,
    from: from!,
    id: Number(id),
    payload,
  };
}
