/** What must come back for requests, streams above all: what goes right, and wrong. */

import assert from "node:assert/strict";
import { SUCCESS } from "../support/raw_client.ts";
import type { Request } from "./actions.ts";
import type { Answer } from "./response_steps.ts";
import { expectationOf, refusal } from "./expectations.ts";
import { Outstanding } from "./pending_requests.ts";
import type { Fate } from "./stream_responses.ts";
import { Violation } from "./violation.ts";

/** The requests of a client, and a host that says what its generators do. */
class Sample {
  fate: Fate | undefined;
  readonly notes: string[] = [];
  readonly outstanding = new Outstanding();

  /** Asks for a stream under the id 1. */
  stream(name: string, credit: number, n = 3): void {
    const data = { n, mark: "mark 1" };
    this.#ask({ kind: "stream", id: 1, name, data, credit });
  }

  /** Calls an operation under the id 1. */
  operation(name: string): void {
    this.#ask({ kind: "operation", id: 1, name, data: {} });
  }

  items(...items: readonly unknown[]): void {
    this.#take({ message: "items", data: { items } });
  }

  done(): void {
    this.#take({ message: "done" });
  }

  error(code: number): void {
    this.#take({ success: false, code, message: "…" });
  }

  #ask(request: Request): void {
    const witness = {
      fateOf: () => this.fate,
      note: (what: string) => void this.notes.push(what),
    };
    const terms = { features: ["stream"], witness };
    const sent = { nth: 1, isSafe: true };
    this.outstanding.add(expectationOf(request, terms), sent);
  }

  #take(answer: Partial<Answer>): void {
    this.outstanding.take({ ...SUCCESS, id: 1, ...answer });
  }
}

Deno.test("items come in their order, and then the end", () => {
  const sample = new Sample();
  sample.stream("rows", 4);
  sample.items({ n: 0 }, { n: 1 });
  assert.throws(() => sample.done(), Violation);
  sample.items({ n: 2 });
  assert(!sample.outstanding.isSettled);
  sample.done();
  assert(sample.outstanding.isSettled);
  assert.throws(() => sample.items({ n: 3 }), /nobody asked/);
});

Deno.test("an item is not left out, doubled or swapped", () => {
  for (
    const items of [[{ n: 1 }], [{ n: 0 }, { n: 0 }], [{ n: 1 }, { n: 0 }]]
  ) {
    const sample = new Sample();
    sample.stream("rows", 4);
    assert.throws(() => sample.items(...items), Violation);
  }
});

Deno.test("there are no more items than the client takes", () => {
  const sample = new Sample();
  sample.stream("endless", 1);
  assert.throws(() => sample.items({ n: 0 }, { n: 1 }), /credit was 1/);
});

Deno.test("nothing is due of a stream that waits for its client", () => {
  const sample = new Sample();
  sample.stream("endless", 1);
  assert(!sample.outstanding.isSettled);
  sample.items({ n: 0 });
  assert(sample.outstanding.isSettled);
  assert(sample.outstanding.grant(1, 1));
  assert(!sample.outstanding.isSettled);
  sample.items({ n: 1 });
  assert(sample.outstanding.cancel(1));
  assert(!sample.outstanding.isSettled);
  sample.done();
  assert(sample.outstanding.isSettled);
  assert(!sample.outstanding.grant(1, 1));
});

Deno.test("a stream is not over before its generator is, or if that has failed", () => {
  for (const fate of ["running", "failed"] as const) {
    const sample = new Sample();
    sample.stream("endless", 1);
    sample.outstanding.cancel(1);
    sample.fate = fate;
    assert.throws(() => sample.done(), Violation);
  }
});

Deno.test("a stream fails after all that came before", () => {
  const sample = new Sample();
  sample.stream("breaks", 9, 1);
  assert.throws(() => sample.error(6), Violation);
  const other = new Sample();
  other.stream("breaks", 9, 1);
  other.items({ n: 0 });
  other.error(6);
  assert(other.outstanding.isSettled);
});

Deno.test("a stream goes on whose id somebody else wants", () => {
  const sample = new Sample();
  sample.stream("endless", 1);
  sample.stream("rows", 9);
  sample.outstanding.add(refusal(1, [2], "credit"));
  sample.error(2);
  sample.items({ n: 0 });
  sample.error(2);
  assert(sample.outstanding.isSettled);
  assert.throws(() => sample.error(2), Violation);
});

Deno.test("where two have the same id, each ends once", () => {
  const sample = new Sample();
  sample.stream("rows", 9);
  sample.operation("throw");
  sample.items({ n: 0 }, { n: 1 });
  sample.error(6);
  assert(!sample.outstanding.isSettled);
  sample.items({ n: 2 });
  sample.done();
  assert(sample.outstanding.isSettled);
  assert.throws(() => sample.done(), /nobody asked/);
});

Deno.test("what gives a stream gives no result, and the other way round", () => {
  const sample = new Sample();
  sample.operation("rows");
  sample.error(7);
  sample.stream("echo", 1);
  sample.error(7);
  sample.stream("nowhere", 1);
  sample.error(5);
  assert(sample.outstanding.isSettled);
});
