/**
 * The frames of version 1.0, written from its docs/reference/protocol.md and not from the
 * code.
 */

import { isJsonObject, type Json, type JsonObject } from "../../common/json.ts";

/** The extensions of version 1.0. */
export const FEATURES_1_0 = [
  ...["batch", "done-id", "max-payload", "request", "retry", "stream"],
];

/** The subprotocols that version 1.0 knows. */
export const PROTOCOLS_1_0 = ["hoist.v1"];

const FRAME_KEYS = [
  ...["success", "data", "error", "code", "message", "desc", "id"],
];

/** The data of each action of a client. */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  message: ["message", "data", "replying"],
  operation: ["operation", "data"],
  stream: ["operation", "data", "credit"],
  credit: ["credit"],
  cancel: [],
  done: ["failed"],
};

const MESSAGE_KEYS = ["message", "data", "id", "replying"];

/** The data of each kind of success frame of a server, by its `message`. */
const SUCCESSES: Readonly<Record<string, readonly string[]>> = {
  null: ["result", "features", "maxPayload"],
  open: ["id"],
  done: ["id"],
  newmsg: MESSAGE_KEYS,
  s_newmsg: MESSAGE_KEYS,
  request: MESSAGE_KEYS,
  items: ["items"],
};

const ERROR_KEYS = [
  ...["current", "needed", "issues", "message", "exc", "limit", "value"],
];

/** Returns what version 1.0 does not know of the frames of a client, the login first. */
export function unknownToServer(frames: readonly JsonObject[]): string[] {
  const streams = new Set<Json | undefined>();
  return frames.flatMap((frame, index) => {
    if (index === 0) {
      return extraKeys(frame, ["id", "token", "version", "features"]);
    }
    if (frame.end === true) return extraKeys(frame, ["id", "end"]);
    const { action, data, id } = frame;
    if (action === "stream") streams.add(id);
    // Version 1.0 can cancel nothing but streams.
    if (action === "cancel" && !streams.has(id)) return [describe(frame)];
    const keys = ACTIONS[String(action)];
    if (keys === undefined) return [describe(frame)];
    return [
      ...extraKeys(frame, ["id", "action", "data"]),
      ...extraKeys(data, keys),
    ];
  });
}

/** Returns what version 1.0 does not know of the frames of a server. */
export function unknownToClient(frames: readonly JsonObject[]): string[] {
  return frames.flatMap((frame) => {
    const { success, message, data } = frame;
    const keys = success === true ? SUCCESSES[String(message)] : ERROR_KEYS;
    if (keys === undefined) return [describe(frame)];
    const features = isJsonObject(data) ? [data.features ?? []].flat() : [];
    const unknown = features.filter((name) =>
      !FEATURES_1_0.includes(String(name))
    );
    return [
      ...extraKeys(frame, FRAME_KEYS),
      ...extraKeys(data, keys),
      ...unknown.map(String),
    ];
  });
}

function extraKeys(
  value: Json | undefined,
  known: readonly string[],
): string[] {
  if (value === null) return [];
  if (!isJsonObject(value)) return [describe(value)];
  return Object.keys(value).filter((key) => !known.includes(key));
}

function describe(value: unknown): string {
  return JSON.stringify(value) ?? "nothing";
}
