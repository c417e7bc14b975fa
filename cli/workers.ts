/**
 * The flag `--workers`: starts processes that share a port, and keeps them running.
 *
 * @module
 */

import { aborted, settlesWithin } from "../common/async.ts";
import { HoistError } from "../common/errors.ts";
import type { LogEntry } from "../common/log_format.ts";
import { MAX_FAILURES, Restarts } from "./restarts.ts";
import type { ServeSettings } from "./settings.ts";
import { workerPermissions } from "./worker_permissions.ts";
import { WorkerProcess } from "./worker_process.ts";

/** What a server that was started for a moment has chosen. */
export interface TriedServer {
  readonly token: string;
  readonly port: number;
  readonly url: string;
}

/** What the workers need of the process that starts them. */
export interface WorkersHost {
  /** Aborts when the workers are to end */
  readonly signal: AbortSignal;
  /** Logs a line about the workers */
  readonly log: (note: LogEntry) => void;
  /** Called with the URL of the server when the first worker listens */
  readonly onListening: (url: string) => void;
  /** Starts a server for a moment */
  readonly tryServer: (settings: ServeSettings) => Promise<TriedServer>;
}

/**
 * Runs several processes with one server each, until the signal aborts.
 *
 * @param count How many
 * @param settings The settings of all servers
 * @param host What the workers need of this process
 *
 * @throws {TypeError} If there are several without a broker
 * @throws {HoistError} If they cannot be started, or one of them fails again and again
 */
export async function runWorkers(
  count: number,
  settings: ServeSettings,
  host: WorkersHost,
): Promise<void> {
  assertSupported(count, settings);
  const plan = await makePlan(settings, host);
  host.signal.throwIfAborted();
  await new Supervisor(plan, host).run(count);
}

function assertSupported(count: number, { broker }: ServeSettings): void {
  if (count > 1 && broker === undefined) {
    throw new TypeError(
      "Cannot start the workers: without a broker, a broadcast reaches only the clients of one of them. Pass the URL of NATS or Redis with --broker.",
    );
  }
  if (Deno.build.os === "linux") return;
  throw new HoistError(
    "Cannot start the workers: only Linux shares a port between processes. Run without --workers.",
  );
}

/** How the workers are started. */
interface Plan {
  readonly url: string;
  readonly permissions: readonly string[];
  /** The settings of the worker that writes the startup line */
  readonly first: ServeSettings;
  /** The settings of all other workers, also of those that are restarted */
  readonly next: ServeSettings;
}

/**
 * Generates the token, selects the port, and throws the errors that each worker would throw.
 * Unlike the workers, the server of `tryServer` does not share the port, so that another program
 * with the same port is noticed.
 */
async function makePlan(
  settings: ServeSettings,
  { tryServer }: WorkersHost,
): Promise<Plan> {
  const { options, broker } = settings;
  const { token, port, url } = await tryServer(settings);
  const isGenerated = settings.token === undefined && !options.hideToken;
  const shared = { ...options, port, reusePort: true };
  const showToken = isGenerated || options.showToken;
  return {
    url,
    permissions: workerPermissions(options.hostname, port, broker),
    first: { ...settings, token, options: { ...shared, showToken } },
    next: { ...settings, token, options: { ...shared, logStartup: false } },
  };
}

/** How long the workers have to end, in milliseconds: more than a server needs to close. */
const STOP_LIMIT = 10_000;

/** Keeps the workers running. */
class Supervisor {
  readonly #plan: Plan;
  readonly #host: WorkersHost;
  readonly #failure = new AbortController();
  readonly #signal: AbortSignal;
  /** Rejects when the workers are to end */
  readonly #aborted: Promise<never>;
  readonly #running = new Set<WorkerProcess>();

  constructor(plan: Plan, host: WorkersHost) {
    this.#plan = plan;
    this.#host = host;
    this.#signal = AbortSignal.any([host.signal, this.#failure.signal]);
    this.#aborted = aborted(this.#signal);
    this.#aborted.catch(() => {});
  }

  /** Starts the first worker, and the others when it listens. Resolves when all have ended. */
  async run(count: number): Promise<void> {
    const kill = () => this.#running.forEach((worker) => worker.kill());
    // A second Ctrl-C ends this process at once.
    addEventListener("unload", kill);
    try {
      await this.#runAll(count);
    } finally {
      removeEventListener("unload", kill);
    }
  }

  async #runAll(count: number): Promise<void> {
    const started = Promise.withResolvers<void>();
    const workers = [this.#lead(started.resolve)];
    await Promise.race([started.promise, ...workers]);
    for (let number = 2; number <= count && this.#isActive; number++) {
      workers.push(this.#keep(number));
    }
    for (const result of await Promise.allSettled(workers)) {
      if (result.status === "rejected") throw result.reason;
    }
  }

  get #isActive(): boolean {
    return !this.#signal.aborted;
  }

  /** Runs the first worker, whose first start must succeed. */
  async #lead(onStarted: () => void): Promise<void> {
    let isListening = false;
    const end = await this.#run(this.#plan.first, () => {
      isListening = true;
      this.#host.onListening(this.#plan.url);
      onStarted();
    });
    if (!isListening && this.#isActive) {
      throw new HoistError(
        `Cannot start the workers: the first one ${end.reason} before it listened. Its own error precedes this line.`,
      );
    }
    await this.#keep(1, end);
  }

  /** Starts a worker again whenever it ends, until the signal aborts. */
  async #keep(number: number, ended?: WorkerEnd): Promise<void> {
    const restarts = new Restarts();
    let end = ended ?? await this.#run(this.#plan.next);
    while (this.#isActive) {
      const delay = restarts.next(end.lifetime);
      if (delay === undefined) return this.#fail(number, end);
      // A signal for the whole group of processes can reach a worker first.
      await settlesWithin(this.#aborted, delay);
      if (!this.#isActive) return;
      this.#warn(`worker ${number} ${end.reason}, and was restarted`);
      end = await this.#run(this.#plan.next);
    }
  }

  /** Runs a worker until it ends, or has to end. */
  async #run(
    settings: ServeSettings,
    onListening: () => void = () => {},
  ): Promise<WorkerEnd> {
    const start = performance.now();
    const { permissions } = this.#plan;
    const worker = new WorkerProcess(permissions, settings, onListening);
    this.#running.add(worker);
    const stop = () => void this.#stop(worker);
    this.#signal.addEventListener("abort", stop, { once: true });
    const status = await worker.ended;
    this.#signal.removeEventListener("abort", stop);
    this.#running.delete(worker);
    return { reason: reasonOf(status), lifetime: performance.now() - start };
  }

  async #stop(worker: WorkerProcess): Promise<void> {
    if (await worker.stop(STOP_LIMIT)) return;
    this.#warn(`a worker did not end within ${STOP_LIMIT} ms, and was killed`);
  }

  /** Ends all workers, because one of them cannot run. */
  #fail(number: number, { reason }: WorkerEnd): never {
    this.#failure.abort();
    throw new HoistError(
      `Cannot keep the workers running: worker ${number} ${reason}, ${MAX_FAILURES} times in a row. Its own errors precede this line.`,
    );
  }

  #warn(message: string): void {
    this.#host.log({ level: "warn", event: "workers", message });
  }
}

/** How a worker ended. */
interface WorkerEnd {
  /** Such as `was killed by SIGKILL` */
  readonly reason: string;
  /** How long it ran, in milliseconds */
  readonly lifetime: number;
}

function reasonOf({ code, signal }: Deno.CommandStatus): string {
  return signal === null
    ? `ended with the exit code ${code}`
    : `was killed by ${signal}`;
}
