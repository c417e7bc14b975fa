/**
 * Creates a stream that nobody has created yet.
 *
 * @module
 */

import { callApi, hasCode, JetStreamCode } from "./nats_api.ts";
import type { NatsLink } from "./nats_link.ts";
import type { StreamConfig } from "./nats_stream_config.ts";

/**
 * Creates a stream unless it exists.
 *
 * @param link The connection
 * @param config The configuration, as the API of NATS defines it
 *
 * @throws {PublishError} If it cannot be created
 */
export async function ensureStream(
  link: NatsLink,
  config: StreamConfig,
): Promise<void> {
  try {
    await callApi(link, `STREAM.CREATE.${config.name}`, config);
  } catch (error) {
    // It has other settings that do not matter here, such as more replicas.
    if (!hasCode(error, JetStreamCode.streamNameInUse)) throw error;
  }
}
