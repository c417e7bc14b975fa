/** Schemas for tests: by hand, and of each library. */

import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import type { DataSchema } from "../../contract/contract.ts";

/**
 * Returns a schema without a library.
 *
 * @param validate Validates a value, and can return an invalid result
 * @param more Other members of the schema
 */
export function schemaOf(
  validate: (value: unknown) => unknown,
  more: object = {},
): DataSchema {
  const standard = { version: 1, vendor: "test", validate, ...more };
  return { "~standard": standard as DataSchema["~standard"] };
}

/** A schema that accepts every value unchanged. */
export const ACCEPT_ALL = schemaOf((value) => ({ value }));

/** A schema that rejects every value. */
export const REJECT_ALL = schemaOf(() => ({
  issues: [{ message: "no", path: ["n"] }],
}));

/** `{ n: number, rows: { name: string }[] }`, as a schema of each library. */
export const LIBRARIES: Readonly<Record<string, DataSchema>> = {
  zod: z.object({
    n: z.number(),
    rows: z.array(z.object({ name: z.string() })),
  }),
  valibot: v.object({
    n: v.number(),
    rows: v.array(v.object({ name: v.string() })),
  }),
  arktype: type({ n: "number", rows: type({ name: "string" }).array() }),
};

/** Valid data for these schemas. */
export const VALID_DATA = { n: 1, rows: [{ name: "one" }, { name: "two" }] };

/** Data that is invalid at `rows[1].name`. */
export const INVALID_DATA = { n: 1, rows: [{ name: "one" }, { name: 2 }] };

/** Async schemas for `{ n: number }` above 0. */
export const ASYNC_SCHEMAS: Readonly<Record<string, DataSchema>> = {
  zod: z.object({ n: z.number().refine((n) => Promise.resolve(n > 0)) }),
  valibot: v.objectAsync({
    n: v.pipeAsync(v.number(), v.checkAsync((n) => Promise.resolve(n > 0))),
  }),
  "no library": schemaOf((value) => {
    const { n } = Object(value);
    return Promise.resolve(
      n > 0 ? { value } : { issues: [{ message: "not above 0", path: ["n"] }] },
    );
  }),
};
