/**
 * The frames that a fuzzing client sends, as text: valid ones, nearly valid ones, and
 * what nobody would take for a frame.
 *
 * @module
 */

import { LISTENERS, OPERATIONS } from "./host.ts";
import {
  BROKEN_JSON,
  dataText,
  type Members,
  nestedText,
  numberText,
  objectText,
  quote,
  textText,
  valueText,
  word,
} from "./json_texts.ts";
import { byteLength } from "../helpers.ts";
import type { Rules } from "./model.ts";
import type { Random } from "./random.ts";

/** The last frame of a client: docs/protocol.md, "5. Goodbye". */
export const GOODBYE = '{"id":null,"end":true}';

/** The size of large requests where there is no limit, in bytes. */
const MAX_LARGE = 65_536;

/** How many ids back a client looks for one to use again. */
const RECENT = 8;

const BAD_VERSIONS = [
  ...["0.9.9", "0.10.0", "0.0.0", "0.999.0", "0.1.2", "0.2.0"],
  ...["1", "v1.0.0", "1.0.0 ", "x", "1.0.00"],
];

const BAD_TOKENS = ["", "Test", "tes", "__proto__", "test\u0000", "\ud800"];

/** Makes the frames of one client. */
export class Requests {
  readonly #random: Random;
  readonly #token: string;
  readonly #maxPayload: number;
  #lastId = 0;

  constructor(random: Random, { token, maxPayload }: Rules) {
    this.#random = random;
    this.#token = token;
    this.#maxPayload = maxPayload;
  }

