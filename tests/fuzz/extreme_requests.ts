/**
 * Requests that are as deep or as large as a server allows, or a little more.
 *
 * @module
 */

import { byteLength } from "../support/bytes.ts";
import {
  dataText,
  type Members,
  nestedText,
  objectText,
  quote,
  textText,
} from "./json_texts.ts";
import type { Random } from "./random.ts";

/** The size of large requests where there is no limit, in bytes. */
const MAX_LARGE = 65_536;

const DEPTHS = [6, 7, 8, 62, 63, 64, 65, 100, 2_000];

/** A message object; its number is most likely that of somebody else's message. */
export function replyingText(random: Random, depth: number): string {
  if (depth === 0) return "null";
  return objectText([
    ["message", textText(random)],
    ["data", dataText(random, 1)],
    ["id", String(random.between(1, 20_000))],
    ["replying", replyingText(random, depth - 1)],
  ]);
}

/** A request that is as deep as it may be, or deeper. */
export function deepText(random: Random, id: string): string {
  const depth = random.pick(DEPTHS);
  const nested = `{"a":${nestedText(random, depth)}}`;
  const request = (action: string, data: Members) =>
    objectText([
      ["id", id],
      ["action", quote(action)],
      ["data", objectText(data)],
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
    [1, () => hello("{}", replyingText(random, Math.min(depth, 100)))],
    [1, () => hello("{}", lastReplying(nested))],
    [1, () => objectText([["id", nested], ["action", '"message"']])],
  ])();
}

function lastReplying(data: string): string {
  return objectText([
    ["message", '""'],
    ["data", data],
    ["id", "1"],
    ["replying", "null"],
  ]);
}

/** A request of a certain size, such as the largest one that is allowed. */
export function largeText(
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
  // One of these has one byte in UTF-8, the others have more than UTF-16 units.
  const letter = random.pick(["x", "é", "☃"]);
  const count = Math.floor(left / byteLength(letter));
  return withText(
    letter.repeat(count) + "x".repeat(left % byteLength(letter)),
  );
}
