/**
 * The admin contract, for programs that look at a running server and change it. A server
 * answers it only to its admins: clients that log in with a token that has `admin: true`, and
 * clients that the option `admin` accepts.
 *
 * @example
 * ```ts
 * import { connect, serve } from "@hoist/cli";
 * import { adminContract } from "@hoist/cli/admin";
 *
 * const tokens = [{ name: "ops", token: "a long secret", admin: true }];
 * await using server = serve({ hostname: "127.0.0.1", port: 0, tokens });
 * const options = { url: server.url, contract: adminContract };
 * await using ops = await connect("a long secret", options);
 * for await (const { clients, memory } of ops.stream("hoist.admin.stats")) {
 *   console.log(`${clients} clients, ${memory.rss} bytes`);
 *   break;
 * }
 * ```
 *
 * @module
 */

export type {
  CounterName,
  GaugeName,
  HistogramName,
  HistogramSample,
  MetricLabels,
  MetricSample,
  MetricsSnapshot,
} from "../server/metrics.ts";
export {
  type AdminContract,
  adminContract,
  type AdminErrors,
  type AdminNoInput,
  type AdminOperation,
  type AdminOperations,
  type AdminRejection,
  type AdminStream,
} from "./contract.ts";
export type {
  AdminBroadcastInput,
  AdminClientInput,
  AdminClientsInput,
  AdminDisconnectInput,
  AdminEventsInput,
  AdminLogInput,
  AdminMembersInput,
  AdminMessageInput,
  AdminRevokeInput,
  AdminRoomsInput,
  AdminStatsInput,
} from "./inputs.ts";
export type {
  AdminBroadcastResult,
  AdminBroker,
  AdminClient,
  AdminClientDetail,
  AdminClientsChange,
  AdminCluster,
  AdminContractInfo,
  AdminEvent,
  AdminEvents,
  AdminHealth,
  AdminLimits,
  AdminLogLine,
  AdminLogLines,
  AdminMember,
  AdminMembers,
  AdminMemory,
  AdminRevokeResult,
  AdminRoom,
  AdminRooms,
  AdminStats,
} from "./types.ts";
