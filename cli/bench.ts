/**
 * The command `bench`, which puts one server or two under load.
 *
 * @module
 */

import { ErrorCode, ResponseError } from "../common/errors.ts";
import type { JsonObject } from "../common/json.ts";
import { cutUrl } from "../common/url.ts";
import {
  Load,
  type LoadPlan,
  type LoadTarget,
  type Round,
} from "./bench_load.ts";
import {
  compare,
  explainLimit,
  formatComparison,
  formatCount,
  formatResult,
  type Result,
  summarize,
  toJson,
} from "./bench_report.ts";
import type { ClientLogger } from "../client.ts";
import type { CommandInput } from "./command.ts";
import { checkUrl, completeUrl, readLogin } from "./connect.ts";
import type { CommandContext } from "./context.ts";
import { readData } from "./data.ts";
import type { BENCH_FLAGS } from "./client_flags.ts";
import { clientExitCode } from "./exit_code.ts";
import { Output } from "./output.ts";
import { UsageError } from "./parse.ts";
import { Warnings } from "./warnings.ts";

type Input = CommandInput<typeof BENCH_FLAGS>;

/** How long a server warms up at most, in milliseconds. */
const WARM_UP = 1_000;

/** The most pairs of rounds of two servers. */
const MAX_PAIRS = 30;

/** Puts servers under load, and prints the results; returns the exit code. */
export async function run(
  input: Input,
  context: CommandContext,
): Promise<number> {
  return await clientExitCode(context, async (signal) => {
    const plan = await planOf(input, context);
    const progress = new Progress(input, context);
    const output = new Output(input.flags, context);
    using warnings = new Warnings((line) => {
      progress.clear();
      output.progress(line);
    });
    const targets = await targetsOf(input, context, warnings);
    try {
      const results = await measure(targets, plan, { input, progress, signal });
      progress.clear();
      printResults(results, output, context);
    } catch (error) {
      progress.clear();
      const explanation = explainLimit(error) ?? explainName(error, input);
      if (explanation !== undefined) {
        Object(error).message += `\n${explanation}`;
      }
      throw error;
    }
  });
}

/** Explains why a server refuses a load because of its name. */
function explainName(error: unknown, { words }: Input): string | undefined {
  if (!(error instanceof ResponseError)) return undefined;
  switch (error.code) {
    case ErrorCode.INVALID_CONTENT:
    case ErrorCode.FORBIDDEN:
      return words.length === 0 ? NAMELESS : undefined;
    case ErrorCode.UNSUPPORTED_OPERATION:
      return "'bench' cannot measure streams. Pass the name of another operation.";
  }
  return undefined;
}

const NAMELESS =
  "Without NAME, 'bench' sends the message 'bench', which this server does not accept. Pass the name of an operation, or --message and the name of a message.";

async function planOf(
  { flags, words: [name, ...fields] }: Input,
  context: CommandContext,
): Promise<LoadPlan> {
  const { connections, concurrency, rate, message } = flags;
  if (message && name === undefined) {
    throw new UsageError("Option --message needs the argument NAME.");
  }
  return {
    kind: message || name === undefined ? "message" : "operation",
    name: name ?? "bench",
    data: await dataOf(fields, flags, context),
    ...{ connections, concurrency, rate },
  };
}

async function dataOf(
  fields: readonly string[],
  { data, size }: Input["flags"],
  context: CommandContext,
): Promise<JsonObject> {
  const hasData = fields.length > 0 || data !== undefined;
  if (hasData) return await readData(fields, data, context);
  return size === 0 ? {} : { text: "x".repeat(size) };
}

async function targetsOf(
  { flags }: Input,
  context: CommandContext,
  logger: ClientLogger,
): Promise<readonly LoadTarget[]> {
  const { versus, versusTokenFile: tokenFile } = flags;
  const url = versus && checkUrl(completeUrl(versus));
  const login = await readLogin(flags, context);
  const { connect } = context;
  const first = { ...login, connect, logger };
  if (url === undefined) return [first];
  if (tokenFile === undefined) return [first, { ...first, url }];
  const { token: _, ...others } = flags;
  const { token } = await readLogin(
    { ...others, tokenFile },
    context,
    "--versus-token-file",
  );
  return [first, { ...first, url, token }];
}

