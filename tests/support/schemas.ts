/** Schemas for tests: by hand, and of each library. */

import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import type { DataSchema } from "../../contract/contract.ts";

/**
 * A schema by hand.
 *
 * @param validate What it says of a value, which may be rubbish
 * @param more What else its library can do
 */
export function schemaOf(
  validate: (value: unknown) => unknown,
  more: object = {},
): DataSchema {
  const standard = { version: 1, vendor: "test", validate, ...more };
  return { "~standard": standard as DataSchema["~standard"] };
}

/** A schema that takes anything as it is. */
export const ACCEPT_ALL = schemaOf((value) => ({ value }));

/** A schema that takes nothing. */
export const REJECT_ALL = schemaOf(() => ({
  issues: [{ message: "no", path: ["n"] }],
}));

/** `{ n: number, rows: { name: string }[] }`, in the words of each library. */
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

/** What fits these. */
export const VALID_DATA = { n: 1, rows: [{ name: "one" }, { name: "two" }] };

/** What does not, at `rows[1].name`. */
export const INVALID_DATA = { n: 1, rows: [{ name: "one" }, { name: 2 }] };

/** `{ n: number }` above 0, by schemas that have to wait before they say so. */
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
