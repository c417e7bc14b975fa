/**
 * Connects the nodes of a deployment over Redis: a sorted set has their leases, each node has
 * a channel, and a hash is the shared state.
 *
 * @module
 */

import { atMost } from "../common/async.ts";
import { PublishError } from "../common/hoist_error.ts";
import { quote } from "../common/text.ts";
import type { Cluster, ClusterEvents, EngineState, Survey } from "./cluster.ts";
import {
  encodeNodeMessage,
  type NodeMessage,
  type NodeMessageKind,
  parseNodeMessage,
} from "./node_message.ts";
import { PendingAnswers } from "./pending_answers.ts";
import type { RedisConnection, RedisUser } from "./redis_connection.ts";
import { RedisLease } from "./redis_lease.ts";
import type { RedisNames } from "./redis_names.ts";
import { ASK, CREATE, type RedisScript, SURVEY } from "./redis_scripts.ts";
import { noNode } from "./unreachable.ts";

/** How long the end of the lease can take, in milliseconds. */
const CLOSE_LIMIT = 1_000;

const REACHING = "Cannot reach the other servers";

const STORING = "Cannot change the shared state";

/** What a cluster has while it is started. */
interface Started {
  readonly node: string;
  readonly events: ClusterEvents;
  readonly lease: RedisLease;
}

/** A cluster in Redis. */
export class RedisCluster implements Cluster {
  readonly #connection: RedisConnection;
  readonly #names: RedisNames;
  readonly #user: RedisUser;
  readonly #pending = new PendingAnswers();
  #started: Started | undefined;
  #state: EngineState | undefined;

