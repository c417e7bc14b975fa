/**
 * The stream of events: what a server receives, handles and sends.
 *
 * @module
 */

import type {
  EventSink,
  OnRequestEnded,
  TappedEvent,
  TappedRequest,
} from "../server/admin.ts";
import type { Client } from "../server/message.ts";
import { errorTypeOf } from "../server/telemetry.ts";
import type { AdminHost } from "./host.ts";
import type { AdminEventsInput } from "./inputs.ts";
import { EntryQueue, type Lifetime } from "./lifetime.ts";
import type { AdminEvent, AdminEvents } from "./types.ts";

/** A stream of events, with what it returns. */
class Reader {
  readonly queue: EntryQueue<AdminEvent>;
  readonly #sample: number;
  readonly #names: ReadonlySet<string> | undefined;
  readonly #client: number | undefined;

  constructor(
    { sample = 1, names, client }: AdminEventsInput,
    queue: EntryQueue<AdminEvent>,
  ) {
    this.queue = queue;
    this.#sample = sample;
    this.#names = names && new Set(names);
    this.#client = client;
  }

  /** Returns whether an event is for this reader, and can be shown. */
  accepts(name: string, client: number | null): boolean {
    if (!this.#wants(name, client)) return false;
    if (!this.queue.isFull) return true;
    this.queue.drop();
    return false;
  }

  #wants(name: string, client: number | null): boolean {
    return (this.#names?.has(name) ?? true) &&
      (this.#client === undefined || this.#client === client) &&
      (this.#sample === 1 || Math.random() < this.#sample);
  }
}

/** Shows the events of a server to the admins that read them. */
export class EventFeed implements EventSink {
  readonly #host: AdminHost;
  readonly #readers = new Set<Reader>();

  /** Constructs an `EventFeed`, which costs nothing until an admin reads it. */
  constructor(host: AdminHost) {
    this.#host = host;
  }

  /** Yields the events, until the stream ends. */
  async *items(
    input: AdminEventsInput,
    lifetime: Lifetime,
  ): AsyncGenerator<AdminEvents, void, void> {
    const { maxBuffered } = this.#host.context.limits;
    const queue = new EntryQueue<AdminEvent>(lifetime, maxBuffered);
    const reader = new Reader(input, queue);
    this.#add(reader);
    try {
      for await (const { entries, dropped } of queue.chunks()) {
        yield { events: entries, dropped };
      }
    } finally {
      this.#delete(reader);
    }
  }

  begin(request: TappedRequest, client: Client): OnRequestEnded | undefined {
    const { kind, name, data } = request;
    // Only requests: a client can publish messages with such a name, and must not hide them.
    if (this.#host.context.admin?.covers(name)) return undefined;
    const readers = this.#readersOf(name, client.id);
    if (readers.length === 0) return undefined;
    const start = performance.now();
    // The handler can change the data.
    const content = this.#contentOf(name, data);
    return (failure) => {
      const duration = performance.now() - start;
      const result = failure === undefined ? "ok" : errorTypeOf(failure.error);
      const rest = { client: client.id, room: null, duration, result };
      send(readers, { time: Date.now(), kind, ...content, ...rest });
    };
  }

  sent({ kind, name, data, client, room, result }: TappedEvent): void {
    const readers = this.#readersOf(name, client);
    if (readers.length === 0) return;
    const shown = room === null ? null : this.#host.context.log.redact(room);
    const rest = { client, room: shown, duration: null, result };
    const content = this.#contentOf(name, data);
    send(readers, { time: Date.now(), kind, ...content, ...rest });
  }

  #readersOf(name: string, client: number | null): readonly Reader[] {
    return [...this.#readers].filter((reader) => reader.accepts(name, client));
  }

  /** Returns what is shown of an event, without the tokens in it. */
  #contentOf(
    name: string,
    data: object,
  ): Pick<AdminEvent, "name" | "size" | "payload"> {
    const json = toJson(data);
    const { admin, log } = this.#host.context;
    const content = { name: log.redact(name), size: json.length };
    if (!admin?.rules.showsPayloads) return content;
    return { ...content, payload: log.showFrame(json) };
  }

  #add(reader: Reader): void {
    this.#readers.add(reader);
    this.#listen(this);
  }

  #delete(reader: Reader): void {
    this.#readers.delete(reader);
    if (this.#readers.size === 0) this.#listen(undefined);
  }

  #listen(sink: EventSink | undefined): void {
    const { admin } = this.#host.context;
    if (admin !== undefined) admin.sink = sink;
  }
}

/**
 * Returns the data as JSON. The data of an application can have methods that throw. A number
 * such as `1e400` of a client has no JSON form, and is shown as `null`: a client must not be
 * able to hide what it sends from the admins.
 */
function toJson(data: object): string {
  try {
    const json: string | undefined = JSON.stringify(data);
    return json ?? "";
  } catch {
    return "";
  }
}

function send(readers: readonly Reader[], event: AdminEvent): void {
  for (const { queue } of readers) queue.add(event);
}
