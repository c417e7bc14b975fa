/**
 * A cluster that is far away: what the servers send each other arrives later, and can be lost.
 *
 * @module
 */

import type { Cluster, ClusterEvents, Survey } from "../../broker/cluster.ts";
import { MemoryCluster } from "../../broker/memory_cluster.ts";
import type { MemoryDirectory } from "../../broker/memory_directory.ts";
import type { Random } from "../fuzz/random.ts";
import type { Setting } from "./settings.ts";
import type { Tasks } from "./tasks.ts";

/** What a cluster of the model needs. */
export interface ModelClusterParts {
  readonly setting: Setting;
  readonly random: Random;
  readonly tasks: Tasks;
  readonly directory: MemoryDirectory;
  /** Whether no fault happens any more */
  isHealed(): boolean;
}

/** A cluster whose network misbehaves. */
export class ModelCluster implements Cluster {
  readonly #parts: ModelClusterParts;
  readonly #inner: MemoryCluster;
  /** What has not arrived, by the servers that have sent it */
  readonly #arriving = new Map<string, (() => void)[]>();

  constructor(parts: ModelClusterParts) {
    this.#parts = parts;
    this.#inner = new MemoryCluster(parts.directory);
  }

  get nodes(): ReadonlySet<string> {
    return this.#inner.nodes;
  }

  start(node: string, events: ClusterEvents): Promise<void> {
    return this.#inner.start(node, {
      onTold: (from, payload) => {
        if (this.#isFaulty) return;
        this.#arrive(from, () => events.onTold(from, payload));
      },
      onAsked: (from, payload) =>
        new Promise((resolve) =>
          this.#arrive(from, () => resolve(events.onAsked(from, payload)))
        ),
      onNodes: () => this.#arrive("", () => events.onNodes(this.nodes)),
      onState: (state) => events.onState(state),
    });
  }

  tell(node: string | undefined, payload: string): Promise<void> {
    return this.#inner.tell(node, payload);
  }

  ask(node: string, payload: string, timeout: number): Promise<string> {
    return this.#inner.ask(node, payload, timeout);
  }

  survey(payload: string, timeout: number): Promise<Survey> {
    return this.#inner.survey(payload, timeout);
  }

  put(key: string, value: string): Promise<void> {
    return this.#inner.put(key, value);
  }

  create(key: string, value: string): Promise<string> {
    return this.#inner.create(key, value);
  }

  list(prefix: string): Promise<ReadonlyMap<string, string>> {
    return this.#inner.list(prefix);
  }

  delete(key: string): Promise<void> {
    return this.#inner.delete(key);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#inner[Symbol.asyncDispose]();
  }

  get #isFaulty(): boolean {
    const { random, setting, isHealed } = this.#parts;
    return !isHealed() && random.chance(setting.faults);
  }

  /** Lets something arrive after everything else from the same server. */
  #arrive(from: string, event: () => void): void {
    const { setting, tasks } = this.#parts;
    if (!setting.isRemote) return event();
    const arriving = this.#arriving.get(from) ?? [];
    this.#arriving.set(from, arriving);
    arriving.push(event);
    tasks.add(() => arriving.shift()!());
  }
}
