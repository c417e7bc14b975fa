/** The streams of NATS, when several nodes need them at the same time. */

import assert from "node:assert/strict";
import { callApi } from "../../broker/nats_api.ts";
import type { NatsLink } from "../../broker/nats_link.ts";
import { NatsStreams, type RoomStream } from "../../broker/nats_streams.ts";
import { NatsSubjects } from "../../broker/nats_subjects.ts";
import { NatsEngine } from "../../tools/engines/nats.ts";
import { withEngine } from "../support/engines.ts";
import { linkTo, untilUp } from "../support/nats.ts";

const SUBJECTS = new NatsSubjects("hoist");

/** Connects several nodes to an engine. */
async function connect(engine: NatsEngine): Promise<readonly NatsLink[]> {
  const links = Array.from({ length: 3 }, () => linkTo(engine));
  for (const link of links) {
    link.use();
    await link.start();
  }
  return links;
}

/** Returns what each node knows about the streams. */
function streamsOf(links: readonly NatsLink[]): readonly NatsStreams[] {
  const nothing = () => Promise.resolve();
  return links.map((link) => new NatsStreams(link, SUBJECTS, nothing));
}

/** Lets all nodes look for the stream of a history at the same time. */
function findAll(
  nodes: readonly NatsStreams[],
  size: number,
): Promise<readonly RoomStream[]> {
  const history = { size, ttl: 600_000, maxBytes: 1_000_000 };
  return Promise.all(nodes.map((node) => node.get(history)));
}

/** Returns the names of all streams with the messages of rooms. */
async function namesOf(link: NatsLink): Promise<readonly string[]> {
  const { streams } = await callApi<{ streams: string[] }>(
    link,
    "STREAM.NAMES",
    { subject: "hoist.h.>" },
  );
  return streams;
}

await withEngine("NATS", () => {
  Deno.test("NATS: nodes that need a stream at the same time create one", async () => {
    await using engine = await NatsEngine.start();
    const links = await connect(engine);
    const found = new Set<string>();
    for (let size = 1; size <= 30; size++) {
      const names = (await findAll(streamsOf(links), size)).map(({ name }) =>
        name
      );
      assert.equal(new Set(names).size, 1, names.join(", "));
      found.add(names[0]!);
    }
    assert.deepEqual(new Set(await namesOf(links[0]!)), found);
    for (const link of links) await link.release();
  });

  for (const isKnown of [true, false]) {
    const who = isKnown ? "nodes that have used" : "new nodes that need";
    Deno.test(`NATS: ${who} a lost stream agree on the next epoch`, async () => {
      await using engine = await NatsEngine.start();
      const links = await connect(engine);
      const nodes = streamsOf(links);
      const [lost] = await findAll(nodes, 5);
      if (isKnown) await deleteStream(links[0]!, lost!, nodes);
      else await engine.wipe();
      await Promise.all(links.map(untilUp));
      const next = await findAll(isKnown ? nodes : streamsOf(links), 5);
      const epochs = new Set(next.map(({ epoch }) => epoch));
      assert.equal(epochs.size, 1);
      assert(!epochs.has(lost!.epoch));
      for (const link of links) await link.release();
    });
  }
});

/** Deletes a stream, which all nodes notice. */
async function deleteStream(
  link: NatsLink,
  stream: RoomStream,
  nodes: readonly NatsStreams[],
): Promise<void> {
  await callApi(link, `STREAM.DELETE.${stream.name}`);
  for (const node of nodes) node.forget(stream);
}
