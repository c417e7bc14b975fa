/**
 * The guard of the admin contract.
 *
 * @module
 */

import { isPromiseLike, settlesWithin } from "../common/async.ts";
import { LogThrottle } from "../common/rate_limiter.ts";
import type { JsonObject } from "../common/json.ts";
import { notAllowed } from "../protocol/request_error.ts";
import type { AdminCandidate, AdminRules } from "./admin_options.ts";
import type { Log } from "./log.ts";
import type { Client } from "./message.ts";

/** The beginning of all names of the admin contract. */
const PREFIX = "hoist.admin.";

/** The number of failures of the function `admin` that are logged at once. */
const MAX_LINES = 20;

const LINES_PER_SECOND = 1;

/** What the guard needs of its server. */
export interface AdminGuardParts {
  readonly log: Log;
  readonly rules: AdminRules;
  /** How long the function `admin` has to decide, in milliseconds */
  readonly timeout: number;
  /** Returns whether a client has logged in with the token of an admin. */
  hasAdminToken(client: Client): boolean;
  /** Called when a client becomes an admin, and when it is none any more. */
  onChanged(client: Client, isAdmin: boolean): void;
}

/** A request of a client, as admins see it. */
export interface TappedRequest {
  readonly kind: "message" | "operation" | "stream";
  readonly name: string;
  readonly data: JsonObject;
}

/** Something that the server has sent, as admins see it. */
export interface TappedEvent {
  readonly kind: "event" | "broadcast" | "publish";
  readonly name: string;
  readonly data: JsonObject;
  /** The id of the client that gets it; `null` if there is no single one */
  readonly client: number | null;
  /** The room; `null` if it is not for a room */
  readonly room: string | null;
  /** What became of it, such as `ok` */
  readonly result: string;
}

/**
 * Called at the end of a request.
 *
 * @param failure The error that answers the request; `undefined` if there is none
 */
export type OnRequestEnded = (failure?: { readonly error: unknown }) => void;

/** Receives what a server receives, handles and sends. No function throws. */
export interface EventSink {
  /**
   * Called when a request of a client begins.
   *
   * @returns What to call at its end; `undefined` if no admin wants to see it
   */
  begin(request: TappedRequest, client: Client): OnRequestEnded | undefined;
  /** Called when the server has sent something that is no response. */
  sent(event: TappedEvent): void;
}

/** The operations and the streams of the admin contract. */
export interface AdminOperations<Operation> {
  /** Returns an operation; `undefined` if it does not exist. */
  find(name: string): Operation | undefined;
}

/** A decision of the function `admin` about one client. */
interface Decision {
  /** Does not reject */
  readonly result: Promise<boolean>;
  /** Whether the client has renewed its token since */
  isOutdated: boolean;
}

/** Lets only admins use the admin contract, whose names all others cannot tell apart. */
export class AdminGuard<Operation> {
  readonly rules: AdminRules;
  /** What shows admins the events of the server; `undefined` while no admin reads them */
  sink: EventSink | undefined;
  readonly #parts: AdminGuardParts;
  readonly #lines = new LogThrottle(LINES_PER_SECOND, MAX_LINES);
  /** The clients that the function `admin` has accepted last */
  readonly #accepted = new WeakSet<Client>();
  /** The decisions of the function `admin` that are not made yet */
  readonly #decisions = new WeakMap<Client, Decision>();
  /** What to call when a client with streams is no admin any more */
  readonly #watchers = new Map<Client, Set<() => void>>();
  #loading: Promise<AdminOperations<Operation>> | undefined;
  #operations: AdminOperations<Operation> | undefined;

  /** Constructs an `AdminGuard`. */
  constructor(parts: AdminGuardParts) {
    this.#parts = parts;
    this.rules = parts.rules;
  }

