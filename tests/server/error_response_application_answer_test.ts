import assert from "node:assert/strict";
import { z } from "zod";
import { ApplicationError } from "../../common/application_error.ts";
import type { ErrorSchemas } from "../../contract/contract.ts";
import { decodeServerFrame } from "../../protocol/server_frames.ts";
import { ApplicationAnswer } from "../../server/error_response.ts";
import { OutputError } from "../../server/output_error.ts";
import { HOSTILE, REVOKED } from "../support/attacks.ts";

const NO_LIMIT = { maxBuffered: 1_000_000 };

/** Returns the data of the frame for an error. */
async function sent(
  error: ApplicationError<string, object>,
  errors?: ErrorSchemas,
  maxBuffered = NO_LIMIT.maxBuffered,
): Promise<unknown> {
  const rules = { errors, maxBuffered };
  const { answer } = await ApplicationAnswer.for(
    error as ApplicationError,
    rules,
  );
  assert(ApplicationAnswer.is(answer), String(answer));
  const frame = decodeServerFrame(answer.encode(7));
  assert(frame?.kind === "error" && frame.id === 7 && frame.error.code === 6);
  return frame.error.data;
}

/** Returns what was wrong with an error. */
async function fault(
  error: ApplicationError<string, object>,
  errors?: ErrorSchemas,
): Promise<unknown> {
  const rules = { errors, ...NO_LIMIT };
  const { answer } = await ApplicationAnswer.for(
    error as ApplicationError,
    rules,
  );
  assert(!ApplicationAnswer.is(answer));
  return answer;
}

Deno.test("without declared errors, any error is sent", async () => {
  const options = {
    message: "no seats",
    details: { left: 0 },
    cause: new Error("secret"),
  };
  assert.deepEqual(await sent(new ApplicationError("full", options)), {
    exc: "full",
    message: "no seats",
    application: { kind: "full", details: { left: 0 } },
  });
  assert.deepEqual(await sent(new ApplicationError("full")), {
    exc: "full",
    message: "full",
    application: { kind: "full" },
  });
});

Deno.test("the message is cut after 1,000 UTF-16 units", async () => {
  const message = "é".repeat(1_001);
  const data = await sent(new ApplicationError("full", { message }));
  assert.equal(Object(data).message, "é".repeat(1_000));
});

const FULL = { full: z.object({ left: z.int() }), closed: null };

Deno.test("the output of the schema of the details is sent", async () => {
  const schema = z.object({ left: z.string().transform(Number) });
  const details = { left: "3", secret: 1 };
  const error = new ApplicationError("full", { details });
  const { application } = Object(await sent(error, { full: schema }));
  assert.deepEqual(application, { kind: "full", details: { left: 3 } });
});

Deno.test("a schema that is asynchronous can check the details", async () => {
  const full = FULL.full.refine(() => Promise.resolve(true));
  const error = new ApplicationError("full", { details: { left: 1 } });
  const { application } = Object(await sent(error, { full }));
  assert.deepEqual(application, { kind: "full", details: { left: 1 } });
});

Deno.test("omitted details are an empty object for the schema", async () => {
  const full = z.object({ left: z.int().default(1) });
  const { application } = Object(
    await sent(new ApplicationError("full"), { full }),
  );
  assert.deepEqual(application, { kind: "full", details: { left: 1 } });
});

Deno.test("details that are not declared are not sent", async () => {
  const error = new ApplicationError("closed", { details: { secret: 1 } });
  const { application } = Object(await sent(error, FULL));
  assert.deepEqual(application, { kind: "closed" });
});

for (const kind of ["other", "toString", "__proto__"]) {
  Deno.test(`the error ${kind} that is not declared is a fault`, async () => {
    const error = new ApplicationError(kind);
    const found = await fault(error, FULL);
    assert(found instanceof TypeError);
    assert.equal(found.cause, error);
    assert.equal(
      found.message,
      `Cannot answer with the error "${kind}": it is not declared. Add it to 'errors' of the message or the operation.`,
    );
  });
}

Deno.test("details that do not match their schema are a fault", async () => {
  const details = { left: "none" };
  const found = await fault(new ApplicationError("full", { details }), FULL);
  assert(OutputError.is(found));
  assert.equal(
    found.note,
    "'details' does not match its schema: left: Invalid input: expected number, received string",
  );
});

Deno.test("a schema that throws is a fault", async () => {
  const thrown = new Error("no");
  const full = z.object().refine(() => {
    throw thrown;
  });
  assert.equal(await fault(new ApplicationError("full"), { full }), thrown);
});

const UNSENDABLE: readonly unknown[] = [
  ...[{ left: NaN }, { left: 1n }, { toJSON: () => "x" }, [1], "text"],
  ...[HOSTILE, REVOKED],
];

for (const [index, details] of UNSENDABLE.entries()) {
  Deno.test(`details that are no JSON object are a fault (${index})`, async () => {
    const error = new ApplicationError("full", { details: details as object });
    assert(await fault(error) instanceof Error);
  });
}

Deno.test("an error whose properties throw is a fault", async () => {
  const error = new ApplicationError("full");
  const thrown = new Error("no");
  const get = () => {
    throw thrown;
  };
  for (const property of ["kind", "message"]) {
    const broken = Object.defineProperty(error, property, {
      get,
      configurable: true,
    });
    assert.equal(await fault(broken), thrown);
  }
});

Deno.test("details that do not fit into maxBuffered are not sent", async () => {
  const details = { text: "x".repeat(1_000) };
  const error = new ApplicationError("full", { details });
  assert.deepEqual(await sent(error, undefined, 1_000), {
    exc: "full",
    message: "full",
    application: { kind: "full" },
  });
  const rules = { maxBuffered: 1_000 };
  const { answer } = await ApplicationAnswer.for(error as never, rules);
  assert(ApplicationAnswer.is(answer) && answer.isCut);
  const { answer: whole } = await ApplicationAnswer.for(
    error as never,
    NO_LIMIT,
  );
  assert(ApplicationAnswer.is(whole) && !whole.isCut);
});

Deno.test("ApplicationAnswer.is() recognizes only its instances", async () => {
  const { answer } = await ApplicationAnswer.for(
    new ApplicationError("full"),
    NO_LIMIT,
  );
  assert(ApplicationAnswer.is(answer));
  const others = [undefined, 1, {}, HOSTILE, REVOKED, new Error("no")];
  assert(!others.some(ApplicationAnswer.is));
});
