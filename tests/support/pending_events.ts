/** Requests that wait, and what becomes of them. */

import {
  type PendingRequest,
  PendingRequests,
} from "../../client/pending_requests.ts";

/** Requests with the ids 0, 1, …, whose events are kept in one list. */
export function recordPending(count: number) {
  const pending = new PendingRequests();
  const events: unknown[][] = [];
  for (let n = 0; n < count; n++) {
    const id = pending.nextId();
    pending.add(id, record(id, events));
  }
  return { pending, events };
}

/** A request that notes in a list what becomes of it. */
export function record(id: number, events: unknown[][]): PendingRequest {
  return {
    onOpen: (messageId) => events.push([id, "open", messageId]),
    onReply: (message) => events.push([id, "reply", message]),
    onItems: (items) => events.push([id, "items", items]),
    resolve: (data) => events.push([id, "resolve", data]),
    reject: (failure) => events.push([id, "reject", failure]),
  };
}
