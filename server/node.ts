/**
 * One server of a deployment: connects to the engine, and talks to the other servers.
 *
 * @module
 */

import type { Broker, BrokerEvents } from "../broker/broker.ts";
import type { Cluster, EngineState } from "../broker/cluster.ts";
import type { Engine } from "../broker/engine.ts";
import { HoistError, PublishError } from "../common/hoist_error.ts";
import type { JsonObject } from "../common/json.ts";
import { LogThrottle } from "../common/rate_limiter.ts";
import { quote } from "../common/text.ts";
import type { Log } from "./log.ts";
import {
  ANSWER,
  decodeNodeMessage,
  encodeNodeMessage,
  FAILED,
  type NodeHandler,
  type NodeSurvey,
  UNKNOWN,
} from "./node_messages.ts";
import { NodeStart } from "./node_start.ts";

/** The number of failures of messages between servers that are logged at once. */
const MAX_LINES = 20;

const LINES_PER_SECOND = 1;

/** Returns a random id for a server. */
export function createNodeId(): string {
  return crypto.randomUUID().slice(0, 18);
}

/** One server of a deployment. */
export class ServerNode {
  /** The id of the server, which is new at each start */
  readonly id: string = createNodeId();
  /** The name of the engine */
  readonly engine: string;
  readonly broker: Broker;
  /** The state that all servers share */
  readonly shared: Pick<Cluster, "put" | "create" | "list" | "delete">;
  readonly #cluster: Cluster;
  readonly #log: Log;
  readonly #lines = new LogThrottle(LINES_PER_SECOND, MAX_LINES);
  readonly #handlers = new Map<string, NodeHandler>();
  readonly #start: NodeStart;
  /** Reads the shared state again after a failure of the engine */
  #resync: NodeStart | undefined;
  readonly #onNodes: ((nodes: ReadonlySet<string>) => void)[] = [];
  readonly #steps: (() => Promise<void>)[] = [];
  #state: EngineState | "starting" = "starting";
  #isSynced = false;
  #isClosed = false;

