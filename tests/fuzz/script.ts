/**
 * The script of a fuzzing client for one connection. It depends only on the seed, not on
 * the server.
 *
 * @module
 */

import { encodeFrame, joinBytes, Opcode } from "../support/websocket_frames.ts";
import { type Disconnect, lastBytes } from "./disconnecting.ts";
import { isEnd, type Payload, readFrame, type Rules } from "./model.ts";
import type { Random } from "./random.ts";
import { Requests } from "./requests.ts";

/** Bytes that are sent together, and their meaning. */
export interface Unit {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The payload of the text or binary message */
  readonly payload?: Payload;
  readonly pings?: readonly Uint8Array[];
}

/** A connection from its first byte to its last. */
export interface Script {
  /** The units of each write */
  readonly packets: readonly (readonly Unit[])[];
  /** The indexes of packets after which the client waits for all responses */
  readonly pauses: ReadonlySet<number>;
  readonly disconnect: Disconnect;
  /** The last bytes */
  readonly last: Uint8Array<ArrayBuffer>;
  readonly frames: number;
}

const ALL =
  '["batch","cancel","done-id","heartbeat","max-payload","renew","request","resume","retry","rooms","stream","trace"]';

/** The features of clients, as JSON. */
const FEATURES = [
  undefined,
  undefined,
  ALL,
  ALL,
  ALL,
  '["rooms"]',
  '["batch","rooms"]',
  '["rooms","done-id","max-payload"]',
  '["batch"]',
  '["renew","batch"]',
  '["done-id"]',
  '["heartbeat"]',
  '["request","stream"]',
  '["resume","stream"]',
  '["cancel"]',
  '["trace","stream"]',
  '["stream","batch","stream"]',
  '["request","done-id","max-payload"]',
  '["batch","batch",1,null,{},"constructor","done-id"]',
  "[]",
];

/** The maximum number of frames after the frame that ends the connection. */
const MAX_TAIL = 4;

/** Makes a script. */
export function makeScript(random: Random, rules: Rules): Script {
  const units = new Units(random, rules).all();
  const disconnect = random.weigh<Disconnect>([
    [60, "settle"],
    [10, "goodbye"],
    [10, "close"],
    [8, "violate"],
    [6, "finish"],
    [6, "vanish"],
  ]);
  const packets = pack(random, units);
  const pauses = packets.map((_, index) => index)
    .filter((index) => random.chance(index === 0 ? 0.5 : 0.2));
  const last = lastBytes(random, disconnect);
  const frames = units.length + 1;
  return { packets, pauses: new Set(pauses), disconnect, last, frames };
}

/** Makes the units of a connection. */
class Units {
  readonly #random: Random;
  readonly #rules: Rules;
  readonly #requests: Requests;
  readonly #features: string | undefined;
  readonly #supportsBatch: boolean;
  /** The number of remaining frames after the frame that ends the connection. */
  #tail: number | undefined;

  constructor(random: Random, rules: Rules) {
    this.#random = random;
    this.#rules = rules;
    this.#features = random.pick(FEATURES);
    this.#supportsBatch = this.#features?.includes('"batch"') ?? false;
    this.#requests = new Requests(random, rules, this.#features);
  }

  /** Returns all units, from the login on. */
  all(): readonly Unit[] {
    const random = this.#random;
    const units = [this.#first()];
    // Most requests about rooms only succeed after a join.
    const joins = this.#features?.includes('"rooms"') ? random.below(3) : 0;
    for (let left = joins; left > 0; left--) {
      units.push(this.#unit(this.#requests.join()));
    }
    // Most connections without a login end with their first frame.
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
      return this.#unit(this.#requests.firstLogin());
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
      [this.#supportsBatch ? 8 : 0.1, () => this.#unit(requests.batch())],
      [4, () => this.#ping(random.bytes(random.pick([0, 1, 125])))],
      [1, () => this.#pong()],
      [1, () => this.#unit(requests.fatal())],
      [1, () => this.#damaged()],
    ])();
  }

  /** Returns damaged bytes that are valid UTF-8, as a text frame must be. */
  #damaged(): Unit {
    for (;;) {
      const bytes = this.#requests.damaged();
      const text = decode(bytes);
      if (text === undefined) continue;
      // Most damaged frames close the connection, so skip most of those.
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
    return readFrame(payload, this.#rules, this.#supportsBatch ? ["batch"] : [])
      .some(({ kind }) => isEnd(kind));
  }

  #end(): void {
    this.#tail ??= this.#random.below(MAX_TAIL + 1);
  }

  /** Returns a message in several frames with pings between them. */
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

/** Groups units into writes. */
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

function decode(bytes: Uint8Array): string | undefined {
  try {
    const options = { fatal: true, ignoreBOM: true };
    return new TextDecoder("utf-8", options).decode(bytes);
  } catch {
    return undefined;
  }
}
