/**
 * Requests whose depth or size is at a limit of the server or slightly above it.
 *
 * @module
 */

import { byteLength } from "../support/bytes.ts";
import {
  dataJson,
  type Members,
  nestedJson,
  objectJson,
  quote,
  stringJson,
} from "./json_strings.ts";
import type { Random } from "./random.ts";

/** The size of large requests without a limit, in bytes. */
const MAX_LARGE = 65_536;

const DEPTHS = [6, 7, 8, 62, 63, 64, 65, 100, 2_000];

/** Returns a message that is replied to. Its id usually belongs to another client. */
export function replyingJson(random: Random, depth: number): string {
  if (depth === 0) return "null";
  return objectJson([
    ["message", stringJson(random)],
    ["data", dataJson(random, 1)],
    ["id", String(random.between(1, 20_000))],
    ["replying", replyingJson(random, depth - 1)],
  ]);
}

/** Returns a deeply nested request. */
export function deepRequest(random: Random, id: string): string {
  const depth = random.pick(DEPTHS);
  const nested = `{"a":${nestedJson(random, depth)}}`;
  const request = (action: string, data: Members) =>
    objectJson([
      ["id", id],
      ["action", quote(action)],
      ["data", objectJson(data)],
    ]);
  const call = (name: string): Members => [
    ["operation", quote(name)],
    ["data", nested],
  ];
  const hello = (data: string, replying = "null") =>
    request("message", [
      ["message", '"hello"'],
      ["data", data],
      ["replying", replying],
    ]);
  return random.weigh<() => string>([
    [2, () => request("operation", call("echo"))],
    [1, () => request("stream", [...call("rows"), ["credit", "9"]])],
    [1, () => request("credit", [["credit", "1"], ["data", nested]])],
    [1, () => hello(nested)],
    [1, () => hello("{}", replyingJson(random, Math.min(depth, 100)))],
    [1, () => hello("{}", lastReplying(nested))],
    [1, () => request("publish", publication(nested))],
    [1, () => request("presence", [OPEN_ROOM, ["presence", nested]])],
    [1, () => objectJson([["id", nested], ["action", '"message"']])],
  ])();
}

const OPEN_ROOM = ["room", '"open"'] as const;

function publication(data: string): Members {
  return [OPEN_ROOM, ["message", '"deep"'], ["data", data], ["key", '"deep"']];
}

function lastReplying(data: string): string {
  return objectJson([
    ["message", '""'],
    ["data", data],
    ["id", "1"],
    ["replying", "null"],
  ]);
}

/** Returns a request whose size is near the limit. */
export function largeRequest(
  random: Random,
  id: string,
  maxPayload: number,
): string {
  const name = random.pick(["echo", "nothing", "wait"]);
  const withText = (text: string) =>
    `{"id":${id},"action":"operation","data":{"operation":"${name}","data":{"text":"${text}"}}}`;
  const limit = Math.min(maxPayload, MAX_LARGE);
  const excess = random.pick([-1, 0, 1, -random.below(limit / 2), 1_000]);
  const left = limit + excess - byteLength(withText(""));
  // The letters have one, two and three bytes in UTF-8.
  const letter = random.pick(["x", "é", "☃"]);
  const count = Math.floor(left / byteLength(letter));
  return withText(
    letter.repeat(count) + "x".repeat(left % byteLength(letter)),
  );
}