  /**
   * Constructs a `RedisCluster`.
   *
   * @param connection The connection, which the broker can share
   * @param names The names of the keys and channels
   */
  constructor(connection: RedisConnection, names: RedisNames) {
    this.#connection = connection;
    this.#names = names;
    this.#user = {
      onUp: () => this.#join(),
      onDown: (failure) =>
        this.#onState(
          failure.kind === "refused" ? "refused" : "down",
          connection.errorOf(failure),
        ),
    };
  }

  get nodes(): ReadonlySet<string> {
    return this.#started?.lease.nodes ?? new Set();
  }

  async start(node: string, events: ClusterEvents): Promise<void> {
    await this.#connection.open(this.#user);
    const lease = this.#createLease(node, events);
    this.#started = { node, events, lease };
    try {
      const receive = (text: string) => this.#receive(text);
      await this.#connection.subscribe(this.#names.node(node), receive);
      await this.#connection.subscribe(this.#names.nodes, receive);
      await this.#join();
      // It can have been closed meanwhile.
      this.#self.lease.start();
      void this.#checkPolicy(events);
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  async tell(node: string | undefined, payload: string): Promise<void> {
    const channel = node === undefined
      ? this.#names.nodes
      : this.#names.node(node);
    await this.#send(channel, "tell", 0, payload);
  }

  async ask(node: string, payload: string, timeout: number): Promise<string> {
    // A node does not receive its own messages.
    if (node === this.#self.node) throw noNode(node);
    return await this.#pending.ask(
      node,
      timeout,
      (id) => this.#sendQuestion(id, node, payload),
    );
  }

  async survey(payload: string, timeout: number): Promise<Survey> {
    const { leases, nodes } = this.#names;
    return await this.#pending.survey(timeout, async (id) => {
      const args = [nodes, this.#encode("ask", id, payload)];
      return this.#expected(
        await this.#evaluate(REACHING, SURVEY, leases, args),
      );
    });
  }

  async put(key: string, value: string): Promise<void> {
    await this.#run(STORING, "HSET", this.#names.state, key, value);
  }

  async create(key: string, value: string): Promise<string> {
    const { state } = this.#names;
    return String(await this.#evaluate(STORING, CREATE, state, [key, value]));
  }

  async list(prefix: string): Promise<ReadonlyMap<string, string>> {
    const subject = "Cannot read the shared state";
    const reply = await this.#run(subject, "HGETALL", this.#names.state);
    return new Map(pairsOf(reply).filter(([key]) => key.startsWith(prefix)));
  }

  async delete(key: string): Promise<void> {
    await this.#run(STORING, "HDEL", this.#names.state, key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const started = this.#started;
    // This also ends the attempt of a start that is still connecting.
    if (started === undefined) return this.#connection.close(this.#user);
    // Nothing is reported from here on.
    this.#started = undefined;
    started.lease.stop();
    await atMost(this.#leave(started), CLOSE_LIMIT);
    this.#close();
  }

  /** Reports a Redis that deletes the state or the messages of the servers. */
  async #checkPolicy(events: ClusterEvents): Promise<void> {
    const policy = await this.#connection.evictionPolicy();
    if (policy === undefined || this.#started === undefined) return;
    events.onProblem?.(
      `deletes keys when its memory is full: messages, their keys and revoked tokens can be lost. Set 'maxmemory-policy' to "noeviction", not ${
        quote(policy)
      }`,
    );
  }

  /** Takes a lease, and introduces this node to the others. */
  async #join(): Promise<void> {
    await this.#started?.lease.renew();
    if (this.#started === undefined) return;
    await this.#send(this.#names.nodes, "hello", 0, "");
    this.#onState("up");
  }

  /** Gives the lease back, and notifies the others. */
  async #leave({ node: from, lease }: Started): Promise<void> {
    try {
      await lease.release();
      const bye = { kind: "bye", from, id: 0, payload: "" } as const;
      const message = encodeNodeMessage(bye);
      const { nodes } = this.#names;
      await this.#connection.run(REACHING, "PUBLISH", nodes, message);
    } catch {
      // The lease ends by itself.
    }
  }

  #close(): void {
    this.#started?.lease.stop();
    this.#started = undefined;
    this.#state = undefined;
    this.#pending.fail(closed());
    this.#connection.close(this.#user);
  }

  #createLease(node: string, events: ClusterEvents): RedisLease {
    return new RedisLease(this.#connection, this.#names, node, {
      onNodes: (nodes) => events.onNodes(nodes),
      onGone: (gone) => this.#pending.end(gone),
      onRenewed: () => this.#onState("up"),
      // If the connection is lost, it has already reported why.
      onFailure: (error) => {
        if (this.#state === "up") this.#onState("down", error);
      },
    });
  }

  #onState(state: EngineState, error?: Error): void {
    if (state !== "up") this.#pending.fail(error ?? closed());
    if (this.#state === state) return;
    this.#state = state;
    this.#started?.events.onState(state, error);
  }

  #receive(text: string): void {
    const message = parseNodeMessage(text);
    if (message === undefined || this.#started === undefined) return;
    const { node, events, lease } = this.#started;
    const { kind, from, id, payload } = message;
    if (from === node) return;
    if (kind === "tell") events.onTold(from, payload);
    else if (kind === "ask") void this.#answer(message, events);
    else if (kind === "answer") this.#pending.receive(id, from, payload);
    else if (kind === "hello") lease.onHello(from);
    else lease.onBye(from);
  }

  async #answer(
    { from, id, payload }: NodeMessage,
    events: ClusterEvents,
  ): Promise<void> {
    const answer = await events.onAsked(from, payload);
    if (answer === undefined || this.#started === undefined) return;
    // Without an answer, the other node reports that this one is silent.
    await this.#send(this.#names.node(from), "answer", id, answer)
      .catch(() => {});
  }

  async #sendQuestion(
    id: number,
    node: string,
    payload: string,
  ): Promise<void> {
    const message = this.#encode("ask", id, payload);
    const channel = this.#names.node(node);
    const args = [node, channel, message];
    const reached = await this.#evaluate(
      REACHING,
      ASK,
      this.#names.leases,
      args,
    );
    if (Number(reached) > 0) return;
    if (this.#started?.lease.isGone(node)) throw noNode(node);
    throw new PublishError(
      `Cannot reach the server ${
        quote(node)
      }: it has not connected to Redis again, which was down a moment ago. Try again later.`,
      "none",
    );
  }

  /** The nodes that are expected to answer a survey. */
  #expected(found: unknown): ReadonlySet<string> {
    const names = Array.isArray(found) ? found.map(String) : [];
    const nodes = new Set([...names, ...this.nodes]);
    nodes.delete(this.#self.node);
    return nodes;
  }

  async #send(
    channel: string,
    kind: NodeMessageKind,
    id: number,
    payload: string,
  ): Promise<void> {
    const message = this.#encode(kind, id, payload);
    await this.#run(REACHING, "PUBLISH", channel, message);
  }

  #encode(kind: NodeMessageKind, id: number, payload: string): string {
    return encodeNodeMessage({ kind, from: this.#self.node, id, payload });
  }

  // deno-lint-ignore require-await -- an error must reject the promise
  async #run(
    subject: string,
    command: string,
    ...args: readonly string[]
  ): Promise<unknown> {
    return this.#self && this.#connection.run(subject, command, ...args);
  }

  // deno-lint-ignore require-await -- an error must reject the promise
  async #evaluate(
    subject: string,
    script: RedisScript,
    key: string,
    args: readonly string[],
  ): Promise<unknown> {
    return this.#self &&
      this.#connection.evaluate(subject, script, [key], args);
  }

  /** What this cluster has while it is started */
  get #self(): Started {
    if (this.#started === undefined) throw closed();
    return this.#started;
  }
}

function pairsOf(reply: unknown): [key: string, value: string][] {
  const fields = Array.isArray(reply) ? reply.map(String) : [];
  return fields.flatMap((key, index): [string, string][] =>
    index % 2 === 0 ? [[key, fields[index + 1] ?? ""]] : []
  );
}

function closed(): PublishError {
  const reason = "this server has not started, or it is closed.";
  return new PublishError(`${REACHING}: ${reason}`, "none");
}
