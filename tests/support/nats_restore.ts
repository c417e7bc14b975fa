/** Takes a server of NATS back to an older state. */

import { callApi, store } from "../../broker/nats_api.ts";
import { readDirect } from "../../broker/nats_direct.ts";
import type { NatsLink } from "../../broker/nats_link.ts";
import { START } from "../../broker/nats_message.ts";
import type { NatsEngine } from "../../tools/engines/nats.ts";
import { linkTo } from "./nats.ts";

interface Stored {
  readonly subject: string;
  readonly payload: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Loses all publications of the only stream with rooms but the first ones. */
export async function restoreFirst(
  engine: NatsEngine,
  count: number,
): Promise<void> {
  const link = linkTo(engine);
  link.use();
  await link.start();
  try {
    const { streams } = await callApi<{ streams: string[] }>(
      link,
      "STREAM.NAMES",
      { subject: "hoist.h.>" },
    );
    for (const name of streams) await cut(link, name, count);
  } finally {
    await link.release();
  }
  // A server that goes back has ended before.
  await engine.restart();
}

/** Creates a stream again with the first publications, which keep their numbers. */
async function cut(
  link: NatsLink,
  name: string,
  count: number,
): Promise<void> {
  const { config } = await callApi<{ config: object }>(
    link,
    `STREAM.INFO.${name}`,
  );
  const stored = await readAll(link, name);
  await callApi(link, `STREAM.DELETE.${name}`);
  await callApi(link, `STREAM.CREATE.${name}`, config);
  let left = count;
  for (const { subject, payload, headers } of stored) {
    if (!(START in headers) && left-- === 0) return;
    await store(link, subject, payload, headers);
  }
}

async function readAll(link: NatsLink, name: string): Promise<Stored[]> {
  const request = { seq: 1, next_by_subj: ">", batch: 1_000 };
  const messages = await readDirect(link, name, request);
  return messages.map((message) => {
    const fields = [...message.headers!].map(([name, [value]]) => [
      name,
      value!,
    ]);
    const own = fields.filter(([name]) =>
      name!.startsWith("Hoist-") || name === "Nats-Msg-Id"
    );
    return {
      subject: message.headers!.get("Nats-Subject"),
      payload: message.string(),
      headers: Object.fromEntries(own),
    };
  });
}