  /** A login that is let in. */
  login(features: string | undefined): string {
    const random = this.#random;
    const id = random.chance(0.2) ? numberId(random) : "0";
    const version = quote(random.pick(["1.0.0", "1.0.2", "2.10.0"]));
    return objectText(shuffle(random, [
      ["id", id],
      ["token", quote(this.#token)],
      ["version", version],
      ...features === undefined ? [] : [["features", features] as const],
    ]));
  }

  /** A login that is not, or only by chance. */
  badLogin(): string {
    const random = this.#random;
    const bad = random.pick(["id", "token", "version", "version", "features"]);
    const login: Members = [
      ["id", "0"],
      ["token", quote(this.#token)],
      ["version", '"1.0.0"'],
      // The last one of two counts.
      [bad, random.chance(0.7) ? this.#badField(bad) : valueText(random)],
    ];
    return objectText(login);
  }

  /** A request that follows all rules. */
  valid(): string {
    return objectText(this.#members());
  }

  /** A request that nearly does. */
  nearlyValid(): string {
    const random = this.#random;
    let members = this.#members();
    for (let left = random.between(1, 2); left > 0; left--) {
      members = spoil(random, members);
    }
    return objectText(members);
  }

  /** An object, and hardly more. */
  object(): string {
    const random = this.#random;
    const id = random.chance(0.5) ? this.#id() : valueText(random);
    return objectText([["id", id], ...this.#anything()]);
  }

  /** Any of the frames that have an answer. */
  any(): string {
    return this.#random.weigh<() => string>([
      [60, () => this.valid()],
      [25, () => this.nearlyValid()],
      [6, () => this.object()],
      [3, () => this.#deep()],
      [1, () => this.#large()],
      [2, () => this.login(undefined)],
    ])();
  }

  /** Several frames in one. */
  batch(): string {
    const random = this.#random;
    const length = random.weigh([[8, random.between(1, 8)], [1, 40]]);
    const frames = Array.from({ length }, () => this.any());
    if (random.chance(0.03)) {
      const strange = random.pick([
        "1",
        "[]",
        "null",
        `[${this.valid()}]`,
        GOODBYE,
      ]);
      frames.splice(random.below(length + 1), 0, strange);
    }
    return `[${frames}]`;
  }

  /** What ends the connection. */
  fatal(): string | Uint8Array {
    const random = this.#random;
    return random.weigh<() => string | Uint8Array>([
      [4, () => random.pick(BROKEN_JSON)],
      [2, () => new TextEncoder().encode(this.valid())],
      [1, () => random.bytes(random.below(20))],
      [2, () => random.pick(["[]", "[[]]", "null", "1", '""', "true", "[1]"])],
      [1, () => nestedText(random, 3_000).slice(0, 3_500)],
      [1, () => nestedText(random, 2_000).replaceAll("{", "[")],
      [2, () => GOODBYE],
    ])();
  }

  /** A request whose bytes have suffered. */
  damaged(): Uint8Array<ArrayBuffer> {
    const random = this.#random;
    const bytes = new TextEncoder().encode(this.valid());
    const at = random.below(bytes.length);
    const other = new TextEncoder().encode(this.valid());
    return random.weigh<() => Uint8Array<ArrayBuffer>>([
      [4, () => bytes.with(at, bytes[at]! ^ (1 << random.below(7)))],
      [1, () => bytes.with(at, random.below(256))],
      [1, () => bytes.slice(0, at)],
      [1, () => bytes.slice(at)],
      [1, () => new Uint8Array([...bytes.slice(0, at), ...other.slice(at)])],
      [1, () => bytes.toReversed()],
    ])();
  }

  #badField(field: string): string {
    const random = this.#random;
    switch (field) {
      case "version":
        return quote(random.pick(BAD_VERSIONS));
      case "token":
        return quote(random.pick([...BAD_TOKENS, `${this.#token} `]));
      default:
        return random.pick(["1.5", '"0"', "{}", "null"]);
    }
  }

  #members(): Members {
    const random = this.#random;
    const isMessage = random.chance(0.45);
    const data = isMessage ? this.#message() : this.#operation();
    const members: Members = [
      ["id", this.#id()],
      ["action", quote(isMessage ? "message" : "operation")],
      ["data", objectText(data)],
    ];
    return random.chance(0.1) ? shuffle(random, members) : members;
  }

  #message(): Members {
    const random = this.#random;
    const name = random.chance(0.85)
      ? quote(random.pick([...LISTENERS.keys()]))
      : textText(random);
    const data = random.chance(0.3)
      ? `{"n":${random.between(0, 5)}}`
      : dataText(random);
    const members: Members = [["message", name], ["data", data]];
    if (random.chance(0.5)) return members;
    return [...members, ["replying", this.#replying(random.below(4))]];
  }

  #operation(): Members {
    const random = this.#random;
    const name = random.chance(0.85)
      ? quote(random.pick([...OPERATIONS.keys()]))
      : textText(random);
    return [["operation", name], ["data", dataText(random)]];
  }

  /** A message object; its number is most likely that of somebody else's message. */
  #replying(depth: number): string {
    const random = this.#random;
    if (depth === 0) return "null";
    return objectText([
      ["message", textText(random)],
      ["data", dataText(random, 1)],
      ["id", String(random.between(1, 20_000))],
      ["replying", this.#replying(depth - 1)],
    ]);
  }

  #deep(): string {
    const random = this.#random;
    const depth = random.pick([6, 7, 8, 62, 63, 64, 65, 100, 2_000]);
    const nested = `{"a":${nestedText(random, depth)}}`;
    const id = this.#id();
    const request = (action: string, data: Members) =>
      objectText([["id", id], ["action", quote(action)], [
        "data",
        objectText(data),
      ]]);
    return random.weigh<() => string>([
      [
        2,
        () => request("operation", [["operation", '"echo"'], ["data", nested]]),
      ],
      [1, () => request("message", [["message", '"hello"'], ["data", nested]])],
      [1, () =>
        request("message", [
          ["message", '"hello"'],
          ["data", "{}"],
          ["replying", this.#replying(Math.min(depth, 100))],
        ])],
      [1, () => {
        const last: Members = [["message", '""'], ["data", nested], [
          "id",
          "1",
        ]];
        const replying = objectText([...last, ["replying", "null"]]);
        return request("message", [
          ["message", '"hello"'],
          ["data", "{}"],
          ["replying", replying],
        ]);
      }],
      [1, () => objectText([["id", nested], ["action", '"message"']])],
    ])();
  }

  /** A request of a certain size, such as the largest one that is allowed. */
  #large(): string {
    const random = this.#random;
    const name = random.pick(["echo", "nothing", "wait"]);
    const id = this.#id();
    const withText = (text: string) =>
      `{"id":${id},"action":"operation","data":{"operation":"${name}","data":{"text":"${text}"}}}`;
    const limit = Math.min(this.#maxPayload, MAX_LARGE);
    const excess = random.pick([-1, 0, 1, -random.below(limit / 2), 1_000]);
    const left = limit + excess - byteLength(withText(""));
    // One of these has one byte in UTF-8, the others have more than UTF-16 units.
    const letter = random.pick(["x", "é", "☃"]);
    const count = Math.floor(left / byteLength(letter));
    return withText(
      letter.repeat(count) + "x".repeat(left % byteLength(letter)),
    );
  }

  #anything(): Members {
    const random = this.#random;
    return Array.from({ length: random.below(4) }, () =>
      [
        random.pick(["action", "data", "end", "token", word(random)]),
        valueText(random),
      ] as const);
  }

  #id(): string {
    const random = this.#random;
    return random.weigh<() => string>([
      [90, () => String(++this.#lastId)],
      [5, () => String(Math.max(1, this.#lastId - random.below(RECENT)))],
      [3, () => numberId(random)],
      [1, () => numberText(random)],
    ])();
  }
}

/** A number that is an id, if a strange one. */
function numberId(random: Random): string {
  return random.pick([
    "-1",
    "-0",
    "1.0",
    "1e3",
    "9007199254740991",
    "-9007199254740991",
    "2147483648",
  ]);
}

function spoil(random: Random, members: Members): Members {
  const at = random.below(members.length);
  const [key, value] = members[at] ?? ["id", "1"];
  return random.weigh<() => Members>([
    [2, () => members.toSpliced(at, 1)],
    [4, () => members.with(at, [key, valueText(random)])],
    [2, () => [...members, [key, valueText(random)]]],
    [1, () => [[key, valueText(random)], ...members]],
    [2, () => members.with(at, [word(random), value])],
    [1, () => [...members, [word(random), valueText(random)]]],
    [3, () => members.with(at, [key, spoilText(random, value)])],
  ])();
}

/** The same with one word or number in it changed; it may be JSON no longer. */
function spoilText(random: Random, text: string): string {
  const parts = text.split(/("(?:[^"\\]|\\.)*"|[\w.+-]+|null)/);
  const at = 2 * random.below(Math.floor(parts.length / 2)) + 1;
  return parts[at] === undefined || parts[at + 1]?.startsWith(":")
    ? text
    : parts.with(at, valueText(random, 1)).join("");
}

function shuffle(random: Random, members: Members): Members {
  const left = [...members];
  return members.map(() => left.splice(random.below(left.length), 1)[0]!);
}
