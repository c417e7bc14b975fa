/**
 * Why a request is not carried out, fit for its client to be told.
 *
 * @module
 */

import { ErrorCode } from "./errors.ts";
import { describeIssues, type Issue, placesOf } from "./issue.ts";
import type { Json, JsonObject } from "./json.ts";
import type { Schema } from "./schema.ts";
import { typesAt } from "./schema_types.ts";

/** What an error frame says besides its code. */
export interface RefusalDetails {
  /** Its keys depend on the code */
  readonly data?: JsonObject;
  /** What the log says, which holds nothing that was sent; the description if left out */
  readonly note?: string;
}

/** Is thrown where a request is not carried out; its message is for the client. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly code: ErrorCode;
  readonly data: JsonObject | null;
  readonly note: string;
  readonly #isRefusal = true;

  /**
   * Whether something that was thrown is a refusal; `instanceof` would run what a host
   * program may have put into it.
   */
  static is(error: unknown): error is Refusal {
    return typeof error === "object" && error !== null && #isRefusal in error;
  }

  /**
   * Constructs a `Refusal`.
   *
   * @param code The number of the error
   * @param description What is wrong, and what would help
   * @param details What else the frame and the log say
   */
  constructor(
    code: ErrorCode,
    description: string,
    { data, note = description }: RefusalDetails = {},
  ) {
    super(description);
    this.code = code;
    this.data = data ?? null;
    this.note = note;
  }
}

/**
 * The refusal of data that does not fit its schema: docs/protocol.md, "Frames", code 2.
 *
 * @param issues What is wrong with it
 * @param value The data
 * @param schema The schema
 */
export function refuseData(
  issues: readonly Issue[],
  value: JsonObject,
  schema: Schema,
): Refusal {
  const subject = "the data does not fit its schema";
  return new Refusal(
    ErrorCode.INVALID_CONTENT,
    `${subject}, ${describeIssues(issues)}`,
    {
      data: {
        ...typesAt(issues[0]?.path ?? [], value, schema),
        ...told(issues),
      },
      note: `${subject}${placesOf(issues)}`,
    },
  );
}

/** The refusal of one argument, for a reason that tells nothing of it. */
export function refuseArgument(name: string, message: string): Refusal {
  const issues = [{ path: [name], message }];
  return new Refusal(ErrorCode.INVALID_CONTENT, describeIssues(issues), {
    data: { current: "dict", needed: "dict", ...told(issues) },
  });
}

/** The refusal of a name that there is none of: docs/protocol.md, "Frames", code 2. */
export function refuseName(description: string): Refusal {
  const issues = [{ path: [], message: description }];
  return new Refusal(ErrorCode.INVALID_CONTENT, description, {
    data: { current: "str", needed: "str", ...told(issues) },
  });
}

/** Issues as they stand in a frame. */
function told(issues: readonly Issue[]): { readonly issues: readonly Json[] } {
  return { issues: issues.map((issue) => ({ ...issue })) };
}
