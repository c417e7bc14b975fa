/**
 * The frames with which a fuzzing client answers the server.
 *
 * @module
 */

import type { Asked } from "./server_request_checker.ts";
import type { Saying } from "./server_request.ts";

/** Far from all numbers that messages have. */
const STRAY = 1_000_000_007;

/** What is wrong with what a client says of its listeners. */
const BROKEN = [{}, { failed: null }, { failed: 0 }, { failed: "true" }, []];

/** Who answers. */
export interface Answering {
  /** How often the client has been asked */
  readonly number: number;
  readonly features: readonly string[];
  /** The number of a message of its own, if it knows one */
  readonly ownNumber: number | undefined;
}

/** What a client says, frame by frame; whoever may joins some of it. */
export function answersTo(
  asked: Asked,
  answering: Answering,
): readonly string[] {
  const { says } = asked.question.plan;
  const frames = says.map((saying, index) =>
    JSON.stringify(frameOf(saying, index, asked, answering))
  );
  const joins = answering.features.includes("batch") &&
    answering.number % 2 === 0 && frames.length > 1;
  return joins ? [`[${frames}]`] : frames;
}

function frameOf(
  saying: Saying,
  index: number,
  { message }: Asked,
  { number, ownNumber = STRAY }: Answering,
): unknown {
  const done = (id: number, data: unknown) => ({ id, action: "done", data });
  switch (saying) {
    case "reply":
    case "misnamed reply":
    case "stray reply": {
      const data = {
        message: number % 3 === 0 ? "hello" : "answer",
        data: { n: index },
        replying: replyingOf(saying, message),
      };
      // The requests of the script have other ids.
      return { id: -100 * number - index, action: "message", data };
    }
    case "stray done":
      return done(ownNumber, { failed: false });
    case "broken done":
      return done(message.id, BROKEN[number % BROKEN.length]);
    default:
      return done(message.id, { failed: saying === "failed" });
  }
}

/** What a reply claims to reply to. */
function replyingOf(saying: Saying, message: Asked["message"]): unknown {
  switch (saying) {
    case "misnamed reply":
      return { ...message, message: "hello" };
    case "stray reply":
      return { ...message, id: message.id + STRAY };
    default:
      return message;
  }
}
