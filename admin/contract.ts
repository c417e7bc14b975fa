/**
 * The admin contract: the operations and streams with which an admin looks at a running
 * server, and changes it.
 *
 * @module
 */

import type { Contract, NoEntries } from "../contract/contract.ts";
import { defineContract } from "../contract/define.ts";
import type { Schema } from "../contract/schema.ts";
import type * as inputs from "./inputs.ts";
import * as is from "./schema.ts";
import {
  BROADCAST_RESULT,
  CLIENT_DETAIL,
  CLIENTS_CHANGE,
  CLUSTER,
  CONTRACT_INFO,
  EVENTS,
  HEALTH,
  LEVELS,
  LOG_LINES,
  MEMBERS,
  REVOKE_RESULT,
  ROOMS,
  STATS,
} from "./shapes.ts";
import type * as admin from "./types.ts";

/** An operation of the admin contract: its arguments and its result */
export interface AdminOperation<Input extends object, Output> {
  /** The schema of the arguments */
  readonly input: Schema<Input>;
  /** The schema of the result */
  readonly output: Schema<Output>;
  /** The errors that the operation can throw, by their kinds */
  readonly errors: AdminErrors;
}

/** A stream of the admin contract: its arguments and its items */
export interface AdminStream<Input extends object, Item> {
  /** The schema of the arguments */
  readonly input: Schema<Input>;
  /** The schema of each item */
  readonly yields: Schema<Item>;
}

/** The errors of the admin contract, by their kinds */
export type AdminErrors = {
  /** The client, the room or the token does not exist, or a value is not possible */
  readonly rejected: Schema<AdminRejection>;
};

/** Why the server has not done what an admin has asked for */
export interface AdminRejection {
  /** The reason, as a sentence */
  readonly reason: string;
}

/** No arguments */
export type AdminNoInput = Readonly<Record<never, never>>;

/** The operations and the streams of the admin contract, by their names */
export type AdminOperations = {
  /** Returns the health of the server */
  readonly "hoist.admin.health": AdminOperation<
    AdminNoInput,
    admin.AdminHealth
  >;
  /** Returns the limits of the server */
  readonly "hoist.admin.limits": AdminOperation<
    AdminNoInput,
    admin.AdminLimits
  >;
  /** Returns the contract of the application, and the names with handlers */
  readonly "hoist.admin.contract": AdminOperation<
    AdminNoInput,
    admin.AdminContractInfo
  >;
  /** Returns the servers of the deployment */
  readonly "hoist.admin.cluster": AdminOperation<
    AdminNoInput,
    admin.AdminCluster
  >;
  /** Returns a client of this server in detail; `null` if it has disconnected */
  readonly "hoist.admin.client": AdminOperation<
    inputs.AdminClientInput,
    admin.AdminClientDetail | null
  >;
  /** Returns rooms of this server, in the order of their names */
  readonly "hoist.admin.rooms": AdminOperation<
    inputs.AdminRoomsInput,
    admin.AdminRooms
  >;
  /** Returns the members of a room on all servers */
  readonly "hoist.admin.members": AdminOperation<
    inputs.AdminMembersInput,
    admin.AdminMembers
  >;
  /** Closes the connection of a client */
  readonly "hoist.admin.disconnect": AdminOperation<
    inputs.AdminDisconnectInput,
    null
  >;
  /** Sends an event to a client */
  readonly "hoist.admin.message": AdminOperation<
    inputs.AdminMessageInput,
    null
  >;
  /** Sends an event to all clients of all servers */
  readonly "hoist.admin.broadcast": AdminOperation<
    inputs.AdminBroadcastInput,
    admin.AdminBroadcastResult
  >;
  /** Stops accepting a named token on all servers, and disconnects its clients */
  readonly "hoist.admin.revoke": AdminOperation<
    inputs.AdminRevokeInput,
    admin.AdminRevokeResult
  >;
  /** The numbers of the server, at once and then regularly */
  readonly "hoist.admin.stats": AdminStream<
    inputs.AdminStatsInput,
    admin.AdminStats
  >;
  /** The clients of this server, and how they change */
  readonly "hoist.admin.clients": AdminStream<
    inputs.AdminClientsInput,
    admin.AdminClientsChange
  >;
  /** What the server receives, handles and sends, without admin traffic */
  readonly "hoist.admin.events": AdminStream<
    inputs.AdminEventsInput,
    admin.AdminEvents
  >;
  /** The lines of the log from now on */
  readonly "hoist.admin.log": AdminStream<
    inputs.AdminLogInput,
    admin.AdminLogLines
  >;
};

/** The type of {@linkcode adminContract} */
export type AdminContract = Contract<
  NoEntries,
  NoEntries,
  AdminOperations,
  NoEntries
>;

/** How many characters the name of a message can have. */
const MAX_NAME = 1_000;

