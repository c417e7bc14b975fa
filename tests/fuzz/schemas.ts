/**
 * The schemas of the application, and the error for invalid data.
 *
 * @module
 */

import type { JsonObject } from "../../common/json.ts";
import type { Schema, SchemaResult } from "../../contract/schema.ts";
import type { Data } from "./actions.ts";
import { isError, type Step } from "./response_matcher.ts";

const ISSUE = { message: "must be a whole number", path: ["n"] };

function validate(value: unknown): SchemaResult<JsonObject> {
  const data: Data = Object(value);
  return isNumbered(data) ? { value: data } : { issues: [ISSUE] };
}

/** Accepts data with an integer `n`. */
export const NUMBER_SCHEMA: Schema<JsonObject> = {
  "~standard": { version: 1, vendor: "fuzz", validate },
};

/** The same schema with async validation. */
export const ASYNC_NUMBER_SCHEMA: Schema<JsonObject> = {
  "~standard": {
    version: 1,
    vendor: "fuzz",
    validate: (value) => Promise.resolve(value).then(validate),
  },
};

/** Reports whether data is valid. Without a schema, it is. */
export function isValid(schema: Schema | undefined, data: Data): boolean {
  return schema === undefined || isNumbered(data);
}

function isNumbered({ n }: Data): boolean {
  return Number.isInteger(n);
}

/** Matches the error for invalid data: docs/reference/protocol.md, "Frames", code 2. */
export const isInvalidDataError: Step = (response, info) => {
  const { current, needed, issues } = response.data ?? {};
  const { message, path } = ISSUE;
  return isError([2])(response, info) && current === "dict" &&
    needed === "dict" &&
    JSON.stringify(issues) === JSON.stringify([{ path, message }]);
};
