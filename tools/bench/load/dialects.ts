/**
 * How each kind of server wants to be spoken to.
 *
 * @module
 */

import { joinFrames } from "../../../protocol/batch.ts";
import { closeFrame, concatenate, textFrame } from "../../lib/frames.ts";
import {
  addText,
  FEATURES,
  GOODBYE,
  loginProblem,
  loginText,
  messageText,
  operationText,
  TOKEN,
} from "./hoist_frames.ts";
import type { OwnPing } from "./pings.ts";

/** Which dialect, as the orchestrator names it. */
export type DialectChoice =
  | {
    readonly name: "hoist";
    /** Whether to ask for what is not in Hoist 1 */
    readonly features: boolean;
    /** How long an array of frames may be, in bytes */
    readonly limit: number;
  }
  | { readonly name: "socket.io" };

/** What the requests of a cell are. */
export type RequestKind = "operation" | "message";

/** One step of a login: what to say, if anything, and how the answer has to be. */
export interface LoginStep {
  readonly say: string | undefined;
  /** What is wrong with the answer */
  problem(answer: string): string | undefined;
}

/** How a server wants to be spoken to. */
export interface Dialect {
  /** The path and query of the upgrade */
  readonly target: string;
  readonly login: readonly LoginStep[];
  /** What occurs once in each broadcast */
  readonly delivery: string;
  /** What occurs once in each answer to a request of this kind */
  answer(kind: RequestKind): string;
  /** As many requests as are said in one tick, with the ids from 100 on */
  requests(kind: RequestKind, count: number): Uint8Array;
  /** One call of an operation */
  call(id: number, name: string, data?: Record<string, number>): string;
  readonly goodbye: Uint8Array;
  /** The pings that the server has besides those of WebSocket */
  readonly ping: OwnPing | undefined;
}

/** The ids below are for logins, and those far above for single calls. */
const FIRST_ID = 100;

/** The dialect of a choice. */
export function makeDialect(choice: DialectChoice): Dialect {
  return choice.name === "hoist" ? hoist(choice) : SOCKET_IO;
}

function hoist(
  { features: wanted, limit }: DialectChoice & { name: "hoist" },
): Dialect {
  const features = wanted ? FEATURES : [];
  return {
    target: "/hoist",
    login: [{
      say: loginText(features),
      problem: (answer) => loginProblem(answer, features),
    }],
    delivery: '"s_newmsg"',
    answer,
    requests: (kind, count) => {
      const make = kind === "message" ? messageText : addText;
      const frames = makeFrames(count, make);
      const texts = wanted ? joinFrames(frames, limit) : frames;
      return concatenate(texts.map(textFrame));
    },
    call: operationText,
    goodbye: textFrame(GOODBYE),
    ping: undefined,
  };
}

const SOCKET_IO: Dialect = {
  target: "/socket.io/?EIO=4&transport=websocket",
  login: [
    { say: undefined, problem: (answer) => expectStart(answer, "0{") },
    {
      say: `40${JSON.stringify({ token: TOKEN })}`,
      problem: (answer) => expectStart(answer, "40{"),
    },
  ],
  delivery: '"s_newmsg"',
  answer,
  requests: (kind, count) => {
    const make = kind === "message" ? messageText : addText;
    const texts = makeFrames(count, (id) => emit(id, make(id)));
    return concatenate(texts.map(textFrame));
  },
  call: (id, name, data = {}) => emit(id, operationText(id, name, data)),
  // Leaving the namespace, then closing, as its own client does.
  goodbye: concatenate([textFrame("41"), closeFrame(1000)]),
  ping: { heard: new Uint8Array([0x81, 1, 0x32]), said: textFrame("3") },
};

/** What occurs once in each answer, whoever gives it; never in an error. */
function answer(kind: RequestKind): string {
  return kind === "message" ? '"done"' : '"success":true';
}

/** An event with an acknowledgement. */
function emit(id: number, frame: string): string {
  return `42${id}["request",${frame}]`;
}

function makeFrames(count: number, make: (id: number) => string): string[] {
  return Array.from({ length: count }, (_, index) => make(FIRST_ID + index));
}

function expectStart(answer: string, start: string): string | undefined {
  return answer.startsWith(start) ? undefined : `the server said ${answer}`;
}