/** What a measurement needs. */
interface Measuring {
  readonly input: Input;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

async function measure(
  targets: readonly LoadTarget[],
  plan: LoadPlan,
  { input: { flags: { seconds } }, progress, signal }: Measuring,
): Promise<readonly Result[]> {
  await using stack = new AsyncDisposableStack();
  const loads: Load[] = [];
  for (const target of targets) {
    progress.show(`connecting to ${shownUrl(target)}`);
    loads.push(stack.use(await Load.connect(target, plan, signal)));
  }
  for (const [index, load] of loads.entries()) {
    progress.show(`warming up ${shownUrl(targets[index]!)}`);
    await load.run(Math.min(WARM_UP, seconds * 250), signal);
  }
  const count = targets.length === 1 ? 1 : Math.min(seconds, MAX_PAIRS);
  const duration = seconds * 1_000 / count;
  const rounds: Round[][] = targets.map(() => []);
  for (let pair = 0; pair < count; pair++) {
    const order = [...loads.keys()];
    // The first of two servers can have an advantage.
    if (pair % 2 === 1) order.reverse();
    for (const index of order) {
      progress.begin(shownUrl(targets[index]!), { pair, count, duration });
      const onProgress = (count: number) => progress.update(count);
      rounds[index]!.push(
        await loads[index]!.run(duration, signal, onProgress),
      );
    }
  }
  return targets.map((target, index) =>
    summarize(shownUrl(target), rounds[index]!)
  );
}

/** Returns a URL without what can be a secret in it. */
function shownUrl({ url }: LoadTarget): string {
  return String(cutUrl(url));
}

function printResults(
  results: readonly Result[],
  output: Output,
  context: CommandContext,
): void {
  const [first, second] = results;
  const comparison = second && compare(first!, second);
  if (output.isJson) {
    for (const result of results) output.line(toJson(result));
    if (comparison !== undefined) output.line({ comparison });
    return;
  }
  const parts = results.map(formatResult);
  if (comparison !== undefined) {
    parts.push(formatComparison(first!, second!, comparison));
  }
  context.print(parts.join("\n\n"));
}

/** The place of a round among all rounds. */
interface Turn {
  readonly pair: number;
  readonly count: number;
  /** In milliseconds */
  readonly duration: number;
}

/** Shows the progress in one line of the terminal. */
class Progress {
  readonly #context: CommandContext;
  readonly #isShown: boolean;
  #subject = "";
  #turn: Turn = { pair: 0, count: 1, duration: 0 };
  #start = 0;

  constructor({ flags: { quiet } }: Input, context: CommandContext) {
    this.#context = context;
    this.#isShown = context.isTerminal && !quiet;
  }

  begin(subject: string, turn: Turn): void {
    this.#subject = subject;
    this.#turn = turn;
    this.#start = performance.now();
    this.update(0);
  }

  update(count: number): void {
    const { pair, count: pairs, duration } = this.#turn;
    const time = Math.max(1, performance.now() - this.#start);
    const round = pairs === 1 ? "" : `round ${pair + 1} of ${pairs}, `;
    const rate = formatCount(count / time * 1_000);
    this.show(
      `${round}${this.#subject}: ${(time / 1_000).toFixed(0)} of ${
        (duration / 1_000).toFixed(0)
      } s, ${formatCount(count)} requests, ${rate}/s`,
    );
  }

  show(line: string): void {
    if (!this.#isShown) return;
    // A line that is wider than the terminal must not begin another one.
    this.#context.writeError(`\x1b[?7l\r\x1b[K${line}\x1b[?7h`);
  }

  clear(): void {
    if (this.#isShown) this.#context.writeError("\r\x1b[K");
  }
}
