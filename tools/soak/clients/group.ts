/**
 * A group of clients in one process, which start and stop together.
 *
 * @module
 */

import type { GroupOptions } from "../commands.ts";
import type { Problems } from "../problems.ts";
import { Random } from "../random.ts";
import { Tally } from "./tally.ts";
import type { Visit } from "./visit.ts";

/** The clients of a group. `Result` is what each of them returns at its end. */
export abstract class Group<Result> {
  readonly tally = new Tally();
  protected readonly options: GroupOptions;
  readonly #problems: Problems;
  #running: Promise<Result>[] = [];
  #isOver = true;
  #starts = 0;

  constructor(options: GroupOptions, problems: Problems) {
    this.options = options;
    this.#problems = problems;
  }

  /** Starts all clients. */
  start(): void {
    this.#isOver = false;
    this.#starts++;
    const { clients } = this.options;
    this.#running = Array.from({ length: clients }, (_, n) => this.run(n));
  }

  /** Lets all clients finish. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.finish(await Promise.all(this.#running));
  }

  /** Runs one client until the end. */
  protected abstract run(index: number): Promise<Result>;

  /** Called when all clients have ended. */
  protected abstract finish(results: readonly Result[]): Promise<void>;

  /** Whether the clients should end */
  protected get isOver(): boolean {
    return this.#isOver;
  }

  /** Creates a visit of a client, whose random numbers depend on all parts of its name. */
  protected visitOf(...path: readonly (number | string)[]): Visit {
    const { port, seed, name } = this.options;
    const names = [name, this.#starts, ...path];
    return {
      port,
      name: names.join("."),
      random: Random.of(seed, ...names),
      tally: this.tally,
      isOver: () => this.#isOver,
      report: this.report,
    };
  }

  /**
   * Runs a function, and reports its failure.
   *
   * @param what What the function does, for the report
   * @param run The function
   */
  protected async attempt<Value>(
    what: string,
    run: () => Promise<Value>,
  ): Promise<Value | undefined> {
    try {
      return await run();
    } catch (error) {
      const stack = error instanceof Error ? error.stack : Deno.inspect(error);
      this.report(`${what} failed: ${stack}`);
    }
  }

  /** Reports a problem. */
  protected readonly report = (problem: string): void =>
    this.#problems.add(problem);
}
