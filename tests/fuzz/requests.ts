/**
 * The frames that a fuzzing client sends, as JSON strings: valid, nearly valid and
 * invalid ones.
 *
 * @module
 */

import { ExtensionRequests } from "./extension_requests.ts";
import { deepRequest, largeRequest, replyingJson } from "./extreme_requests.ts";
import { ENDING_OPERATIONS, LISTENERS } from "./handlers.ts";
import {
  dataJson,
  INVALID_JSON,
  type Members,
  nestedJson,
  numberJson,
  objectJson,
  quote,
  stringJson,
  valueJson,
  word,
} from "./json_strings.ts";
import { RoomRequests } from "./room_requests.ts";
import { STREAMS } from "./streams.ts";
import type { Rules } from "./model.ts";
import type { Random } from "./random.ts";

/** The last frame of a client: docs/reference/protocol.md, "5. Goodbye". */
export const GOODBYE = '{"id":null,"end":true}';

/** The number of recent ids that a client can repeat. */
const RECENT = 8;

const BAD_VERSIONS = [
  ...["0.9.9", "0.10.0", "0.0.0", "0.999.0", "0.1.2", "0.2.0"],
  ...["1", "v1.0.0", "1.0.0 ", "x", "1.0.00"],
];

const BAD_TOKENS = ["", "Test", "tes", "__proto__", "test\u0000", "\ud800"];

/** The heartbeats that a client can state in its login. */
const HEARTBEATS = [
  '{"interval":1000,"timeout":600000}',
  '{"timeout":1e3,"interval":600000,"further":[]}',
] as const;

const BAD_HEARTBEATS = [
  '{"interval":999,"timeout":1000}',
  '{"interval":1000,"timeout":600001}',
  '{"interval":1000.5,"timeout":1000}',
  '{"interval":"1000","timeout":1000}',
  '{"interval":1000}',
  ...["[1000,1000]", "1000", "true", "null", "{}"],
] as const;

const BAD_SECRETS = [
  ...['""', "null", "1", "{}", quote("a".repeat(21)), quote("a".repeat(23))],
  quote("+".repeat(22)),
] as const;

/** Generates the frames of one client. */
export class Requests {
  readonly #random: Random;
  readonly #token: string;
  readonly #maxPayload: number;
  /** The features in the first login, as JSON. */
  readonly #features: string | undefined;
  readonly #extensions: ExtensionRequests;
  readonly #rooms: RoomRequests;
  #lastId = 0;

