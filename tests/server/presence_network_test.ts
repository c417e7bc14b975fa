/** The members of a room on several servers, in random runs: in the end, all servers agree. */

import assert from "node:assert/strict";
import { Log } from "../../server/log.ts";
import { ServerNode } from "../../server/node.ts";
import { Presence } from "../../server/presence.ts";
import { PresenceNetwork } from "../../server/presence_network.ts";
import type { RoomIdentity } from "../../server/room_identities.ts";
import type { RoomPeers } from "../../server/room_peers.ts";
import { TimeoutQueue } from "../../server/scheduler.ts";
import { Random } from "../fuzz/random.ts";
import { FaultyEngine } from "../support/faulty_engine.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { endOfTick, pause, until } from "../support/timing.ts";

const RUNS = 40;
const SERVERS = 3;
const CONNECTIONS = 6;
const ACTIONS = 80;

/** The grace period, which is shorter than that of a server, in milliseconds. */
const GRACE = 60;

function identityOf(connection: string): RoomIdentity {
  // Two connections belong to each user.
  const member = `user-${Number(connection.slice(1)) % 3}`;
  return {
    ...{ secret: "", connection, member, user: member, isRecognized: false },
  };
}

/** A server with one room, which is open while connections to this server are there. */
class Node {
  readonly node: ServerNode;
  readonly network: PresenceNetwork;
  readonly hooks: string[];
  presence: Presence | undefined;
  #peers: RoomPeers | undefined;

  constructor(engine: FaultyEngine, hooks: string[]) {
    const log = new Log({ logger: new LogRecorder(), logLevel: "info" });
    this.hooks = hooks;
    this.node = new ServerNode(engine, log);
    this.network = new PresenceNetwork(this.node);
    this.node.start({ onPublication: () => {}, onStale: () => {} });
  }

  show(connection: string, presence: string): void {
    this.presence ?? this.#open();
    this.presence!.show(identityOf(connection), presence);
  }

  remove(connection: string): void {
    this.presence?.remove(identityOf(connection));
    this.#release();
  }

  lose(connection: string): void {
    this.presence?.lose(identityOf(connection), () => this.#release());
  }

  get visible(): string {
    const entries = this.presence?.members.map(({ id, connections }) =>
      `${id}: ${connections.map((each) => JSON.stringify(each)).sort()}`
    );
    return entries?.sort().join(", ") ?? "";
  }

  async close(): Promise<void> {
    this.network.beginShutdown();
    this.presence?.close();
    this.network.close("a");
    await this.node.broker[Symbol.asyncDispose]();
    await this.node.close();
  }

  #open(): void {
    const { hooks, network } = this;
    const presence = this.presence = new Presence(
      {
        onChange: () => {},
        onJoin: ({ id }) => void hooks.push(`${id} joined`),
        onLeave: ({ id }) => void hooks.push(`${id} left`),
        onOwnChange: (connection) => this.#peers!.note(connection),
      },
      new TimeoutQueue(GRACE, (end: () => void) => end()),
    );
    this.#peers = network.open("a", presence);
    const release = presence.holdJoins();
    void network.read("a").then(release);
  }

  #release(): void {
    const { presence } = this;
    if (!presence?.hasNoOwn) return;
    this.presence = undefined;
    presence.close(!this.#peers!.hasPeers);
    this.network.close("a");
  }
}

/** The connections of a run, and where they are. */
class Run {
  readonly random: Random;
  readonly engine = new FaultyEngine();
  readonly hooks: string[] = [];
  readonly nodes: readonly Node[];
  /** The server of each connection, and what is shown about it */
  readonly truth = new Map<string, { at: number; presence: string }>();
  #changes = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.nodes = Array.from(
      { length: SERVERS },
      () => new Node(this.engine, this.hooks),
    );
  }

  get expected(): string {
    const shown = new Map<string, string[]>();
    for (const [connection, { presence }] of this.truth) {
      const { member } = identityOf(connection);
      shown.set(member, [...shown.get(member) ?? [], presence]);
    }
    return [...shown].map(([id, all]) => `${id}: ${all.sort()}`).sort()
      .join(", ");
  }

  async step(loss: number): Promise<void> {
    const { random } = this;
    const connection = `c${random.below(CONNECTIONS)}`;
    const known = this.truth.get(connection);
    const at = random.below(SERVERS);
    if (known === undefined) this.#show(connection, at);
    else {
      switch (random.below(4)) {
        case 0:
          this.nodes[known.at]!.remove(connection);
          this.truth.delete(connection);
          break;
        case 1:
          this.#show(connection, known.at);
          break;
        default:
          await this.#move(connection, known.at, at);
      }
    }
    for (const node of this.engine.nodes) {
      node.loses = () => random.below(100) < loss;
    }
    for (let n = random.below(3); n > 0; n--) await endOfTick();
  }

  #show(connection: string, at: number): void {
    const presence = `{"n":${++this.#changes}}`;
    this.truth.set(connection, { at, presence });
    this.nodes[at]!.show(connection, presence);
  }

  /** A client loses its connection, and comes back before its server notices or after that. */
  async #move(connection: string, from: number, to: number): Promise<void> {
    const isNoticed = this.random.below(2) === 0;
    if (isNoticed) this.nodes[from]!.lose(connection);
    for (let n = this.random.below(3); n > 0; n--) await endOfTick();
    this.#show(connection, to);
    for (let n = this.random.below(3); n > 0; n--) await endOfTick();
    if (!isNoticed && from !== to) this.nodes[from]!.lose(connection);
  }

  /** Lets the servers say again what they know. */
  async settle(): Promise<void> {
    for (const node of this.engine.nodes) node.loses = () => false;
    await pause(1_100);
    this.engine.stop();
    await this.engine.start();
  }
}

async function runOnce(seed: number, loss: number): Promise<void> {
  const run = new Run(seed);
  await Promise.all(run.nodes.map(({ node }) => node.started));
  for (let n = 0; n < ACTIONS; n++) await run.step(loss);
  if (loss > 0) await run.settle();
  const open = () => run.nodes.filter(({ presence }) => presence);
  try {
    await until(
      () => open().every(({ visible }) => visible === run.expected),
      "the servers agree",
    );
  } catch {
    assert.deepEqual(
      open().map(({ visible }) => visible),
      open().map(() => run.expected),
      `seed ${seed}`,
    );
  }
  for (const node of run.nodes) await node.close();
}

for (const [what, loss] of [["no", 0], ["some", 20]] as const) {
  Deno.test(`servers agree on the members if ${what} messages are lost`, async () => {
    const first = Math.trunc(Math.random() * 1e6);
    const seeds = Array.from({ length: RUNS }, (_, n) => first + n);
    await Promise.all(seeds.map((seed) => runOnce(seed, loss)));
  });
}

Deno.test("a room that is opened while its server closes does not wait for ever", async () => {
  const node = new Node(new FaultyEngine(), []);
  await node.node.started;
  // The next question would wait for others.
  await node.network.read("a");
  node.network.beginShutdown();
  await node.network.read("b");
  await node.close();
});
