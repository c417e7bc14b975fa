/**
 * The frames with which a fuzzing client answers requests of the server.
 *
 * @module
 */

import type { ReceivedRequest } from "./server_request_checker.ts";
import type { ReplyKind } from "./server_request.ts";

/** A message id that does not exist. */
const UNKNOWN_ID = 1_000_000_007;

/** Invalid data for a `done` frame. */
const INVALID_DATA = [
  {},
  { failed: null },
  { failed: 0 },
  { failed: "true" },
  [],
];

/** The state of the client that answers. */
export interface ReplyContext {
  /** The number of requests that the client has received */
  readonly number: number;
  readonly features: readonly string[];
  /** The id of a message of this client, if it knows one */
  readonly ownNumber: number | undefined;
  /** Whether the server has the option `authorize` */
  readonly isGuarded: boolean;
}

/** Returns the frames of an answer, sometimes as one batch. */
export function replyFrames(
  received: ReceivedRequest,
  context: ReplyContext,
): readonly string[] {
  const { replies } = received.model.plan;
  const frames = replies.map((kind, index) =>
    JSON.stringify(frameOf(kind, index, received, context))
  );
  const joins = context.features.includes("batch") &&
    context.number % 2 === 0 && frames.length > 1;
  return joins ? [`[${frames}]`] : frames;
}

function frameOf(
  kind: ReplyKind,
  index: number,
  { message }: ReceivedRequest,
  { number, ownNumber = UNKNOWN_ID, isGuarded }: ReplyContext,
): unknown {
  const done = (id: number, data: unknown) => ({ id, action: "done", data });
  switch (kind) {
    case "reply":
    case "wrong name":
    case "unknown reply": {
      const data = {
        // With `authorize`, a reply that a request waits for reaches no listener.
        message: number % 3 === 0 && !isGuarded ? "hello" : "answer",
        data: { n: index },
        replying: replyingOf(kind, message),
      };
      // The requests of the script have other ids.
      return { id: -100 * number - index, action: "message", data };
    }
    case "unknown done":
      return done(ownNumber, { failed: false });
    case "invalid done":
      return done(message.id, INVALID_DATA[number % INVALID_DATA.length]);
    default:
      return done(message.id, { failed: kind === "failed" });
  }
}

/** Returns the message to which a reply claims to reply. */
function replyingOf(
  kind: ReplyKind,
  message: ReceivedRequest["message"],
): unknown {
  switch (kind) {
    case "wrong name":
      return { ...message, message: "hello" };
    case "unknown reply":
      return { ...message, id: message.id + UNKNOWN_ID };
    default:
      return message;
  }
}
