/**
 * The public names of this folder, for both `client.ts` and `server.ts`.
 *
 * @module
 */

export {
  ApplicationError,
  type ApplicationErrorOptions,
  type ErrorDetailsOptions,
  isApplicationError,
} from "../common/application_error.ts";
export type { Issue } from "../common/issues.ts";
export type { Json, JsonObject } from "../common/json.ts";
export type {
  Contract,
  ContractDescription,
  DataSchema,
  ErrorSchemas,
  ErrorsDescription,
  MessageDescription,
  MessageEntry,
  MessageSchemas,
  OperationDescription,
  OperationEntry,
  OperationSchemas,
} from "./contract.ts";
export { defineContract } from "./define.ts";
export type { OpenContract } from "./infer.ts";
export type {
  RoomDescription,
  RoomEntry,
  RoomEventDescription,
  RoomEventEntry,
} from "./room_entry.ts";
export type {
  InputOf,
  OutputOf,
  Schema,
  SchemaIssue,
  SchemaProperties,
  SchemaResult,
} from "./schema.ts";
