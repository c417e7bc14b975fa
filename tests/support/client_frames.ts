/** Frames of a client for the tests of the protocol, valid and invalid. */

import assert from "node:assert/strict";
import {
  type ClientFrame,
  decodeEntry,
  parseBatch,
} from "../../protocol/client_frames.ts";
import type { Feature } from "../../protocol/features.ts";
import type { InvalidFrame } from "../../protocol/request_error.ts";

/** The login, a message, an operation and the goodbye, as the protocol has them. */
export const LOGIN = '{"id": 0, "token": "test", "version": "1.0.2"}';
export const MESSAGE =
  '{"id": 1, "action": "message", "data": {"message": "hello", "data": {"a": 1}, "replying": null}}';
export const OPERATION =
  '{"id": 2, "action": "operation", "data": {"operation": "add", "data": {"a": 1, "b": 2}}}';
export const GOODBYE = '{"id": null, "end": true}';

/** Values of every type, and how Python names the type. */
export const VALUES: readonly [json: string, type: string | null][] = [
  ["null", null],
  ["true", "bool"],
  ["false", "bool"],
  ["0", "int"],
  ["-7", "int"],
  ["1.5", "float"],
  ["1e400", "float"],
  ['""', "str"],
  ['"1"', "str"],
  ["[]", "list"],
  ["[{}]", "list"],
  ["{}", "dict"],
];

/** Values that are no objects. */
export const NO_OBJECTS = VALUES.filter(([, type]) => type !== "dict");

/** Data of WebSocket messages that is not JSON. */
export const NO_JSON: readonly unknown[] = [
  "",
  " ",
  "{",
  "hello",
  "{'id': 1}",
  '{"id": NaN}',
  `${GOODBYE}${GOODBYE}`,
  "\ufeff{}",
  undefined,
  null,
  {},
  new ArrayBuffer(2),
  new TextEncoder().encode(GOODBYE),
  new Blob([GOODBYE]),
];

/** Invalid ids of a request, and how Python names their type. */
export const NO_IDS = [
  ...VALUES.filter(([, type]) => type !== "int"),
  ["9007199254740992", "int"],
  ["-9007199254740992", "int"],
  ["0.1", "float"],
  ["-1e400", "float"],
] as const;

/** Replaces the value at a path of a frame; `undefined` removes the field. */
export function replaceField(
  frame: string,
  path: string,
  json: string | undefined,
): string {
  const object = JSON.parse(frame);
  const keys = path.split(".");
  const last = keys.pop()!;
  const parent = keys.reduce((parent, key) => parent[key], object);
  if (json === undefined) delete parent[last];
  else parent[last] = "<here>";
  // Replaced in the string, because JSON.stringify() writes 1e400 as null.
  return JSON.stringify(object).replace('"<here>"', () => json!);
}

/** Asserts that a frame is invalid, for a reason. */
export function assertInvalid(
  frame: { readonly kind: string },
  expected: Partial<InvalidFrame>,
): void {
  assert.equal(frame.kind, "invalid");
  const { description: _, ...rest } = frame as InvalidFrame;
  assert.deepEqual(rest, {
    kind: "invalid",
    data: null,
    fatal: false,
    ...expected,
  });
}

/** Nests message objects, each of which replies to the next. */
export function nest(depth: number, innermost: string): string {
  const outer = '{"message": "m", "data": {}, "id": 1, "replying": ';
  return outer.repeat(depth) + innermost + "}".repeat(depth);
}

/** Makes a message that replies to a message object. */
export function messageReplyingTo(json: string): string {
  return replaceField(MESSAGE, "data.replying", json);
}

/** Decodes all entries of a batch at once. */
export function decodeBatch(
  frame: unknown,
  features?: ReadonlySet<Feature>,
): ClientFrame[] {
  return parseBatch(frame).map((entry) => decodeEntry(entry, features));
}
