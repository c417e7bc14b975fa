/**
 * The error for data that does not match its schema.
 *
 * @module
 */

import { HoistError } from "./hoist_error.ts";
import { describeIssues, type Issue } from "./issues.ts";

/**
 * Data from the other side, or the result of a handler, does not match its schema.
 *
 * @example
 * ```ts
 * import { connect, defineContract, serve, ValidationError } from "@hoist/cli";
 * import assert from "node:assert/strict";
 * import { z } from "zod";
 *
 * const contract = defineContract({ operations: { now: { output: z.number() } } });
 *
 * await using server = serve("test", { hostname: "127.0.0.1", port: 0 });
 * server.operation("now", () => "noon");
 *
 * const options = { url: server.url, contract, validate: "all" } as const;
 * await using connection = await connect("test", options);
 * const error = await connection.operation("now").catch((error) => error);
 * assert(error instanceof ValidationError);
 * assert.equal(error.issues.length, 1);
 * ```
 */
export class ValidationError extends HoistError {
  /** The name of the class */
  override name = "ValidationError";
  /** What is wrong, and where */
  readonly issues: readonly Issue[];

  /**
   * Constructs a `ValidationError`.
   *
   * @param subject What failed, such as `Cannot finish operation "add"`
   * @param problem Why, such as `the result does not match its schema`
   * @param issues What is wrong with the data
   */
  constructor(subject: string, problem: string, issues: readonly Issue[]) {
    super(`${subject}: ${problem}: ${describeIssues(issues)}`);
    this.issues = issues;
  }
}
