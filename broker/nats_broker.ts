/**
 * Carries the messages of rooms over NATS. JetStream stores the messages of a room with
 * history, and publishes them to the servers in the order in which it has stored them.
 *
 * @module
 */

import { PublishError } from "../common/hoist_error.ts";
import type {
  Broker,
  BrokerEvents,
  HistoryOptions,
  HistoryRead,
  Order,
  Publication,
  PublicationKey,
  Published,
  PublishOptions,
  ReadFrom,
  ReadOptions,
} from "./broker.ts";
import { type Acknowledgment, store } from "./nats_api.ts";
import { NatsClears } from "./nats_clears.ts";
import type { Msg } from "./nats_client.ts";
import { readCheck, StreamGoneError } from "./nats_direct.ts";
import { NobodyListensError } from "./nats_errors.ts";
import { readHistory } from "./nats_history.ts";
import type { NatsLink } from "./nats_link.ts";
import type { Headers } from "./nats_outbox.ts";
import type { NatsSubscription } from "./nats_subscription.ts";
import { CHECK, readStored, type StoredMessage } from "./nats_message.ts";
import { NatsRoomReader, type ReadContext } from "./nats_room_reader.ts";
import { messageTtl } from "./nats_stream_config.ts";
import { NatsStreams, type RoomStream } from "./nats_streams.ts";
import { NatsSubjects } from "./nats_subjects.ts";
import { NatsSync } from "./nats_sync.ts";
import { NatsVerified } from "./nats_verified.ts";
import { checkOf, formatPosition, orderPositions } from "./position.ts";
import { PublicationKeys } from "./room_log.ts";
import { RoomSyncs } from "./room_syncs.ts";
import { shortTokenOf } from "./short_token.ts";
import { tokenOf } from "./token.ts";
import type { EngineLimit } from "./too_large.ts";

const UNSTORED: Published = { position: null, isDuplicate: false };

/** What a {@linkcode NatsBroker} needs. */
export interface NatsBrokerOptions {
  readonly link: NatsLink;
  /** How often lost messages are looked for, in milliseconds, roughly */
  readonly syncInterval: number;
}

/** A broker over NATS. */
export class NatsBroker implements Broker {
  readonly name = "NATS";
  readonly #link: NatsLink;
  readonly #subjects: NatsSubjects;
  readonly #clears: NatsClears;
  readonly #streams: NatsStreams;
  readonly #context: ReadContext;
  /** Checks the streams */
  readonly #sync: NatsSync;
  /** Finds lost messages, because nothing follows the last one of a room */
  readonly #roomSyncs: RoomSyncs;
  readonly #verified = new NatsVerified();
  readonly #rooms = new Map<string, NatsSubscription>();
  /** The keys of messages that no stream stores */
  readonly #keys = new PublicationKeys();
  /** Makes the checks of this broker differ from those of others */
  readonly #instance = crypto.randomUUID();
  /** The number of publications with a history */
  #published = 0;
  #events: BrokerEvents | undefined;
  #unlisten: (() => void) | undefined;
  #clearsSubscription: NatsSubscription | undefined;
  /** Whether the connection was lost since the rooms have read their histories */
  #hasMissed = false;
  #isClosed = false;

