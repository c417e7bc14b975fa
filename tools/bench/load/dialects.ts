/**
 * The protocols above WebSocket that the servers speak.
 *
 * @module
 */

import { joinFrames } from "../../../protocol/batch.ts";
import { closeFrame, concatenate, textFrame } from "../../lib/frames.ts";
import {
  addText,
  FEATURES,
  GOODBYE,
  joinText,
  loginProblem,
  loginText,
  messageText,
  operationText,
  TOKEN,
} from "./hoist_frames.ts";
import type { OwnPing } from "./pings.ts";

/** The protocol of a load generator, and its settings. */
export type DialectChoice =
  | {
    readonly name: "hoist";
    /** Whether to request the extensions of Hoist 1 */
    readonly features: boolean;
    /** Whether the server of an older version can lack some of them, but not `batch` */
    readonly isLenient?: boolean;
    /** The largest size of an array of frames, in bytes */
    readonly limit: number;
  }
  | { readonly name: "socket.io" };

/** The kind of the requests. */
export type RequestKind = "operation" | "message";

/** One step of a login: the frame to send, if any, and a check of the answer. */
export interface LoginStep {
  readonly send: string | undefined;
  /** Returns the problem with the answer, if there is one */
  findProblem(answer: string): string | undefined;
}

/** A protocol above WebSocket. */
export interface Dialect {
  /** The path and the query of the upgrade */
  readonly target: string;
  readonly login: readonly LoginStep[];
  /** A string that occurs once in each broadcast, and in each message to a room */
  readonly delivery: string;
  /** A string that occurs once in each answer to a join */
  readonly joined: string;
  /** Returns the frame with which a client joins a room */
  join(id: number, room: string): string;
  /** A string that occurs once in each answer to a request of a kind */
  answer(kind: RequestKind): string;
  /** Returns the frames of requests that are sent in one tick, with ids from 100 */
  requests(kind: RequestKind, count: number): Uint8Array;
  /** Returns the frame of an operation call */
  call(id: number, name: string, data?: Record<string, number>): string;
  readonly goodbye: Uint8Array;
  /** The pings that the protocol has in addition to WebSocket's */
  readonly ping: OwnPing | undefined;
}

/** The first id of requests: smaller ids are for logins, much larger ones for calls. */
const FIRST_ID = 100;

/** Returns the protocol with these settings. */
export function makeDialect(choice: DialectChoice): Dialect {
  return choice.name === "hoist" ? hoist(choice) : SOCKET_IO;
}

function hoist(
  { features: wanted, isLenient = false, limit }: DialectChoice & {
    name: "hoist";
  },
): Dialect {
  const features = wanted ? FEATURES : [];
  const needed = wanted && isLenient ? ["batch"] : features;
  return {
    target: "/hoist",
    login: [{
      send: loginText(features),
      findProblem: (answer) => loginProblem(answer, needed),
    }],
    delivery: DELIVERY,
    joined: '"joined"',
    join: joinText,
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

/** A key that all messages have, but no answer to a call. */
const DELIVERY = '"replying"';

const JOINED = '"message":"joined"';

const SOCKET_IO: Dialect = {
  target: "/socket.io/?EIO=4&transport=websocket",
  login: [
    { send: undefined, findProblem: (answer) => expectStart(answer, "0{") },
    {
      send: `40${JSON.stringify({ token: TOKEN })}`,
      findProblem: (answer) => expectStart(answer, "40{"),
    },
  ],
  delivery: DELIVERY,
  joined: JOINED,
  join: (id, room) => emit(id, joinText(id, room)),
  answer,
  requests: (kind, count) => {
    const make = kind === "message" ? messageText : addText;
    const texts = makeFrames(count, (id) => emit(id, make(id)));
    return concatenate(texts.map(textFrame));
  },
  call: (id, name, data = {}) => emit(id, operationText(id, name, data)),
  // Leaves the namespace and then closes, like the client of socket.io.
  goodbye: concatenate([textFrame("41"), closeFrame(1000)]),
  ping: { ping: new Uint8Array([0x81, 1, 0x32]), pong: textFrame("3") },
};

/** A string that occurs once in each answer without an error. */
function answer(kind: RequestKind): string {
  return kind === "message" ? '"done"' : '"success":true';
}

/** Returns an event with an acknowledgement. */
function emit(id: number, frame: string): string {
  return `42${id}["request",${frame}]`;
}

function makeFrames(count: number, make: (id: number) => string): string[] {
  return Array.from({ length: count }, (_, index) => make(FIRST_ID + index));
}

function expectStart(answer: string, start: string): string | undefined {
  return answer.startsWith(start) ? undefined : `the server answered ${answer}`;
}
