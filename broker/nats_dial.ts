/**
 * One attempt to connect to NATS.
 *
 * @module
 */

import { PublishError } from "../common/hoist_error.ts";
import { showName } from "../common/text.ts";
import {
  errors,
  NatsConnectionImpl,
  setTransportFactory,
} from "./nats_client.ts";
import { reasonOf } from "./nats_errors.ts";
import { RefusedError } from "./nats_refusals.ts";
import type { ResolvedNatsOptions } from "./nats_options.ts";
import { DenoTransport, type TransportOptions } from "./nats_transport.ts";

/** The oldest version of NATS that can do all that is needed. */
const MINIMUM: readonly number[] = [2, 11, 0];

/** The longest time of an attempt, and of a request during it, in milliseconds. */
const TIMEOUT = 5_000;

/** When the server is asked for a sign of life. */
export interface Probe {
  /** The time between two pings, in milliseconds */
  readonly interval: number;
}

/** An open connection to NATS. */
export interface OpenConnection {
  readonly client: NatsConnectionImpl;
  readonly transport: DenoTransport;
}

/**
 * Connects to one of the servers, and checks that it can do what is needed.
 *
 * @param options The options of the application
 * @param probe When the server is asked for a sign of life
 * @param signal Ends the attempt
 *
 * @throws {PublishError} If the server is too old, or has no JetStream
 * @throws {Error} If no server can be reached, or the last one refuses the login
 */
export async function dial(
  options: ResolvedNatsOptions,
  probe: Probe,
  signal: AbortSignal,
): Promise<OpenConnection> {
  // The client has one factory for all its connections.
  setTransportFactory({ factory: () => new DenoTransport() });
  const client = await NatsConnectionImpl.connect(
    clientOptions(options, probe, signal),
  ) as NatsConnectionImpl;
  try {
    await checkServer(client);
  } catch (error) {
    await client.close();
    throw error;
  }
  return { client, transport: client.protocol.transport as DenoTransport };
}

function clientOptions(
  { servers, authenticator, caCerts }: ResolvedNatsOptions,
  { interval }: Probe,
  signal: AbortSignal,
): TransportOptions {
  return {
    servers: [...servers],
    ...(authenticator && { authenticator }),
    ...(caCerts && { tls: { ca: caCerts.join("\n") } }),
    // The client itself cannot stop an attempt.
    signal,
    name: "hoist",
    // `NatsLink` connects again. The client would not report why it cannot.
    reconnect: false,
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
    pingInterval: interval,
    maxPingOut: 2,
    timeout: TIMEOUT,
  };
}

async function checkServer(client: NatsConnectionImpl): Promise<void> {
  const version = String(client.info?.version);
  if (!isNewEnough(version)) {
    throw new PublishError(
      `NATS ${showName(version)} is too old. Update it to ${
        MINIMUM.join(".")
      } or later.`,
      "none",
    );
  }
  const problem = await findProblem(client);
  if (problem === undefined) return;
  throw new PublishError(
    `NATS has no JetStream for this account: ${problem}. Enable jetstream in the configuration of NATS.`,
    "none",
  );
}

/** Compares the numbers; a version before a release counts as the release. */
function isNewEnough(version: string): boolean {
  const numbers = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (numbers === undefined) return false;
  const index = numbers.findIndex((each, index) => each !== MINIMUM[index]);
  return index < 0 || numbers[index]! > MINIMUM[index]!;
}

/** Returns why JetStream cannot be used; `undefined` if it can. */
async function findProblem(
  client: NatsConnectionImpl,
): Promise<string | undefined> {
  try {
    const answer = await client.request("$JS.API.INFO", "", {
      timeout: TIMEOUT,
    });
    const { error } = answer.json<{ error?: { description?: unknown } }>();
    return error && showName(String(error.description));
  } catch (error) {
    const { cause = error } = error as Error;
    if (cause instanceof errors.PermissionViolationError) {
      throw new RefusedError(cause);
    }
    return reasonOf(error);
  }
}
