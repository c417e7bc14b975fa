/**
 * Connects several servers of one process. A node has no lease here, because it cannot end
 * without a notice.
 *
 * @module
 */

import { within } from "../common/async.ts";
import { PublishError } from "../common/hoist_error.ts";
import type { Cluster, ClusterEvents, Survey } from "./cluster.ts";
import type { MemoryDirectory, MemoryNode } from "./memory_directory.ts";
import { noNode, silentNode } from "./unreachable.ts";

/** A node in the memory of one process. */
export class MemoryCluster implements Cluster {
  readonly #directory: MemoryDirectory;
  readonly #ending = new AbortController();
  #node: MemoryNode | undefined;

  /**
   * Constructs a `MemoryCluster`.
   *
   * @param directory The nodes of the process
   */
  constructor(directory: MemoryDirectory) {
    this.#directory = directory;
  }

  get nodes(): ReadonlySet<string> {
    return this.#directory.namesWithout(this.#node?.id ?? "");
  }

  start(id: string, events: ClusterEvents): Promise<void> {
    this.#node = { id, events, ended: this.#ending.signal };
    events.onState("up");
    this.#directory.add(this.#node);
    return Promise.resolve();
  }

  // deno-lint-ignore require-await -- an error must reject the promise
  async tell(node: string | undefined, payload: string): Promise<void> {
    const { id } = this.#self;
    const peers = node === undefined
      ? this.#directory.othersOf(id)
      : [this.#directory.find(node)];
    for (const peer of peers) {
      // Another node does not continue before this one has finished, as over a network.
      queueMicrotask(() => {
        if (!peer?.ended.aborted) peer?.events.onTold(id, payload);
      });
    }
  }

  async ask(node: string, payload: string, timeout: number): Promise<string> {
    const { id } = this.#self;
    const peer = this.#directory.find(node);
    if (peer === undefined || node === id) throw noNode(node);
    const signal = AbortSignal.any([peer.ended, this.#ending.signal]);
    const answer = new Promise<string>((resolve) =>
      queueMicrotask(() => void answerTo(peer, id, payload, resolve))
    );
    return await within(
      answer,
      signal,
      timeout,
      () => silentNode(node, timeout),
    );
  }

  async survey(payload: string, timeout: number): Promise<Survey> {
    const peers = this.#directory.othersOf(this.#self.id);
    const answers = new Map<string, string>();
    const silent: string[] = [];
    await Promise.all(peers.map(async ({ id }) => {
      try {
        answers.set(id, await this.ask(id, payload, timeout));
      } catch {
        silent.push(id);
      }
    }));
    return { answers, silent };
  }

  // deno-lint-ignore require-await -- an error must reject the promise
  async put(key: string, value: string): Promise<void> {
    this.#state.set(key, value);
  }

  // deno-lint-ignore require-await -- an error must reject the promise
  async create(key: string, value: string): Promise<string> {
    const known = this.#state.get(key);
    if (known === undefined) this.#state.set(key, value);
    return known ?? value;
  }

  // deno-lint-ignore require-await -- an error must reject the promise
  async list(prefix: string): Promise<ReadonlyMap<string, string>> {
    const entries = [...this.#state].filter(([key]) => key.startsWith(prefix));
    return new Map(entries);
  }

  // deno-lint-ignore require-await -- an error must reject the promise
  async delete(key: string): Promise<void> {
    this.#state.delete(key);
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#node !== undefined) this.#directory.remove(this.#node);
    this.#ending.abort(noNode(this.#node?.id ?? ""));
    return Promise.resolve();
  }

  /** This node, while it is started */
  get #self(): MemoryNode {
    if (this.#node !== undefined && !this.#ending.signal.aborted) {
      return this.#node;
    }
    throw new PublishError(
      "Cannot reach the other servers: this server has not started, or it is closed.",
      "none",
    );
  }

  get #state(): Map<string, string> {
    return this.#self && this.#directory.state;
  }
}

async function answerTo(
  { events, ended }: MemoryNode,
  from: string,
  payload: string,
  resolve: (answer: string) => void,
): Promise<void> {
  if (ended.aborted) return;
  const answer = await events.onAsked(from, payload);
  if (answer !== undefined) resolve(answer);
}
