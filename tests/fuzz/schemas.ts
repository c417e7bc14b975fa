/**
 * The schemas of the host, and what a client is told whose data does not fit them.
 *
 * @module
 */

import type { JsonObject } from "../../common/json.ts";
import type { Schema, SchemaResult } from "../../contract/schema.ts";
import type { Data } from "./actions.ts";
import { isError, type Step } from "./response_steps.ts";

const ISSUE = { message: "must be a whole number", path: ["n"] };

function validate(value: unknown): SchemaResult<JsonObject> {
  const data: Data = Object(value);
  return isNumbered(data) ? { value: data } : { issues: [ISSUE] };
}

/** Asks for data with a whole number `n`. */
export const NUMBERED: Schema<JsonObject> = {
  "~standard": { version: 1, vendor: "fuzz", validate },
};

/** Asks for the same, and has to wait. */
export const NUMBERED_LATER: Schema<JsonObject> = {
  "~standard": {
    version: 1,
    vendor: "fuzz",
    validate: (value) => Promise.resolve(value).then(validate),
  },
};

/** Whether some data fits a schema, if there is one. */
export function isFit(schema: Schema | undefined, data: Data): boolean {
  return schema === undefined || isNumbered(data);
}

function isNumbered({ n }: Data): boolean {
  return Number.isInteger(n);
}

/** What the client is told: docs/protocol.md, "Frames", code 2. */
export const isUnfit: Step = (answer, told) => {
  const { current, needed, issues } = answer.data ?? {};
  const { message, path } = ISSUE;
  return isError([2])(answer, told) && current === "dict" &&
    needed === "dict" &&
    JSON.stringify(issues) === JSON.stringify([{ path, message }]);
};
