/**
 * The state that the nodes of a deployment share, in a stream of NATS with one message for each
 * key. All requests go to the server of NATS that leads the stream, so that each node sees the
 * last change.
 *
 * @module
 */

import { callApi, hasCode, JetStreamCode, store } from "./nats_api.ts";
import { ensureStream } from "./nats_ensure.ts";
import { failure, NobodyListensError } from "./nats_errors.ts";
import type { NatsLink } from "./nats_link.ts";
import type { Headers } from "./nats_outbox.ts";

/** How often a key is created, if others create and delete it at the same time. */
const MAX_ATTEMPTS = 10;

/** The maximum number of requests at the same time. */
const MAX_READS = 32;

/** The parts of an answer with a message. */
interface StoredValue {
  readonly message?: { readonly data?: unknown; readonly seq?: unknown };
}

/** A value, and its number in the stream. */
interface Known {
  readonly value: string;
  readonly sequence: number;
}

/** What a state is for. */
export interface StateKind {
  /** Ends the name of its stream */
  readonly name: string;
  /** The token of its subjects, after the prefix */
  readonly token: string;
  readonly description: string;
  readonly storage: "file" | "memory";
  /** How long a value is kept, in milliseconds; 0 for no limit */
  readonly maxAge: number;
}

/** What all nodes must know, even if they were away. */
const SHARED: StateKind = {
  name: "state",
  token: "k",
  description: "Shared state of the servers of Hoist.",
  storage: "file",
  maxAge: 0,
};

/** The shared state of a deployment. */
export class NatsState {
  readonly #link: NatsLink;
  readonly #kind: StateKind;
  readonly #name: string;
  readonly #prefix: string;

  /** Constructs a `NatsState`. */
  constructor(link: NatsLink, kind: StateKind = SHARED) {
    const { prefix } = link.options;
    this.#link = link;
    this.#kind = kind;
    this.#name = `HOIST-${prefix}-${kind.name}`;
    this.#prefix = `${prefix}.${kind.token}.`;
  }

  /** Stores a value. */
  async put(key: string, value: string): Promise<void> {
    await this.#store(key, value, {});
  }

  /**
   * Stores a value unless there is one.
   *
   * @param isOver Whether another value no longer counts, so that it is replaced
   * @returns The value that the key has now
   */
  async create(
    key: string,
    value: string,
    isOver: (known: string) => boolean = () => false,
  ): Promise<string> {
    let last = 0;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      try {
        await this.#store(key, value, {
          "Nats-Expected-Last-Subject-Sequence": String(last),
        });
        return value;
      } catch (error) {
        if (!hasCode(error, JetStreamCode.wrongLastSequence)) throw error;
      }
      const known = await this.#get(key);
      if (known !== undefined && !isOver(known.value)) return known.value;
      last = known?.sequence ?? 0;
    }
    throw failure("create a value", "others change it all the time");
  }

  /** Returns the values of all keys with a prefix. */
  async list(prefix: string): Promise<ReadonlyMap<string, string>> {
    const keys = (await this.#keys()).filter((key) => key.startsWith(prefix));
    const values = new Map<string, string>();
    const rest = keys.values();
    const work = async () => {
      for (const key of rest) {
        const known = await this.#get(key);
        if (known !== undefined) values.set(key, known.value);
      }
    };
    await Promise.all(Array.from({ length: MAX_READS }, work));
    return values;
  }

  /** Deletes a key. */
  async delete(key: string): Promise<void> {
    const filter = this.#prefix + key;
    await this.#use(() =>
      callApi(this.#link, `STREAM.PURGE.${this.#name}`, { filter })
    );
  }

  async #store(key: string, value: string, headers: Headers): Promise<void> {
    const subject = this.#prefix + key;
    await this.#use(() => store(this.#link, subject, value, headers));
  }

  async #get(key: string): Promise<Known | undefined> {
    const body = { last_by_subj: this.#prefix + key };
    try {
      const { message } = await callApi<StoredValue>(
        this.#link,
        `STREAM.MSG.GET.${this.#name}`,
        body,
      );
      return {
        value: decode(message?.data ?? ""),
        sequence: Number(message?.seq),
      };
    } catch (error) {
      if (hasCode(error, JetStreamCode.messageNotFound)) return undefined;
      throw error;
    }
  }

  /** Returns all keys, page by page. */
  async #keys(): Promise<readonly string[]> {
    const keys: string[] = [];
    for (let offset = 0;;) {
      const body = { subjects_filter: `${this.#prefix}*`, offset };
      const { state, total = 0 } = await this.#use(() =>
        callApi<{ state?: { subjects?: object }; total?: number }>(
          this.#link,
          `STREAM.INFO.${this.#name}`,
          body,
        )
      );
      const page = Object.keys(state?.subjects ?? {});
      keys.push(...page.map((subject) => subject.slice(this.#prefix.length)));
      offset += page.length;
      if (page.length === 0 || offset >= total) return keys;
    }
  }

  /** Uses the stream, which is created if nobody has. */
  async #use<Result>(run: () => Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (error) {
      const isMissing = error instanceof NobodyListensError ||
        hasCode(error, JetStreamCode.streamNotFound);
      if (!isMissing) throw error;
    }
    const { description, storage, maxAge } = this.#kind;
    await ensureStream(this.#link, {
      ...{ name: this.#name, description, storage },
      subjects: [`${this.#prefix}*`],
      max_age: maxAge * 1_000_000,
      max_msgs_per_subject: 1,
      num_replicas: this.#link.options.replicas,
    });
    return await run();
  }
}

function decode(base64: unknown): string {
  try {
    return new TextDecoder().decode(Uint8Array.fromBase64(String(base64)));
  } catch {
    throw failure("read the shared state", "NATS answered nonsense");
  }
}
