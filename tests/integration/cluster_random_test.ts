/** Random faults of three servers and of their clients: nothing is lost, repeated or reordered. */

import assert from "node:assert/strict";
import type { ClientRoom } from "../../client/room.ts";
import { PublishError } from "../../common/errors.ts";
import type { Server } from "../../server.ts";
import { Random } from "../fuzz/random.ts";
import { connectReconnecting } from "../support/reconnecting.ts";
import { Servers } from "../support/servers.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { pause, until } from "../support/timing.ts";

const SERVERS = 3;
const CLIENTS = 5;
const ACTIONS = 120;

function defineRoom(server: Server): void {
  server.defineRoom("log", {
    history: { size: 10_000 },
    authorize: () => true,
    publish: true,
  });
}

/** A client that a test moves between servers. */
class Mover {
  readonly proxy: TcpProxy;
  readonly seen: unknown[] = [];
  readonly gaps: unknown[] = [];
  readonly room: ClientRoom;

  private constructor(proxy: TcpProxy, room: ClientRoom) {
    this.proxy = proxy;
    this.room = room;
    room.receive("line", ({ data }) => void this.seen.push(data.n));
    room.onGap((gap) => void this.gaps.push(gap));
  }

  static async start(server: Server, onEnd: AsyncDisposableStack) {
    const proxy = onEnd.use(new TcpProxy(server));
    const options = { maxQueue: 100 };
    const connection = onEnd.use(await connectReconnecting(proxy, options));
    const mover = new Mover(proxy, connection.room("log"));
    await mover.room.join();
    return mover;
  }
}

/** Waits for a message; its publisher learns if this is not certain. */
async function publish(publishing: Promise<unknown>): Promise<void> {
  try {
    await publishing;
  } catch (error) {
    // A server answers an error of its broker with a response of another class.
    const isExpected = error instanceof PublishError ||
      error instanceof Error && error.name === "ResponseError";
    if (!isExpected) throw error;
  }
}

async function run(seed: number): Promise<void> {
  const random = new Random(seed);
  await using onEnd = new AsyncDisposableStack();
  const servers = onEnd.use(await Servers.start(SERVERS, {}, defineRoom));
  const movers: Mover[] = [];
  for (let n = 0; n < CLIENTS; n++) {
    movers.push(await Mover.start(servers.at(n % SERVERS), onEnd));
  }
  const publishing: Promise<void>[] = [];
  for (let n = 0; n < ACTIONS; n++) {
    const mover = random.pick(movers);
    const server = servers.at(random.below(SERVERS));
    const kind = random.below(10);
    if (kind < 4) publishing.push(publish(mover.room.publish("line", { n })));
    else if (kind < 6) {
      publishing.push(publish(server.room("log").broadcast("line", { n })));
    } else if (kind < 8) {
      mover.proxy.redirect(server);
      mover.proxy.cut();
    } else if (kind < 9) {
      const node = servers.node(random.below(SERVERS));
      node.cut();
      await pause(random.below(20));
      await node.mend();
    } else await pause(random.below(20));
  }
  await Promise.all(publishing);
  const history = await servers.at(0).room("log").history({ limit: 1_000 });
  const lines = history.map(({ data }) => data.n);
  assert(lines.length > ACTIONS / 4, `only ${lines.length} lines`);
  assert.equal(new Set(lines).size, lines.length, "a message is there twice");
  for (const { seen, gaps } of movers) {
    await until(() => seen.length >= lines.length, "all lines have come")
      .catch(() => {});
    assert.deepEqual(seen, lines);
    assert.deepEqual(gaps, []);
  }
}

for (let n = 0; n < 4; n++) {
  Deno.test(`members get every message once, in order, whatever fails (${n})`, async () => {
    const seed = Math.trunc(Math.random() * 1e6);
    try {
      await run(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  });
}
