/**
 * The network of one node: how clients reach it, and how it reaches the engine. The way to
 * the engine can be cut, so that packets vanish and nothing reports it.
 *
 * @module
 */

import { type Dial, Relay } from "../lib/relay.ts";
import type { Address } from "./balancer.ts";

/** The network of one node. */
export interface Network extends AsyncDisposable {
  /** Where the node reaches the engine */
  readonly engine: Address;
  /** The address that the node listens at */
  readonly hostname: string;
  /** The command that runs another command in this network; empty for none */
  readonly command: readonly string[];
  /** Separates the node from the engine, but not from its clients. */
  cut(): Promise<void>;
  /** Connects the node to the engine again. */
  heal(): Promise<void>;
}

/** A network of this machine, whose way to the engine is a relay that holds data back. */
export class RelayNetwork implements Network {
  readonly hostname = "127.0.0.1";
  readonly command = [];
  readonly #relay: Relay;

  /**
   * Constructs a `RelayNetwork`.
   *
   * @param dialEngine Connects to the engine
   */
  constructor(dialEngine: Dial) {
    this.#relay = new Relay(dialEngine);
  }

  get engine(): Address {
    return { hostname: this.hostname, port: this.#relay.port };
  }

  cut(): Promise<void> {
    this.#relay.hold();
    return Promise.resolve();
  }

  heal(): Promise<void> {
    this.#relay.release();
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#relay[Symbol.asyncDispose]();
  }
}
