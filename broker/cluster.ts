/**
 * How the servers of one deployment find each other, send each other messages, and share a
 * small state that outlives them. A server is called a node here.
 *
 * A node has a lease that it renews. A node without a lease is gone.
 *
 * @module
 */

/**
 * How long a node can be silent before it is gone, in milliseconds. After the engine was down,
 * each node has this time to renew its lease.
 */
export const LEASE = 3_000;

/** The maximum length of a payload or an answer, in bytes of UTF-8. */
export const MAX_PAYLOAD = 524_288;

/** The state of the connection to the engine. */
export type EngineState =
  /** The engine answers */
  | "up"
  /** The engine does not answer; the cluster tries again until it is closed */
  | "down"
  /** The engine refuses the credentials; the cluster tries again until it is closed */
  | "refused";

/** The answers to a survey. */
export interface Survey {
  /** The answers, by the ids of their nodes */
  readonly answers: ReadonlyMap<string, string>;
  /**
   * The nodes that had a lease and did not answer in time. It is unknown whether they got the
   * payload
   */
  readonly silent: readonly string[];
}

/** Receives what a cluster reports. No method throws or rejects. */
export interface ClusterEvents {
  /** Called with the payload of {@linkcode Cluster.tell} of another node. */
  onTold(from: string, payload: string): void;
  /**
   * Called with the payload of {@linkcode Cluster.ask} or {@linkcode Cluster.survey} of another
   * node.
   *
   * @returns The answer; the node stays silent if it is `undefined`
   */
  onAsked(from: string, payload: string): Promise<string | undefined>;
  /**
   * Called after each change of the live nodes. A node whose lease ended, because it was
   * frozen for example, can come back.
   */
  onNodes(nodes: ReadonlySet<string>): void;
  /**
   * Called after each change of the state, and first when the cluster has started. When it is
   * `up` again, other nodes can have changed the shared state.
   *
   * @param error Why it is not `up`. It never contains a credential
   */
  onState(state: EngineState, error?: Error): void;
  /**
   * Called with a setting of the engine that an administrator should change, such as
   * `deletes keys when its memory is full`.
   */
  onProblem?(problem: string): void;
}

/** Connects the nodes of one deployment. */
export interface Cluster extends AsyncDisposable {
  /**
   * The ids of the other nodes that have a lease. While the engine is down, these are the last
   * ones that are known
   */
  readonly nodes: ReadonlySet<string>;
  /**
   * Connects to the engine and takes a lease. If it rejects, it can be called again.
   *
   * @param node The id of this node, which no other node has ever had: 1 to 40 characters of
   * `A-Z a-z 0-9 _ -`
   * @param events Receives what the cluster reports
   *
   * @throws {PublishError} If the engine cannot be reached or refuses the credentials
   */
  start(node: string, events: ClusterEvents): Promise<void>;
  /**
   * Sends a payload, at most once. Payloads of one node to another arrive in their order. It
   * is no error if the node is gone.
   *
   * @param node The id of another node; `undefined` for all other nodes
   *
   * @throws {PublishError} If the engine cannot be reached
   */
  tell(node: string | undefined, payload: string): Promise<void>;
  /**
   * Sends a payload to another node and waits for its answer.
   *
   * @param timeout How long to wait, in milliseconds
   *
   * @throws {NoNodeError} If the node has no lease, or has ended
   * @throws {TimeoutError} If it does not answer in time
   * @throws {PublishError} If the engine cannot be reached
   */
  ask(node: string, payload: string, timeout: number): Promise<string>;
  /**
   * Sends a payload to all other nodes and collects their answers. It resolves as soon as all
   * live nodes have answered, or after the timeout.
   *
   * @param timeout How long to wait, in milliseconds
   *
   * @throws {PublishError} If the engine cannot be reached
   */
  survey(payload: string, timeout: number): Promise<Survey>;
  /**
   * Stores a value in the shared state, which outlives all nodes.
   *
   * @param key 1 to 100 characters of `A-Z a-z 0-9 _ -`
   * @param value At most 64 KiB of UTF-8
   *
   * @throws {PublishError} If it was not stored, or it is unknown whether it was
   */
  put(key: string, value: string): Promise<void>;
  /**
   * Stores a value unless the key has one.
   *
   * @returns The value that the key has now, which is the same for all nodes
   *
   * @throws {PublishError} If it was not stored, or it is unknown whether it was
   */
  create(key: string, value: string): Promise<string>;
  /**
   * Returns the shared state.
   *
   * @returns The values of all keys that begin with `prefix`, as they were after the last
   * change that any node knows to be stored
   *
   * @throws {PublishError} If the engine cannot be reached
   */
  list(prefix: string): Promise<ReadonlyMap<string, string>>;
  /**
   * Deletes a key of the shared state. A key without a value is no error.
   *
   * @throws {PublishError} If it is unknown whether it was deleted
   */
  delete(key: string): Promise<void>;
}