  /** Constructs a `NatsBroker`. */
  constructor({ link, syncInterval }: NatsBrokerOptions) {
    this.#link = link;
    this.#subjects = new NatsSubjects(link.options.prefix);
    this.#clears = new NatsClears(link, this.#subjects);
    this.#streams = new NatsStreams(
      link,
      this.#subjects,
      (stream) => this.#clears.load(stream),
    );
    this.#context = { link, subjects: this.#subjects, clears: this.#clears };
    this.#sync = new NatsSync(syncInterval, () => this.#check());
    this.#roomSyncs = new RoomSyncs(
      syncInterval,
      (room) => link.isUp && this.#events?.onStale(room),
    );
  }

  get limit(): EngineLimit | undefined {
    return this.#link.limit;
  }

  define(history: HistoryOptions): void {
    this.#streams.define(history);
  }

  async start(events: BrokerEvents): Promise<void> {
    this.#use(events);
    await this.#link.start();
    await this.#link.flush();
    // No room has been used yet.
    this.#hasMissed = false;
    this.#sync.start();
    this.#roomSyncs.start();
  }

  async subscribe(room: string): Promise<void> {
    const subject = this.#subjects.live(room);
    if (!this.#rooms.has(room)) {
      const subscription = this.#link.subscribe(
        subject,
        (message) => this.#onMessage(room, message),
      );
      this.#rooms.set(room, subscription);
      this.#roomSyncs.add(room);
    }
    await this.#link.flush(subject);
  }

  unsubscribe(room: string): Promise<void> {
    const subscription = this.#rooms.get(room);
    this.#rooms.delete(room);
    this.#roomSyncs.delete(room);
    this.#verified.delete(room);
    if (subscription !== undefined) this.#link.unsubscribe(subscription);
    return Promise.resolve();
  }

  publish(
    room: string,
    payload: string,
    { history, key }: PublishOptions,
  ): Promise<Published> {
    if (history !== undefined) {
      return this.#publishStored(room, payload, history, key);
    }
    return key === undefined
      ? this.#send(room, payload).then(() => UNSTORED)
      : this.#publishOnce(room, payload, key);
  }

  async read(
    room: string,
    from: ReadFrom,
    options: ReadOptions,
  ): Promise<HistoryRead> {
    const startedAt = performance.now();
    const { history } = options;
    const isVerified = (position: string) =>
      this.#verified.has(room, position, history.ttl);
    const read = await this.#withStream(history, (stream) => {
      const reader = new NatsRoomReader(this.#context, stream, room);
      return readHistory(reader, from, options, isVerified);
    });
    if (this.#rooms.has(room)) this.#verified.set(room, read.top, startedAt);
    return read;
  }

  async clear(room: string, history?: HistoryOptions): Promise<void> {
    if (history === undefined) return;
    await this.#withStream(
      history,
      (stream) => this.#clears.clear(stream, room),
    );
    if (this.#rooms.has(room)) this.#events?.onStale(room);
  }

  order(a: string, b: string): Order {
    return orderPositions(a, b);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#events = undefined;
    this.#sync.end();
    this.#roomSyncs.stop();
    this.#unlisten?.();
    for (const room of [...this.#rooms.keys()]) await this.unsubscribe(room);
    if (this.#clearsSubscription === undefined) return;
    this.#link.unsubscribe(this.#clearsSubscription);
    await this.#link.release();
  }

  /** Begins to use the connection, once. */
  #use(events: BrokerEvents): void {
    this.#events = events;
    if (this.#clearsSubscription !== undefined || this.#isClosed) return;
    this.#link.use();
    this.#clearsSubscription = this.#link.subscribe(
      this.#subjects.liveClears,
      (message) => this.#onClear(message),
    );
    this.#unlisten = this.#link.listen((state) =>
      state === "up" ? this.#onUp() : this.#onDown()
    );
  }

  /** Lets all rooms look for the messages that were lost meanwhile. */
  #onUp(): void {
    this.#hasMissed = true;
    this.#sync.run();
  }

  #onDown(): void {
    this.#clears.disconnect();
    // The engine can have lost its last messages.
    this.#verified.clear();
  }

  async #publishStored(
    room: string,
    payload: string,
    history: HistoryOptions,
    key: PublicationKey | undefined,
  ): Promise<Published> {
    const id = key && idOf(room, key);
    // A key would not show that the history before the message is another one.
    const check = checkOf(`${this.#instance} ${++this.#published}`);
    if (key?.isRepeated && this.#streams.isReplaced(history)) throw forgotten();
    const headers = headersOf(check, id, history);
    const epochOf = ({ stream, sequence }: Acknowledgment, of: RoomStream) =>
      this.#clears.epochOf(
        this.#streams.epochOf(of, stream),
        tokenOf(room),
        sequence,
      );
    return await this.#withStream(history, async (stream) => {
      const subject = this.#subjects.room(stream.historyClass, room);
      const stored = await store(this.#link, subject, payload, headers);
      const { sequence: offset, isDuplicate } = stored;
      const known = isDuplicate
        ? await readCheck(this.#link, stored.stream, subject, offset)
        : check;
      // If the message is gone, its position proves nothing.
      const position = { offset, check: known ?? check };
      const epoch = epochOf(stored, stream);
      return { position: formatPosition({ epoch, ...position }), isDuplicate };
    });
  }

  async #publishOnce(
    room: string,
    payload: string,
    key: PublicationKey,
  ): Promise<Published> {
    if (this.#isKnown(room, key)) return { ...UNSTORED, isDuplicate: true };
    await this.#send(room, payload);
    const id = idOf(room, key);
    this.#keys.add(key.publisher, id, null, performance.now());
    return UNSTORED;
  }

  /** Publishes a message that no stream stores; resolves when NATS has it. */
  #send(room: string, payload: string): Promise<void> {
    const subject = this.#subjects.unstored(room);
    return this.#link.publishAndFlush(subject, payload);
  }

  /** Whether this server has published a key, which no stream remembers. */
  #isKnown(room: string, key: PublicationKey): boolean {
    const [now, id] = [performance.now(), idOf(room, key)];
    if (this.#keys.find(key.publisher, id, now) !== undefined) return true;
    if (key.isRepeated) {
      throw new PublishError(
        "Cannot repeat the message: the room has no history, and another server can have published the message. It is unknown whether the first attempt succeeded.",
        "unknown",
      );
    }
    return false;
  }

  /** Uses the stream of a history. If it is gone, the next one is used. */
  async #withStream<Result>(
    history: HistoryOptions,
    use: (stream: RoomStream) => Promise<Result>,
  ): Promise<Result> {
    // Each further promise costs a publisher about as much as a header.
    const stream = this.#streams.find(history) ??
      await this.#streams.get(history);
    try {
      return await use(stream);
    } catch (error) {
      if (!isGone(error)) throw error;
      this.#streams.forget(stream);
    }
    const next = await this.#streams.get(history);
    if (next.epoch !== stream.epoch) this.#events?.onStale(undefined);
    return await use(next);
  }

  #onMessage(room: string, message: Msg): void {
    const { epoch, token } = this.#subjects.parseLive(message.subject);
    const publication = epoch === undefined
      ? { position: null, previous: null, payload: message.string() }
      : this.#publicationOf(epoch, token, readStored(message));
    if (publication !== undefined) {
      this.#events?.onPublication(room, publication);
    }
  }

  #publicationOf(
    epoch: string,
    token: string,
    message: StoredMessage | undefined,
  ): Publication | undefined {
    if (message === undefined || message.isStart) return undefined;
    const { sequence, previous, check, payload } = message;
    const roomEpoch = this.#clears.epochOf(epoch, token, sequence);
    // What comes before a clear does not belong to the epoch.
    const isFirst = previous <= this.#clears.lastOf(epoch, token);
    return {
      position: formatPosition({ epoch: roomEpoch, offset: sequence, check }),
      previous: formatPosition({
        epoch: roomEpoch,
        offset: isFirst ? 0 : previous,
        check: "",
      }),
      payload,
    };
  }

  #onClear(message: Msg): void {
    const { epoch, token } = this.#subjects.parseLive(message.subject);
    if (epoch === undefined) return;
    if (!this.#clears.receive(epoch, token, message)) return;
    for (const room of this.#rooms.keys()) {
      if (tokenOf(room) === token) this.#events?.onStale(room);
    }
  }

  /** Looks for streams that were replaced. */
  async #check(): Promise<void> {
    if (!this.#link.isUp) return;
    const hasMissed = this.#hasMissed;
    this.#hasMissed = false;
    const isReplaced = await this.#streams.check().catch(() => true);
    if (hasMissed || isReplaced) this.#events?.onStale(undefined);
  }
}

function forgotten(): PublishError {
  return new PublishError(
    "Cannot repeat the message: NATS has lost the history, and with it the first attempt. It is unknown whether the first attempt succeeded.",
    "unknown",
  );
}

function isGone(error: unknown): boolean {
  return error instanceof NobodyListensError ||
    error instanceof StreamGoneError;
}

/** The name of a key. It differs for each publisher and each room. */
function idOf(room: string, { publisher, key }: PublicationKey): string {
  return [room, publisher, key].map(shortTokenOf).join(".");
}

function headersOf(
  check: string,
  id: string | undefined,
  history: HistoryOptions,
): Headers {
  const ttl = messageTtl(history);
  return {
    [CHECK]: check,
    ...(id !== undefined && { "Nats-Msg-Id": id }),
    ...(ttl !== undefined && { "Nats-TTL": ttl }),
  };
}