/** How many characters the id of a client, a room or a token can have. */
const MAX_ID = 200;

const NOTHING = is.input<AdminNoInput>({});

const CLIENT_ID = is.either(
  is.integer(1, Number.MAX_SAFE_INTEGER),
  is.text(MAX_ID, 1),
);

const LIMIT = is.optional(is.integer(1, 1_000));

const ERRORS: AdminErrors = {
  rejected: is.schemaOf(is.object<AdminRejection>({ reason: is.anyText })),
};

function operation<Input extends object, Output>(
  input: is.Shape<Input>,
  output: is.Shape<Output>,
): AdminOperation<Input, Output> {
  return {
    input: is.schemaOf(input),
    output: is.schemaOf(output),
    errors: ERRORS,
  };
}

function stream<Input extends object, Item>(
  input: is.Shape<Input>,
  items: is.Shape<Item>,
): AdminStream<Input, Item> {
  return { input: is.schemaOf(input), yields: is.schemaOf(items) };
}

/** The operations and the streams. */
const OPERATIONS: AdminOperations = {
  "hoist.admin.health": operation(NOTHING, HEALTH),
  "hoist.admin.limits": operation(
    NOTHING,
    is.recordOf(is.orNull(is.anyNumber)),
  ),
  "hoist.admin.contract": operation(NOTHING, CONTRACT_INFO),
  "hoist.admin.cluster": operation(NOTHING, CLUSTER),
  "hoist.admin.client": operation(
    is.input<inputs.AdminClientInput>({ client: CLIENT_ID }),
    is.orNull(CLIENT_DETAIL),
  ),
  "hoist.admin.rooms": operation(
    is.input<inputs.AdminRoomsInput>({
      prefix: is.optional(is.text(MAX_ID)),
      after: is.optional(is.text(MAX_ID)),
      limit: LIMIT,
    }),
    ROOMS,
  ),
  "hoist.admin.members": operation(
    is.input<inputs.AdminMembersInput>({
      room: is.text(MAX_ID, 1),
      limit: LIMIT,
    }),
    MEMBERS,
  ),
  "hoist.admin.disconnect": operation(
    is.input<inputs.AdminDisconnectInput>({
      client: CLIENT_ID,
      code: is.optional(is.integer(1_000, 4_999)),
      reason: is.optional(is.text(123)),
    }),
    is.nothing,
  ),
  "hoist.admin.message": operation(
    is.input<inputs.AdminMessageInput>({
      client: CLIENT_ID,
      name: is.text(MAX_NAME),
      data: is.optional(is.anyObject),
    }),
    is.nothing,
  ),
  "hoist.admin.broadcast": operation(
    is.input<inputs.AdminBroadcastInput>({
      name: is.text(MAX_NAME),
      data: is.optional(is.anyObject),
    }),
    BROADCAST_RESULT,
  ),
  "hoist.admin.revoke": operation(
    is.input<inputs.AdminRevokeInput>({ name: is.text(MAX_NAME, 1) }),
    REVOKE_RESULT,
  ),
  "hoist.admin.stats": stream(
    is.input<inputs.AdminStatsInput>({
      metrics: is.optional(is.flag),
      interval: is.optional(is.integer(100, 3_600_000)),
    }),
    STATS,
  ),
  "hoist.admin.clients": stream(
    is.input<inputs.AdminClientsInput>({
      interval: is.optional(is.integer(100, 60_000)),
    }),
    CLIENTS_CHANGE,
  ),
  "hoist.admin.events": stream(
    is.input<inputs.AdminEventsInput>({
      sample: is.optional(is.numberFrom(0, 1)),
      names: is.optional(is.arrayOf(is.text(MAX_NAME), 100)),
      client: is.optional(is.integer(1, Number.MAX_SAFE_INTEGER)),
    }),
    EVENTS,
  ),
  "hoist.admin.log": stream(
    is.input<inputs.AdminLogInput>({ level: is.optional(LEVELS) }),
    LOG_LINES,
  ),
};

/**
 * The admin contract. A client that connects with it, and with the token of an admin, has
 * types and completions for all names.
 *
 * @example
 * ```ts
 * import { connect, serve } from "@hoist/cli";
 * import { adminContract } from "@hoist/cli/admin";
 * import assert from "node:assert/strict";
 *
 * const tokens = [{ name: "ops", token: "a long secret", admin: true }];
 * await using server = serve({ hostname: "127.0.0.1", port: 0, tokens });
 * const options = { url: server.url, contract: adminContract };
 * await using ops = await connect("a long secret", options);
 * const { status } = await ops.operation("hoist.admin.health");
 * assert.equal(status, "ok");
 * ```
 */
export const adminContract: AdminContract = defineContract({
  operations: OPERATIONS,
});