  constructor(random: Random, rules: Rules, features: string | undefined) {
    const { token, maxPayload, maxPending } = rules;
    this.#random = random;
    this.#token = token;
    this.#maxPayload = maxPayload;
    this.#features = features;
    this.#rooms = new RoomRequests(random, () => this.#id());
    this.#extensions = new ExtensionRequests(random, {
      nextId: () => this.#id(),
      recentId: () => this.#recentId(),
      maxPending,
      canCancel: features?.includes('"cancel"') ?? false,
    });
  }

  /** Returns a valid login. */
  firstLogin(): string {
    return this.#login(this.#features);
  }

  #login(features: string | undefined): string {
    const random = this.#random;
    const id = random.chance(0.2) ? numberId(random) : "0";
    const version = quote(random.pick(["1.0.0", "1.0.2", "2.10.0"]));
    return objectJson(shuffle(random, [
      ["id", id],
      ["token", quote(this.#token)],
      ["version", version],
      ...features === undefined ? [] : [["features", features] as const],
      ...this.#heartbeat(features),
      ...this.#member(),
    ]));
  }

  /** Sometimes states the heartbeats of the client, which other clients can state, too. */
  #heartbeat(features: string | undefined): Members {
    const random = this.#random;
    if (random.chance(0.7)) return [];
    const isValid = features?.includes('"heartbeat"') || random.chance(0.5);
    const value = isValid
      ? random.pick(HEARTBEATS)
      : this.#badField("heartbeat");
    return [["heartbeat", value]];
  }

  /** Sometimes returns a secret that the server has not given out. */
  #member(): Members {
    const random = this.#random;
    if (random.chance(0.9)) return [];
    const secret = random.below(2 ** 32).toString(36).padEnd(22, "_-");
    return [["member", quote(secret)]];
  }

  /** Returns a login that is usually invalid. */
  badLogin(): string {
    const random = this.#random;
    const bad = random.pick([
      ...["id", "token", "version", "version"],
      ...["features", "heartbeat", "member"],
    ]);
    const login: Members = [
      ["id", "0"],
      ["token", quote(this.#token)],
      ["version", '"1.0.0"'],
      ...bad === "heartbeat" || bad === "member"
        ? [["features", '["heartbeat","rooms"]'] as const]
        : [],
      // Of two members with the same key, the last one counts.
      [bad, random.chance(0.7) ? this.#badField(bad) : valueJson(random)],
    ];
    return objectJson(login);
  }

  /** Returns a valid join of a room. */
  join(): string {
    return objectJson(this.#rooms.join());
  }

  /** Returns a valid request. */
  valid(): string {
    return objectJson(this.#members());
  }

  /** Returns a request with one or two errors. */
  nearlyValid(): string {
    const random = this.#random;
    let members = this.#members();
    for (let left = random.between(1, 2); left > 0; left--) {
      members = mutate(random, members);
    }
    return objectJson(members);
  }

  /** Returns an object with random members. */
  object(): string {
    const random = this.#random;
    const id = random.chance(0.5) ? this.#id() : valueJson(random);
    return objectJson([["id", id], ...this.#anything()]);
  }

  /** Returns any frame that the server answers. */
  any(): string {
    const random = this.#random;
    return random.weigh<() => string>([
      [60, () => this.valid()],
      [25, () => this.nearlyValid()],
      [6, () => this.object()],
      [3, () => deepRequest(random, this.#id())],
      [1, () => largeRequest(random, this.#id(), this.#maxPayload)],
      [2, () => this.#login(undefined)],
    ])();
  }

  /** Returns a batch. */
  batch(): string {
    const random = this.#random;
    const length = random.weigh([[8, random.between(1, 8)], [1, 40]]);
    const frames = Array.from({ length }, () => this.any());
    if (random.chance(0.03)) {
      const invalid = random.pick([
        "1",
        "[]",
        "null",
        `[${this.valid()}]`,
        GOODBYE,
      ]);
      frames.splice(random.below(length + 1), 0, invalid);
    }
    return `[${frames}]`;
  }

  /** Returns a frame that closes the connection. */
  fatal(): string | Uint8Array {
    const random = this.#random;
    return random.weigh<() => string | Uint8Array>([
      [4, () => random.pick(INVALID_JSON)],
      [2, () => new TextEncoder().encode(this.valid())],
      [1, () => random.bytes(random.below(20))],
      [2, () => random.pick(["[]", "[[]]", "null", "1", '""', "true", "[1]"])],
      [1, () => nestedJson(random, 3_000).slice(0, 3_500)],
      [1, () => nestedJson(random, 2_000).replaceAll("{", "[")],
      [2, () => GOODBYE],
    ])();
  }

  /** Returns a request with damaged bytes. */
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
      case "heartbeat":
        return random.pick(BAD_HEARTBEATS);
      case "member":
        return random.pick(BAD_SECRETS);
      default:
        return random.pick(["1.5", '"0"', "{}", "null"]);
    }
  }

  #members(): Members {
    const random = this.#random;
    const isAgreed = (feature: string) => this.#features?.includes(feature);
    const members = random.weigh<() => Members>([
      [45, () => this.#frame("message", this.#message())],
      [55, () => this.#frame("operation", this.#operation())],
      [isAgreed('"stream"') ? 60 : 4, () => this.#extensions.stream()],
      [isAgreed('"renew"') ? 5 : 1, () => this.#extensions.renew()],
      [isAgreed('"request"') ? 12 : 2, () => this.#extensions.ask()],
      [isAgreed('"cancel"') ? 10 : 1, () => this.#extensions.cancel()],
      [isAgreed('"heartbeat"') ? 6 : 2, () => this.#extensions.ping()],
      [isAgreed('"rooms"') ? 60 : 4, () => this.#rooms.any()],
    ])();
    return random.chance(0.1) ? shuffle(random, members) : members;
  }

  #frame(action: string, data: Members): Members {
    const text = objectJson(data);
    return [["id", this.#id()], ["action", quote(action)], ["data", text]];
  }

  #message(): Members {
    const random = this.#random;
    const name = random.chance(0.85)
      ? quote(random.pick([...LISTENERS.keys()]))
      : stringJson(random);
    const data = this.#data(0.3);
    const members: Members = [
      ["message", name],
      ["data", data],
      ...timeoutMember(random),
      ...traceMember(random),
    ];
    if (random.chance(0.5)) return members;
    return [...members, ["replying", replyingJson(random, random.below(4))]];
  }

  /** Returns any data, or data that some handlers expect. */
  #data(asked: number): string {
    const random = this.#random;
    return random.chance(asked)
      ? `{"n":${random.between(0, 5)}}`
      : dataJson(random);
  }

  #operation(): Members {
    const random = this.#random;
    const name = random.weigh<() => string>([
      [17, () => quote(random.pick(ENDING_OPERATIONS))],
      [1, () => quote(random.pick([...STREAMS.keys()]))],
      [3, () => stringJson(random)],
    ])();
    return [
      ["operation", name],
      ["data", this.#data(0.1)],
      ...timeoutMember(random),
      ...traceMember(random),
    ];
  }

  #anything(): Members {
    const random = this.#random;
    return Array.from({ length: random.below(4) }, () =>
      [
        random.pick(["action", "data", "end", "token", word(random)]),
        valueJson(random),
      ] as const);
  }

  #id(): string {
    const random = this.#random;
    return random.weigh<() => string>([
      [90, () => String(++this.#lastId)],
      [5, () => this.#recentId()],
      [3, () => numberId(random)],
      [1, () => numberJson(random)],
    ])();
  }

  #recentId(): string {
    return String(Math.max(1, this.#lastId - this.#random.below(RECENT)));
  }
}

/** The spans that a request can name, valid and invalid. */
const TRACEPARENTS = [
  quote(`00-${"ab".repeat(16)}-${"cd".repeat(8)}-01`),
  quote(`00-${"ab".repeat(16)}-${"cd".repeat(8)}-00`),
  quote(`ff-${"ab".repeat(16)}-${"cd".repeat(8)}-01`),
  quote(`00-${"0".repeat(32)}-${"cd".repeat(8)}-01`),
  ...['""', "1", "null", "{}", quote("a".repeat(2_000))],
];

/** Sometimes names the span of the caller. No value of it is an error. */
export function traceMember(random: Random): Members {
  return random.chance(0.9) ? [] : [["traceparent", random.pick(TRACEPARENTS)]];
}

/** Sometimes returns the timeout of a request. */
function timeoutMember(random: Random): Members {
  if (random.chance(0.8)) return [];
  const timeout = random.weigh<() => string>([
    [8, () => random.pick(["0", "1", "60000", "1e6", "2147483647"])],
    [1, () => random.pick(["-0", "-1", "0.5", "2147483648", '"1"', "null"])],
    [1, () => valueJson(random)],
  ])();
  return [["timeout", timeout]];
}

/** Returns an unusual but valid id. */
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

function mutate(random: Random, members: Members): Members {
  const at = random.below(members.length);
  const [key, value] = members[at] ?? ["id", "1"];
  return random.weigh<() => Members>([
    [2, () => members.toSpliced(at, 1)],
    [4, () => members.with(at, [key, valueJson(random)])],
    [2, () => [...members, [key, valueJson(random)]]],
    [1, () => [[key, valueJson(random)], ...members]],
    [2, () => members.with(at, [word(random), value])],
    [1, () => [...members, [word(random), valueJson(random)]]],
    [3, () => members.with(at, [key, mutateString(random, value)])],
  ])();
}

/** Replaces one string or number. The result can be invalid JSON. */
function mutateString(random: Random, text: string): string {
  const parts = text.split(/("(?:[^"\\]|\\.)*"|[\w.+-]+|null)/);
  const at = 2 * random.below(Math.floor(parts.length / 2)) + 1;
  return parts[at] === undefined || parts[at + 1]?.startsWith(":")
    ? text
    : parts.with(at, valueJson(random, 1)).join("");
}

function shuffle(random: Random, members: Members): Members {
  const left = [...members];
  return members.map(() => left.splice(random.below(left.length), 1)[0]!);
}
