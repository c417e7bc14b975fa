/**
 * Why a request is not carried out, fit for its client to be told.
 *
 * @module
 */

import { jsonSchemaOf } from "./contract_description.ts";
import { ErrorCode } from "./errors.ts";
import { typeName } from "./invalid.ts";
import { describeIssues, formatPath, type Issue } from "./issue.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";
import type { Schema } from "./schema.ts";

/** How many places the log names. */
const MAX_NOTED = 3;

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
 * @param schema The schema, if its library may be asked what it needs
 */
export function refuseData(
  issues: readonly Issue[],
  value: JsonObject,
  schema?: Schema,
): Refusal {
  const subject = "the data does not fit its schema";
  const paths = issues.slice(0, MAX_NOTED)
    .map(({ path }) => formatPath(path)).filter((path) => path !== "");
  return new Refusal(
    ErrorCode.INVALID_CONTENT,
    `${subject}, ${describeIssues(issues)}`,
    {
      data: {
        ...typesAt(issues[0]?.path ?? [], value, schema),
        issues: issues.map((issue) => ({ ...issue })),
      },
      note: paths.length === 0 ? subject : `${subject} at ${paths.join(", ")}`,
    },
  );
}

/** The refusal of a name that there is none of: docs/protocol.md, "Frames", code 2. */
export function refuseName(description: string): Refusal {
  const issues = [{ path: [], message: description }];
  return new Refusal(ErrorCode.INVALID_CONTENT, description, {
    data: { current: "str", needed: "str", issues },
  });
}

/** What there is at a place and what there should be, as Python calls it. */
function typesAt(
  path: Issue["path"],
  value: JsonObject,
  schema: Schema | undefined,
): { readonly current: string | null; readonly needed: string | string[] } {
  const needed = schema && neededAt(path, inputOf(schema));
  // Who cannot say more says that it is an object, and yet not the right one.
  if (needed === undefined) return { current: "dict", needed: "dict" };
  return { current: typeName(valueAt(path, value)), needed };
}

function valueAt(path: Issue["path"], value: Json): Json | undefined {
  let current: Json | undefined = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null) return undefined;
    if (!Object.hasOwn(current, key)) return undefined;
    current = (current as JsonObject)[key];
  }
  return current;
}

/** What libraries said: they take longer for it than for the checking. */
const inputs = new WeakMap<Schema, JsonObject | null>();

function inputOf(schema: Schema): JsonObject | null {
  const known = inputs.get(schema);
  if (known !== undefined) return known;
  const made = jsonSchemaOf(schema, "input");
  inputs.set(schema, made);
  return made;
}

/** What Python calls the types of JSON Schema. */
const TYPES: ReadonlyMap<unknown, readonly string[]> = new Map([
  ["string", ["str"]],
  ["integer", ["int"]],
  ["number", ["int", "float"]],
  ["boolean", ["bool"]],
  ["object", ["dict"]],
  ["array", ["list"]],
  ["null", ["None"]],
]);

/** The types that a JSON Schema asks for at a place; `undefined` if it does not say. */
function neededAt(
  path: Issue["path"],
  schema: JsonObject | null,
): string | string[] | undefined {
  let node: Json | undefined = schema;
  for (const key of path) {
    if (!isJsonObject(node)) return undefined;
    node = typeof key === "number"
      ? node.items
      : isJsonObject(node.properties)
      ? node.properties[key]
      : undefined;
  }
  const types = isJsonObject(node) ? [node.type].flat() : [];
  const names = types.flatMap((type) => TYPES.get(type) ?? []);
  return names.length > 1 ? names : names[0];
}
