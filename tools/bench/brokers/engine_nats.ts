/**
 * The client of NATS, used directly.
 *
 * NATS answers a message that no stream stores only if it is asked to. Without this answer, an
 * application does not learn that a message was lost with its connection.
 *
 * @module
 */

import type { NodeSettings } from "./commands.ts";
import { loadModule } from "./load_module.ts";

/** The stream that keeps the messages, and publishes what it has stored. */
const STREAM = {
  name: "kept",
  subjects: ["kept"],
  max_msgs_per_subject: 1_000,
  republish: { src: "kept", dest: "live" },
};

/** Connects; returns the function that publishes a text. */
export async function openNats(
  { port, isKept, isAcknowledged }: NodeSettings,
  receive: (text: string) => void,
): Promise<(text: string) => unknown> {
  const { dial } = await loadModule("nats_dial");
  const options = { servers: [`nats://127.0.0.1:${port}`] };
  const { client } = await dial(options, { interval: 60_000 });
  client.subscribe("live", {
    callback: (_: unknown, message: { string(): string }) =>
      receive(message.string()),
  });
  await client.flush();
  if (!isAcknowledged) return (text) => client.publish("live", text);
  if (!isKept) {
    return (text) => {
      client.publish("live", text);
      return client.flush();
    };
  }
  await client.request("$JS.API.STREAM.CREATE.kept", JSON.stringify(STREAM));
  return (text) => client.request("kept", text);
}
