/**
 * Networks of nodes in namespaces of the kernel, which need Linux, root and iproute2. The
 * kernel drops the packets of a network that is cut, so that both sides send them again and
 * again, as they do over a broken cable.
 *
 * @module
 */

import { output } from "../lib/process.ts";
import { type Dial, Relay } from "../lib/relay.ts";
import type { Address } from "./balancer.ts";
import type { Network } from "./network.ts";

/** How many networks are tried, because another run can use the same addresses. */
const MAX_ATTEMPTS = 20;

/** Drops every packet. */
const DROP = ["root", "pfifo", "limit", "0"] as const;

/** The names and addresses of a network. */
interface Plan {
  readonly namespace: string;
  /** The interfaces of this machine towards the node: for clients, and for the engine */
  readonly front: string;
  readonly back: string;
  /** The third byte of the addresses, which are reserved for tests of networks */
  readonly byte: number;
}

/** A network in a namespace of its own. */
export class NamespaceNetwork implements Network {
  readonly #plan: Plan;
  readonly #relay: Relay;

  private constructor(plan: Plan, dialEngine: Dial) {
    this.#plan = plan;
    this.#relay = new Relay(dialEngine, `198.19.${plan.byte}.1`);
  }

  /**
   * Creates a network.
   *
   * @param dialEngine Connects to the engine
   * @returns `undefined` if this process cannot create namespaces
   */
  static async create(
    dialEngine: Dial,
  ): Promise<NamespaceNetwork | undefined> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const plan = choosePlan();
      if (!await run("ip", "netns", "add", plan.namespace)) return undefined;
      if (await connect(plan)) return new NamespaceNetwork(plan, dialEngine);
      await remove(plan);
    }
    return undefined;
  }

  get engine(): Address {
    return { hostname: `198.19.${this.#plan.byte}.1`, port: this.#relay.port };
  }

  get hostname(): string {
    return `198.18.${this.#plan.byte}.2`;
  }

  get command(): readonly string[] {
    return ["ip", "netns", "exec", this.#plan.namespace];
  }

  async cut(): Promise<void> {
    const { namespace, back } = this.#plan;
    await runAll([
      ["tc", "qdisc", "replace", "dev", back, ...DROP],
      ["tc", "-n", namespace, "qdisc", "replace", "dev", "back", ...DROP],
    ]);
  }

  async heal(): Promise<void> {
    const { namespace, back } = this.#plan;
    await runAll([
      ["tc", "qdisc", "del", "dev", back, "root"],
      ["tc", "-n", namespace, "qdisc", "del", "dev", "back", "root"],
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#relay[Symbol.asyncDispose]();
    await remove(this.#plan);
  }
}

function choosePlan(): Plan {
  const byte = 1 + Math.floor(Math.random() * 254);
  const id = `${Deno.pid % 100_000}n${byte}`;
  return {
    namespace: `hoist${id}`,
    ...{ front: `hf${id}`, back: `hb${id}`, byte },
  };
}

/** Connects the namespace to this machine; returns whether the addresses were free. */
async function connect({ namespace, front, back, byte }: Plan) {
  const commands = [
    ...pairOf(namespace, front, "front", `198.18.${byte}`),
    ...pairOf(namespace, back, "back", `198.19.${byte}`),
  ];
  for (const command of commands) {
    if (!await run(...command)) return false;
  }
  return true;
}

/** Returns the commands that connect a namespace by one cable. */
function pairOf(
  namespace: string,
  near: string,
  far: string,
  network: string,
): readonly Command[] {
  const peer = ["peer", "name", far, "netns", namespace];
  const there = ["ip", "-n", namespace] as const;
  return [
    ["ip", "link", "add", near, "type", "veth", ...peer],
    ["ip", "addr", "add", `${network}.1/30`, "dev", near],
    ["ip", "link", "set", near, "up"],
    [...there, "addr", "add", `${network}.2/30`, "dev", far],
    [...there, "link", "set", far, "up"],
  ];
}

/** Removes a namespace, and with it the cables. */
async function remove({ namespace, front, back }: Plan): Promise<void> {
  await run("ip", "link", "del", front);
  await run("ip", "link", "del", back);
  await run("ip", "netns", "del", namespace);
}

type Command = readonly [command: string, ...args: string[]];

async function runAll(commands: readonly Command[]): Promise<void> {
  for (const command of commands) {
    if (!await run(...command)) throw new Error(`Failed: ${command.join(" ")}`);
  }
}

/** Returns whether a command succeeded. */
async function run(command: string, ...args: string[]): Promise<boolean> {
  return await output(command, args) !== undefined;
}
