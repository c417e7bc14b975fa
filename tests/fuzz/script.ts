/**
 * What a fuzzing client does on one connection, all of it known beforehand: the seed
 * decides, and nothing that the server says.
 *
 * @module
 */

import {
  encodeFrame,
  type FrameOptions,
  joinBytes,
  Opcode,
} from "../raw_socket.ts";
import { isEnd, type Payload, readFrame, type Rules } from "./model.ts";
import type { Random } from "./random.ts";
import { GOODBYE, Requests } from "./requests.ts";

/** Bytes that are sent together, and what they mean. */
export interface Unit {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The text or binary frame in it, once it is put together */
  readonly payload?: Payload;
  readonly pings?: readonly Uint8Array[];
}

/** How a client leaves, if the connection has not ended by then. */
export type Leaving =
  /** It waits for all answers and says goodbye */
  | "settle"
  | "goodbye"
  /** It closes the WebSocket, whatever is under way */
  | "close"
  /** It breaks a rule of the WebSocket */
  | "violate"
  /** It says nothing more and reads on */
  | "finish"
  | "vanish";

/** A connection from its first byte to its last. */
export interface Script {
  /** What is written in one go */
  readonly packets: readonly (readonly Unit[])[];
  /** After which packets it waits for all answers */
  readonly pauses: ReadonlySet<number>;
  readonly leaving: Leaving;
  /** The last bytes */
  readonly last: Uint8Array<ArrayBuffer>;
  readonly frames: number;
}

const FEATURES = [
  undefined,
  undefined,
  '["batch","done-id","max-payload","retry"]',
  '["batch","done-id","max-payload","retry"]',
  '["batch"]',
  '["done-id"]',
  '["batch","batch",1,null,{},"constructor","done-id"]',
  "[]",
];

/** How many frames a client sends after what ends the connection, at most. */
const MAX_TAIL = 4;

/** Makes a script. */
export function makeScript(random: Random, rules: Rules): Script {
  const units = new Units(random, rules).all();
  const leaving = random.weigh<Leaving>([
    [60, "settle"],
    [10, "goodbye"],
    [10, "close"],
    [8, "violate"],
    [6, "finish"],
    [6, "vanish"],
  ]);
  const packets = pack(random, units);
  const pauses = packets.map((_, index) => index)
    .filter(() => random.chance(0.2));
  const last = lastBytes(random, leaving);
  const frames = units.length + 1;
  return { packets, pauses: new Set(pauses), leaving, last, frames };
}

/** Makes the units of a connection. */
class Units {
  readonly #random: Random;
  readonly #rules: Rules;
  readonly #requests: Requests;
  readonly #features: string | undefined;
  readonly #joins: boolean;
  /** How many more frames come after what ends the connection. */
  #tail: number | undefined;

  constructor(random: Random, rules: Rules) {
    this.#random = random;
    this.#rules = rules;
    this.#requests = new Requests(random, rules);
    this.#features = random.pick(FEATURES);
    this.#joins = this.#features?.includes('"batch"') ?? false;
  }

