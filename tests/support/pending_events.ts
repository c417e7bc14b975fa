/** Records the events of pending requests. */

import type { LinkRequest } from "../../client/link.ts";
import { PendingRequests } from "../../client/pending_requests.ts";

/** Creates pending requests with the ids 0, 1, … that record their events in one array. */
export function recordPending(count: number) {
  const pending = new PendingRequests();
  const events: unknown[][] = [];
  for (let n = 0; n < count; n++) {
    addRecorded(pending, pending.nextId(), events);
  }
  return { pending, events };
}

/** Adds a request that records its events. Settling is recorded in a later microtask. */
export function addRecorded(
  pending: PendingRequests,
  id: number,
  events: unknown[][],
  options: Partial<LinkRequest> = {},
): void {
  pending.add(id, {
    name: String(id),
    describe: (name) => `request ${name}`,
    encode: () => "",
    events: {
      onOpen: (messageId) => void events.push([id, "open", messageId]),
      onReply: (message) => void events.push([id, "reply", message]),
      onItems: (items) => void events.push([id, "items", items]),
      onAnswer: (data) => void events.push([id, "answer", data]),
    },
    ...options,
  }).then(
    (data) => events.push([id, "resolve", data]),
    (error) => events.push([id, "reject", error]),
  );
}