  /** Constructs a `ServerNode`, which does not connect yet. */
  constructor(engine: Engine, log: Log) {
    const { broker, cluster } = engine.open();
    this.engine = engine.name;
    this.broker = broker;
    this.#cluster = cluster;
    this.shared = cluster;
    this.#log = log;
    this.#start = new NodeStart((error) =>
      this.#log.error("broker", this.#line(notConnected(error)))
    );
  }

  /**
   * Whether the server can accept clients: it has learned what the others know, or was connected
   * and is cut off
   */
  get isReady(): boolean {
    return this.#start.isDone && (this.#isSynced || this.#state !== "up");
  }

  /** Whether the server has connected */
  get isStarted(): boolean {
    return this.#start.isDone;
  }

  /** Resolves when the server has connected, or is closed; never rejects */
  get started(): Promise<void> {
    return this.#start.done;
  }

  /** The state of the connection to the engine */
  get state(): EngineState | "starting" {
    return this.#state;
  }

  /** The ids of the other servers */
  get nodes(): ReadonlySet<string> {
    return this.#start.isDone ? this.#cluster.nodes : new Set();
  }

  /** Sets the handler of the messages of a kind. */
  handle(kind: string, handler: NodeHandler): void {
    this.#handlers.set(kind, handler);
  }

  /** Calls a function after each change of the other servers. */
  onNodes(listener: (nodes: ReadonlySet<string>) => void): void {
    this.#onNodes.push(listener);
  }

  /** Adds what has to be done before clients are accepted, at the start and after a failure. */
  onConnected(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  /** Connects, and tries again until it succeeds. */
  start(events: BrokerEvents): void {
    this.#start.run([
      () => this.#startCluster(),
      () => this.#sync(),
      () => this.broker.start(events),
    ]);
  }

  /**
   * Resolves when the server has connected.
   *
   * @throws {PublishError} If the last attempt failed
   */
  async ready(): Promise<void> {
    try {
      await this.#start.attempt;
    } catch (cause) {
      const message = this.#line("is not connected. Try again later.");
      throw new PublishError(`Cannot publish: ${message}`, "none", { cause });
    }
  }

  /**
   * Sends a message to one or all other servers, at most once.
   *
   * @throws {PublishError} If the engine cannot be reached
   * @throws {RangeError} If the message is too long
   */
  async tell(
    node: string | undefined,
    kind: string,
    fields: JsonObject,
  ): Promise<void> {
    await this.#cluster.tell(node, encodeNodeMessage(kind, fields));
  }

  /**
   * Sends a message to all other servers, and logs if this fails.
   *
   * @throws {RangeError} If the message is too long
   */
  notify(kind: string, fields: JsonObject): void {
    const payload = encodeNodeMessage(kind, fields);
    this.#cluster.tell(undefined, payload).catch((error) =>
      this.#fail(`could not send "${kind}" to the other servers`, error)
    );
  }

  /**
   * Sends a message to another server and returns the answer.
   *
   * @throws {NoNodeError} If the server has ended
   * @throws {TimeoutError} If it does not answer in time
   * @throws {PublishError} If the engine cannot be reached
   * @throws {HoistError} If the server does not know the message, or could not handle it
   */
  async ask(
    node: string,
    kind: string,
    fields: JsonObject,
    timeout: number,
  ): Promise<JsonObject> {
    const payload = encodeNodeMessage(kind, fields);
    const answer = await this.#cluster.ask(node, payload, timeout);
    const message = decodeNodeMessage(answer);
    if (message?.kind === ANSWER) return message.fields;
    throw new HoistError(
      message?.kind === FAILED
        ? `The server ${node} could not handle "${kind}". See its log.`
        : `The server ${node} does not support "${kind}". Update it.`,
    );
  }

  /**
   * Sends a message to all other servers and collects their answers. If the engine cannot be
   * reached, all of them are silent.
   *
   * @throws {RangeError} If the message is too long, synchronously
   */
  survey(
    kind: string,
    fields: JsonObject,
    timeout: number,
  ): Promise<NodeSurvey> {
    // The caller learns at once that it is too long.
    return this.#survey(kind, encodeNodeMessage(kind, fields), timeout);
  }

  async #survey(
    kind: string,
    payload: string,
    timeout: number,
  ): Promise<NodeSurvey> {
    const nodes = [...this.nodes];
    try {
      const survey = await this.#cluster.survey(payload, timeout);
      return readAnswers(survey.answers, survey.silent);
    } catch (error) {
      this.#fail(`could not ask the other servers for "${kind}"`, error);
      return { answers: new Map(), silent: nodes };
    }
  }

  /** Logs an error about the other servers. Throttled, because they can cause it. */
  warn(problem: string): void {
    const line = this.#lines.pass(problem);
    if (line !== undefined) this.#log.warn("broker", line);
  }

  /** Stops trying to connect, because the server closes. */
  beginClose(): void {
    this.#start.end();
    this.#resync?.end();
  }

  /** Leaves the deployment. The broker ends first. */
  async close(): Promise<void> {
    this.beginClose();
    this.#isClosed = true;
    await this.#cluster[Symbol.asyncDispose]();
  }

  async #startCluster(): Promise<void> {
    await this.#cluster.start(this.id, {
      onTold: (from, payload) => void this.#handle(from, payload),
      onAsked: (from, payload) => this.#answer(from, payload),
      onNodes: (nodes) => this.#changeNodes(nodes),
      onState: (state, error) => this.#changeState(state, error),
      onProblem: (problem) => this.#fail(this.#line(problem)),
    });
  }

  async #sync(): Promise<void> {
    for (const step of this.#steps) await step();
    this.#isSynced = true;
  }

  #changeNodes(nodes: ReadonlySet<string>): void {
    if (this.#isClosed) return;
    this.#log.debug("broker", () => `${nodes.size} other servers`);
    for (const listener of this.#onNodes) listener(nodes);
  }

  #changeState(state: EngineState, error: Error | undefined): void {
    if (this.#isClosed || state === this.#state) return;
    this.#state = state;
    this.#logState(state, error);
    this.#resync?.end();
    this.syncAgain();
  }

  #logState(state: EngineState, error: Error | undefined): void {
    if (state === "up") {
      return this.#log.info("broker", this.#line("connected"));
    }
    // The attempt to start logs why it failed.
    if (state === "down" && !this.#start.isDone) return;
    this.#log.error("broker", this.#line(problemOf(state, error)));
  }

  /** Learns what the others know, before this server accepts more clients. */
  syncAgain(): void {
    if (!this.#start.isDone || this.#state !== "up" || this.#isClosed) return;
    this.#isSynced = false;
    this.#resync?.end();
    this.#resync = new NodeStart((error) =>
      this.#fail("could not read the shared state", error)
    );
    this.#resync.run([() => this.#sync()]);
  }

  async #answer(from: string, payload: string): Promise<string> {
    const answer = await this.#handle(from, payload);
    if (typeof answer === "string") return encodeNodeMessage(answer, {});
    try {
      return encodeNodeMessage(ANSWER, answer);
    } catch (error) {
      this.#fail("could not answer another server", error);
      return encodeNodeMessage(FAILED, {});
    }
  }

  /** Handles a message; returns the answer, or the kind of the answer without one. */
  async #handle(
    from: string,
    payload: string,
  ): Promise<JsonObject | typeof UNKNOWN | typeof FAILED> {
    const message = decodeNodeMessage(payload);
    // A server of another version can send a message that this one does not know.
    const handler = message && this.#handlers.get(message.kind);
    if (message === undefined || handler === undefined) return UNKNOWN;
    const { kind, fields } = message;
    try {
      const answer = await handler(fields, from);
      if (answer !== undefined) return answer;
      this.warn(`ignored an invalid ${quote(kind)} of another server`);
    } catch (error) {
      const what = `could not handle ${quote(kind)} of another server`;
      this.#fail(what, error);
    }
    return FAILED;
  }

  #fail(what: string, error?: unknown): void {
    if (this.#isClosed) return;
    const reason = error instanceof Error ? error.message : error;
    this.warn(error === undefined ? what : `${what}: ${reason}`);
  }

  #line(what: string): string {
    return `${this.engine} ${what}`;
  }
}

function readAnswers(
  answers: ReadonlyMap<string, string>,
  silent: readonly string[],
): NodeSurvey {
  const read = new Map<string, JsonObject>();
  const unread = [...silent];
  for (const [node, payload] of answers) {
    const message = decodeNodeMessage(payload);
    if (message?.kind === ANSWER) read.set(node, message.fields);
    else unread.push(node);
  }
  return { answers: read, silent: unread };
}

function problemOf(state: EngineState, error: Error | undefined): string {
  const rest = error === undefined ? "" : `: ${sentence(error)}`;
  return state === "refused"
    ? `refused the credentials${rest}. Check the options of the broker. The server tries again`
    : `is down${rest}. Until it is up again, broadcasts reach only the clients of this server, and messages to rooms are rejected`;
}

function notConnected(error: unknown): string {
  return `is not connected yet, and the server accepts no clients: ${
    sentence(error)
  }. The server tries again`;
}

/** The message of an error, without the full stop at its end. */
function sentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/\.$/, "");
}