  /** From the login on, to some frames after what ends the connection. */
  all(): readonly Unit[] {
    const random = this.#random;
    const units = [this.#first()];
    // Most of those without a login are over with their first frame.
    const count = random.weigh([
      [10, random.between(1, 100)],
      [1, random.between(100, 300)],
    ]);
    while (units.length < count && this.#tail !== 0) {
      if (this.#tail !== undefined) this.#tail--;
      units.push(this.#next());
    }
    return units;
  }

  #first(): Unit {
    const random = this.#random;
    if (random.chance(0.87)) {
      return this.#unit(this.#requests.login(this.#features));
    }
    const requests = this.#requests;
    this.#end();
    return this.#unit(
      random.weigh<() => Payload>([
        [7, () => requests.badLogin()],
        [1, () => requests.any()],
        [1, () => requests.batch()],
        [1, () => requests.fatal()],
      ])(),
    );
  }

  #next(): Unit {
    const random = this.#random;
    const requests = this.#requests;
    return random.weigh<() => Unit>([
      [86, () => this.#unit(requests.any())],
      [this.#joins ? 8 : 0.1, () => this.#unit(requests.batch())],
      [4, () => this.#ping(random.bytes(random.pick([0, 1, 125])))],
      [1, () => this.#pong()],
      [1, () => this.#unit(requests.fatal())],
      [1, () => this.#damaged()],
    ])();
  }

  /** Bytes that are still UTF-8; others break a rule of the WebSocket. */
  #damaged(): Unit {
    for (;;) {
      const bytes = this.#requests.damaged();
      const text = decode(bytes);
      if (text === undefined) continue;
      // Most of them end the connection, which few shall.
      if (!this.#ends(text) || this.#random.chance(0.3)) {
        return this.#unit(text);
      }
    }
  }

  #unit(payload: Payload): Unit {
    if (this.#ends(payload)) this.#end();
    const random = this.#random;
    if (random.chance(0.1)) return this.#fragments(payload);
    const opcode = typeof payload === "string" ? Opcode.TEXT : Opcode.BINARY;
    const bytes = encodeFrame(payload, { opcode, mask: this.#mask() });
    return { bytes, payload };
  }

  #ends(payload: Payload): boolean {
    return readFrame(payload, this.#rules, this.#joins)
      .some(({ kind }) => isEnd(kind));
  }

  #end(): void {
    this.#tail ??= this.#random.below(MAX_TAIL + 1);
  }

  /** One message in several frames, with pings between them. */
  #fragments(payload: Payload): Unit {
    const random = this.#random;
    const bytes = new TextEncoder().encode(String(payload));
    const whole = typeof payload === "string" ? bytes : payload;
    const cuts = Array.from(
      { length: random.between(1, 4) },
      () => random.below(whole.length + 1),
    ).sort((one, other) => one - other);
    const parts: Uint8Array[] = [];
    const pings: Uint8Array[] = [];
    for (const [index, end] of [...cuts, whole.length].entries()) {
      const part = whole.subarray(cuts[index - 1] ?? 0, end);
      parts.push(this.#fragment(payload, part, index, cuts.length));
      if (index === cuts.length || random.chance(0.8)) continue;
      const ping = this.#ping(random.bytes(3));
      parts.push(ping.bytes);
      pings.push(...ping.pings ?? []);
    }
    return { bytes: joinBytes(parts), payload, pings };
  }

  #fragment(
    payload: Payload,
    part: Uint8Array,
    index: number,
    last: number,
  ): Uint8Array {
    const first = typeof payload === "string" ? Opcode.TEXT : Opcode.BINARY;
    const opcode = index === 0 ? first : Opcode.CONTINUATION;
    return encodeFrame(part, {
      opcode,
      fin: index === last,
      mask: this.#mask(),
    });
  }

  #ping(payload: Uint8Array): Unit {
    const bytes = encodeFrame(payload, {
      opcode: Opcode.PING,
      mask: this.#mask(),
    });
    return { bytes, pings: [payload] };
  }

  #pong(): Unit {
    const options = { opcode: Opcode.PONG, mask: this.#mask() };
    return { bytes: encodeFrame("pong", options) };
  }

  #mask(): readonly number[] {
    return [...this.#random.bytes(4)];
  }
}

/** Several units in one write, or one alone. */
function pack(random: Random, units: readonly Unit[]): readonly Unit[][] {
  const packets: Unit[][] = [];
  for (let at = 0; at < units.length;) {
    const length = random.weigh([
      [3, 1],
      [3, random.between(2, 8)],
      [2, random.between(8, 64)],
    ]);
    packets.push(units.slice(at, at + length));
    at += length;
  }
  return packets;
}

function lastBytes(random: Random, leaving: Leaving): Uint8Array<ArrayBuffer> {
  switch (leaving) {
    case "settle":
    case "goodbye":
      return encodeFrame(GOODBYE);
    case "close":
      return closeFrame(random);
    case "violate":
      return violation(random);
    default:
      return new Uint8Array(0);
  }
}

/** A Close frame, whose code or reason may be broken. */
function closeFrame(random: Random): Uint8Array<ArrayBuffer> {
  const code = random.pick([
    0,
    999,
    1000,
    1001,
    1005,
    1006,
    1015,
    3000,
    4999,
    65_535,
  ]);
  const payload = [code >> 8, code & 0xff, ...random.bytes(random.below(20))];
  const length = random.pick([0, 1, 2, 2, 2, payload.length]);
  return encodeFrame(new Uint8Array(payload.slice(0, length)), {
    opcode: Opcode.CLOSE,
  });
}

/** What RFC 6455, section 5, forbids. */
function violation(random: Random): Uint8Array<ArrayBuffer> {
  const frame = (payload: string | number[], options: FrameOptions) =>
    encodeFrame(
      typeof payload === "string" ? payload : new Uint8Array(payload),
      options,
    );
  return random.pick<() => Uint8Array<ArrayBuffer>>([
    () => frame(GOODBYE, { mask: null }),
    () => frame("{}", { reserved: random.between(1, 7) }),
    () => frame("{}", { opcode: random.between(3, 7) }),
    () => frame("{}", { opcode: random.between(11, 15) }),
    () => frame("x".repeat(126), { opcode: Opcode.PING }),
    () => frame("x", { opcode: Opcode.PING, fin: false }),
    () => frame("{}", { opcode: Opcode.CONTINUATION }),
    () => joinBytes([frame("{", { fin: false }), frame("{}", {})]),
    () => frame([0x22, 0xc3, 0x28, 0x22], {}),
    () => frame([0x22, 0xed, 0xa0, 0x80, 0x22], {}),
    () =>
      frame("{}", { length: random.pick([3, 2 ** 26 + 1, 2 ** 40, 2 ** 53]) }),
    () => frame("{", { fin: false }),
    () => random.bytes(random.between(1, 200)) as Uint8Array<ArrayBuffer>,
  ])();
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    const options = { fatal: true, ignoreBOM: true };
    return new TextDecoder("utf-8", options).decode(bytes);
  } catch {
    return undefined;
  }
}
