/** Several servers of one deployment, over an engine that a test can break. */

import { connect } from "../../client.ts";
import type { Connection } from "../../client/connection.ts";
import type { ConnectOptions } from "../../client/options.ts";
import type { ServeOptions, Server } from "../../server.ts";
import { FaultyEngine } from "./faulty_engine.ts";
import type { FaultyNode } from "./faulty_node.ts";
import { LogRecorder } from "./log_recorder.ts";
import { serveQuietly } from "./server.ts";

/** Servers that are connected to each other. */
export class Servers implements AsyncDisposable {
  readonly engine = new FaultyEngine();
  readonly all: Server[] = [];
  readonly #connections: Connection[] = [];
  readonly #options: ServeOptions;
  readonly #prepare: (server: Server) => void;

  /**
   * @param options The options of all servers
   * @param prepare Called with each server, before it accepts clients
   */
  constructor(
    options: ServeOptions = {},
    prepare: (server: Server) => void = () => {},
  ) {
    this.#options = options;
    this.#prepare = prepare;
  }

  /** Starts servers, and waits until they see each other. */
  static async start(
    count: number,
    ...rest: ConstructorParameters<typeof Servers>
  ): Promise<Servers> {
    const servers = new Servers(...rest);
    for (let n = 0; n < count; n++) servers.add();
    await Promise.all(servers.all.map(({ cluster }) => cluster.ready));
    return servers;
  }

  /** Starts one more server, and does not wait for it. */
  add(options: ServeOptions = {}): Server {
    const broker = this.engine;
    const server = serveQuietly({ ...this.#options, ...options, broker });
    this.#prepare(server);
    this.all.push(server);
    return server;
  }

  /** Returns a server. */
  at(index: number): Server {
    return this.all[index]!;
  }

  /** Returns how a server is connected to the engine. */
  node(index: number): FaultyNode {
    return this.engine.nodes[index]!;
  }

  /** Connects a client to a server. */
  async connect(
    index: number,
    options: ConnectOptions = {},
    token = "test",
  ): Promise<Connection> {
    const { url } = this.at(index);
    const logger = new LogRecorder();
    const connection = await connect(token, { url, logger, ...options });
    this.#connections.push(connection);
    return connection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#connections.map((each) => each.close()));
    await Promise.all(this.all.map((server) => server.close()));
  }
}
