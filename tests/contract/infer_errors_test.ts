/** Tests of the types of declared errors. */

import { z } from "zod";
import {
  type ApplicationError,
  defineContract,
  isApplicationError,
  type JsonObject,
  Server,
} from "../../mod.ts";
import type { NoData } from "../../contract/infer.ts";
import { assertSameType } from "../support/same_type.ts";
import { compiles } from "../support/typed_contract.ts";

const errors = {
  sold_out: z.object({ left: z.string().transform(Number) }),
  late: z.object({ at: z.date() }),
  any: z.object({ n: z.number().optional() }),
  closed: null,
};

const contract = defineContract({
  messages: { seat: { errors }, bare: z.object({}), ping: {} },
  operations: { buy: { errors }, rows: { yields: z.int(), errors }, none: {} },
});

/** A server with the contract; the tests of types never run. */
const serverOf = () => new Server<unknown, typeof contract>("test");

Deno.test("errors makes the errors that the operation declares", () => {
  compiles(() => {
    const server = serverOf();
    server.operation("buy", (_data, { errors }) => {
      const error = errors.sold_out({ left: "3" }, { message: "no" });
      assertSameType<typeof error.kind, "sold_out">(true);
      assertSameType<typeof error.details, { left: string }>(true);
      errors.any();
      errors.closed();
      errors.closed({}, { cause: 1 });
      // @ts-expect-error: there is no such error
      errors.sold();
      // @ts-expect-error: the details are missing
      errors.sold_out();
      // @ts-expect-error: the details have another type
      errors.sold_out({ left: 3 });
      // @ts-expect-error: the error has no details
      errors.closed({ left: 3 });
      // @ts-expect-error: there is no such option
      errors.closed({}, { details: {} });
    });
    server.operation("rows", async function* (_data, { errors }) {
      yield 1;
      throw errors.late({ at: new Date() });
    });
    server.operation("none", (_data, { errors }) => {
      // @ts-expect-error: the operation declares no errors
      throw errors.closed();
    });
  });
});

Deno.test("errors makes the errors that the message declares", () => {
  compiles(() => {
    const server = serverOf();
    server.receive("seat", ({ errors }) => {
      // @ts-expect-error: there is no such error
      errors.sold();
      throw errors.sold_out({ left: "3" });
    });
    server.receive(["bare", "ping"], ({ errors }) => {
      // @ts-expect-error: the messages declare no errors
      throw errors.closed();
    });
    server.receive((message) => {
      if (message.name === "seat") throw message.errors.closed();
    });
  });
});

Deno.test("without a contract, only the schemas of an operation declare errors", () => {
  compiles(() => {
    const server = new Server("test");
    server.operation("buy", { errors }, (_data, { errors }) => {
      // @ts-expect-error: there is no such error
      errors.sold();
      throw errors.sold_out({ left: "3" });
    });
    server.operation("none", (_data, { errors }) => {
      // @ts-expect-error: nothing is declared
      throw errors.closed();
    });
    server.receive("none", ({ errors }) => {
      // @ts-expect-error: nothing is declared
      throw errors.closed();
    });
  });
});

Deno.test("isApplicationError() narrows the type of the error", () => {
  compiles(() => {
    const { buy } = contract.operations;
    const error: unknown = undefined;
    if (isApplicationError(error)) {
      assertSameType<typeof error, ApplicationError>(true);
      assertSameType<typeof error.details, JsonObject>(true);
    }
    if (isApplicationError(error, "full")) {
      assertSameType<typeof error, ApplicationError<"full">>(true);
    }
    if (isApplicationError(error, buy, "sold_out")) {
      // The client receives the output of the schema, as JSON.
      assertSameType<typeof error.details, { left: number }>(true);
      assertSameType<typeof error.kind, "sold_out">(true);
    }
    if (isApplicationError(error, buy, "late")) {
      assertSameType<typeof error.details, { at: string }>(true);
    }
    if (isApplicationError(error, buy, "closed")) {
      assertSameType<typeof error.details, NoData>(true);
    }
    if (isApplicationError(error, contract.messages.seat)) {
      if (error.kind === "sold_out") {
        assertSameType<typeof error.details, { left: number }>(true);
      }
    }
    // @ts-expect-error: the operation does not declare it
    isApplicationError(error, buy, "sold");
    // @ts-expect-error: the operation declares no errors
    isApplicationError(error, contract.operations.none, "sold_out");
    // @ts-expect-error: the message declares no errors
    isApplicationError(error, contract.messages.bare);
  });
});