  /** Loads the operations. Called once, when the server is created. */
  load(load: () => Promise<AdminOperations<Operation>>): void {
    this.#loading = load();
    this.#loading.then(
      (operations) => this.#operations = operations,
      (error) =>
        this.#parts.log.exception(
          "the admin contract could not be loaded",
          error,
        ),
    );
  }

  /** Whether a name belongs to the admin contract, known or not. */
  covers(name: string): boolean {
    return name.startsWith(PREFIX);
  }

  /** Returns an operation of the admin contract, after `enter`. */
  find(name: string): Operation | undefined {
    return this.#operations?.find(name);
  }

  /** Called when a client has logged in. */
  onConnected(client: Client): void {
    if (this.#parts.hasAdminToken(client)) this.#report(client);
  }

  /** Whether a client is an admin, as far as the server knows without asking again. */
  knows(client: Client): boolean {
    return this.#parts.hasAdminToken(client) || this.#accepted.has(client);
  }

  /**
   * Checks that a client can use the admin contract.
   *
   * @returns A promise only if something has to be awaited
   *
   * @throws {RequestError} If the client is no admin; the promise rejects with it
   */
  enter(client: Client): void | Promise<void> {
    const isLoaded = this.#operations !== undefined;
    if (isLoaded && this.#parts.hasAdminToken(client)) return;
    return this.#enterLater(client);
  }

  /**
   * Calls a function when a client is no admin any more, because it has renewed its token.
   *
   * @returns A `Disposable` that removes the function
   */
  watch(client: Client, onLost: () => void): Disposable {
    const watchers = this.#watchers.get(client) ?? new Set();
    this.#watchers.set(client, watchers.add(onLost));
    return {
      [Symbol.dispose]: () => {
        watchers.delete(onLost);
        const isLast = watchers.size === 0 &&
          this.#watchers.get(client) === watchers;
        if (isLast) this.#forget(client);
      },
    };
  }

  /** Called when a client has no stream that shows it anything. */
  #forget(client: Client): void {
    this.#watchers.delete(client);
    this.#report(client);
  }

  /** Reports whether a client is an admin. It counts as one while a stream shows it anything. */
  #report(client: Client): void {
    const isAdmin = this.knows(client) || this.#watchers.has(client);
    this.#parts.onChanged(client, isAdmin);
  }

  /** Called when a client has renewed its token: it can be another one now. */
  onRenewed(client: Client): void {
    this.#accepted.delete(client);
    const pending = this.#decisions.get(client);
    if (pending !== undefined) pending.isOutdated = true;
    this.#decisions.delete(client);
    this.#report(client);
    if (this.#watchers.has(client)) void this.#checkAgain(client);
  }

  async #checkAgain(client: Client): Promise<void> {
    if (await this.#isAdmin(client)) return;
    for (const onLost of this.#watchers.get(client) ?? []) onLost();
    // A stream without credit can remain open, but it has no further items.
    this.#forget(client);
  }

  async #enterLater(client: Client): Promise<void> {
    if (!await this.#isAdmin(client)) {
      throw notAllowed("the client is not an admin");
    }
    await this.#loading;
  }

  async #isAdmin(client: Client): Promise<boolean> {
    if (this.#parts.hasAdminToken(client)) return true;
    // All requests of a client wait for the same decision, because no other limit counts them.
    const decision = this.#decisions.get(client) ?? this.#begin(client);
    const isAccepted = await decision.result;
    // A decision about the last token must not count for a new one.
    if (decision.isOutdated) return false;
    if (isAccepted) this.#accepted.add(client);
    else this.#accepted.delete(client);
    this.#report(client);
    return isAccepted;
  }

  #begin(client: Client): Decision {
    const result = this.decide(candidateOf(client));
    const decision = { result, isOutdated: false };
    this.#decisions.set(client, decision);
    void decision.result.then(() => {
      if (!decision.isOutdated) this.#decisions.delete(client);
    });
    return decision;
  }

  /** Asks the application about a client, or about an HTTP request. Does not throw. */
  async decide(candidate: AdminCandidate): Promise<boolean> {
    const { rules: { decide }, timeout } = this.#parts;
    if (decide === undefined) return false;
    try {
      const decision = decide(candidate);
      if (isPromiseLike(decision)) {
        const deciding = Promise.resolve(decision);
        if (!await settlesWithin(deciding, timeout)) throw tookTooLong(timeout);
        return assertDecision(await deciding);
      }
      return assertDecision(decision);
    } catch (error) {
      this.#logFailure(candidate, error);
      return false;
    }
  }

  /** Logs a failure. Throttled, because each client can cause it. */
  #logFailure({ address }: AdminCandidate, error: unknown): void {
    const line = this.#lines.pass(`${address}: the function 'admin' failed`);
    if (line !== undefined) this.#parts.log.exception(line, error);
  }
}

function candidateOf(client: Client): AdminCandidate {
  const { identity, user, address } = client;
  return { identity, user, address, client };
}

function assertDecision(decision: unknown): boolean {
  if (typeof decision === "boolean") return decision;
  throw new TypeError(
    `'admin' returned a value of type ${typeof decision}. Return true or false.`,
  );
}

function tookTooLong(timeout: number): Error {
  return new Error(
    `'admin' has not decided within ${timeout} ms. Decide faster, or raise 'limits.loginTimeout'.`,
  );
}
