/**
 * The WebSocket of one client: sends frames, limits what waits for it, and closes it.
 *
 * @module
 */

import { CloseCode } from "../common/errors.ts";
import { fitsInto } from "../common/text.ts";
import { BatchWriter, MAX_BATCH, type Sink } from "../protocol/batch.ts";
import {
  type CloseInfo,
  describeDisconnect,
  retryDelay,
  retryReason,
} from "../protocol/close.ts";
import { type Feature, NO_FEATURES } from "../protocol/features.ts";
import type { BroadcastBatch, Delivery, Recipient } from "./broadcaster.ts";
import type { ConnectionLog } from "./connection_log.ts";
import {
  abortSocket,
  CLOSED,
  closeOpened,
  CONNECTING,
  endOf,
  OPEN,
  type Socket,
  SocketBuffer,
  type SocketEnd,
  type TransportOwner,
} from "./socket.ts";
import { runOutOfScope } from "./call_scope.ts";
import type { ServerContext } from "./context.ts";
import { silenceEnd, type Watch } from "./silence.ts";

/** The interval between two checks before the socket closes, in milliseconds. */
const CHECK_INTERVAL = 10;

/** How often it is checked whether all frames are sent. A clock would also count a stall. */
const MAX_CHECKS = 50;

/** The time that a client has to answer a Close frame, in milliseconds. */
const CLOSE_TIMEOUT = 10_000;

/** Sends frames to one client, with a limit for the bytes that the client leaves unread. */
export class Transport implements Sink, Recipient {
  cursor = Infinity;
  /** The log of the connection */
  readonly log: ConnectionLog;
  readonly #socket: Socket;
  readonly #context: ServerContext;
  readonly #owner: TransportOwner;
  readonly #maxBuffered: number;
  readonly #buffer: SocketBuffer;
  readonly #writer = new BatchWriter(this);
  #features = NO_FEATURES;
  #closed: CloseInfo | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What streams wait for while the send buffer is full */
  #drained: Promise<void> | undefined;
  /** The rooms of the client; `undefined` if it was in none */
  rooms: { catchUp(): void } | undefined;
  /** Closes the connection if the client is silent for too long */
  #watch: Watch | undefined;
  /** Aborts the socket if the client does not answer the Close frame */
  #closing: Watch | undefined;
  #endDrained: (() => void) | undefined;

  /**
   * Constructs a `Transport`.
   *
   * @param socket The WebSocket
   * @param context The state of the server
   * @param log The log of the connection
   * @param owner The connection, which is called on each event of the socket
   */
  constructor(
    socket: Socket,
    context: ServerContext,
    log: ConnectionLog,
    owner: TransportOwner,
  ) {
    this.#socket = socket;
    this.#context = context;
    this.log = log;
    this.#owner = owner;
    this.#maxBuffered = context.limits.maxBuffered;
    this.#buffer = new SocketBuffer(socket, this.#maxBuffered);
    socket.onmessage = ({ data }) => {
      this.#watch?.hear();
      context.metrics.receivedFrames++;
      if (typeof data === "string") {
        context.metrics.receivedBytes += data.length;
      }
      owner.onFrame(data);
    };
    socket.onclose = (event) => this.#onGone(event);
  }

  /** The extensions that both sides support; none before the login */
  get features(): ReadonlySet<Feature> {
    return this.#features;
  }

  /** How the connection ended; `undefined` while it is open */
  get closed(): CloseInfo | undefined {
    return this.#closed;
  }

  /** Whether the upgrade has not been completed yet */
  get isOpening(): boolean {
    return this.#socket.readyState === CONNECTING;
  }

  /** The bytes that wait until the client reads, without those of this turn */
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Waits for a socket whose upgrade is probably lost. */
  awaitOpening(): void {
    this.#socket.onopen = () => {
      this.#socket.onclose = (event) => this.#onGone(event);
      this.#closeOpened();
      this.#owner.onOpenedLate();
    };
  }

  /** Ends a connection whose upgrade is lost. It is closed if it opens nevertheless. */
  abandon(): void {
    this.awaitOpening();
    this.#onGone({ code: 0, reason: "", wasClean: false });
  }

  /** Starts to use the extensions of the client. */
  enable(features: ReadonlySet<Feature>): void {
    this.#features = features;
    if (features.has("batch")) {
      this.#writer.enableBatching(Math.min(MAX_BATCH, this.#maxBuffered));
    }
  }

  /** Starts to receive broadcasts. */
  join(): void {
    this.#context.broadcaster.join(this);
  }

  /**
   * Closes the connection when the client has been silent for a time.
   *
   * @param silence The time in milliseconds
   */
  watch(silence: number): void {
    this.#watch = this.#context.silence.watch(silence, () => {
      const { code, reason } = silenceEnd(silence);
      this.close(code, reason, reason);
    });
  }

  /** Ends a socket whose client has not answered the Close frame. */
  abort(): void {
    // With unsent data, the socket would seem to be gone, and Deno would keep it.
    if (this.#closing !== undefined) abortSocket(this.#socket);
  }

  /** Sends a frame after the broadcasts that were sent before it; does not throw. */
  send(frame: string): void {
    this.catchUp();
    this.#push(frame);
    // A closed connection drops the frame.
    if (this.log.debugs && this.#isOpen) this.log.sent(frame);
  }

  /** Sends a frame that the client did not ask for. A slow client can miss it: `onSlow`. */
  notify(frame: string): void {
    if (this.#context.onSlow !== "skip") return this.send(frame);
    this.catchUp();
    const fits = this.#fitsBehindBatch(frame);
    this.log.missed(fits ? 0 : 1, this.#maxBuffered);
    if (fits) this.send(frame);
    else this.#context.metrics.limitHits.maxBuffered++;
  }

  deliver(batch: BroadcastBatch): Delivery {
    // The frames that were sent before the broadcasts go first.
    this.#writer.flush();
    const delivery = this.#deliver(batch);
    const { delivered, rest } = delivery;
    const missed = rest === "skipped" ? batch.count - delivered : 0;
    if (this.#context.onSlow === "skip") {
      this.log.missed(missed, this.#maxBuffered);
      if (missed > 0) this.#context.metrics.limitHits.maxBuffered++;
    } else if (missed > 0) this.#overflow();
    // Log at the end, because a logger can send frames, too.
    if (this.log.debugs) this.log.sentBroadcasts(batch.single, delivered);
    return delivery;
  }

  /**
   * Whether a stream can send a frame of a length now. Half of the buffer is kept free
   * for frames that cannot wait. If the buffer is empty, any length is possible, because
   * the stream limits the bytes of its frames itself.
   *
   * @param units The length of the frame, in UTF-16 units
   */
  hasCapacity(units: number): boolean {
    // The broadcasts that the client lacks go first.
    this.catchUp();
    return this.#waiting === 0 || !this.isSlow(units);
  }

  isSlow(units: number): boolean {
    return 2 * (this.#waiting + 3 * units) > this.#maxBuffered;
  }

  /** The maximum number of bytes that wait */
  get #waiting(): number {
    return this.#socket.bufferedAmount + 3 * this.#writer.units;
  }

  /** Resolves after a short time in which the client can read, or when the socket is gone. */
  drained(): Promise<void> {
    // No event reports that a WebSocket has written its data.
    return this.#drained ??= new Promise((resolve) => {
      const { delay, end } = this.#buffer.startCheck();
      const timer = setTimeout(() => this.#endDrained?.(), delay);
      this.#endDrained = () => {
        clearTimeout(timer);
        end();
        this.#drained = undefined;
        resolve();
      };
    });
  }

  /** Writes a frame to the socket, if the socket is open. Called by the batch writer. */
  write(frame: string): void {
    if (!this.#isOpen) return;
    const capacity = this.#buffer.capacityFor(frame.length);
    if (fitsInto(frame, capacity)) return void this.#write(frame);
    this.#overflow();
  }

  /**
   * Closes the connection after the frames that wait; does nothing if it has ended.
   *
   * @param code The close code
   * @param reason The close reason
   * @param how The end of the connection in words, for the log
   */
  close(
    code: number,
    reason: string,
    how: string = describeDisconnect(code, reason),
  ): void {
    if (this.#closed !== undefined) return;
    this.catchUp();
    this.#writer.flush();
    // Either call can find that the client reads too slowly, and close the connection.
    if (this.#closed !== undefined) return;
    this.#closed = { code, reason };
    this.#closeSocket(code, reason);
    this.#end(this.#closed, how);
  }

  /** Closes the connection because the server shuts down. */
  closeForShutdown(): void {
    if (!this.#features.has("retry")) {
      return this.close(CloseCode.GOING_AWAY, "server closed");
    }
    const delay = retryDelay(this.#context.shutdown.clients);
    this.close(CloseCode.SERVICE_RESTART, retryReason(delay));
  }

  /** Sends the broadcasts that the client lacks. */
  catchUp(): void {
    this.#context.broadcaster.catchUp(this);
    this.rooms?.catchUp();
  }

  #deliver(batch: BroadcastBatch): Delivery {
    let delivered = 0;
    let sends = 0;
    for (
      const frame of this.#writer.isBatching ? batch.batched : batch.single
    ) {
      if (!this.#isOpen) break;
      if (!frame.fitsInto(this.#buffer.capacityFor(frame.data.length))) {
        return { delivered, rest: "skipped", sends };
      }
      if (!this.#write(frame.data)) break;
      delivered += frame.count;
      sends++;
    }
    return { delivered, rest: this.#reasonToMiss(), sends };
  }

  /** Why a connection that is not open misses broadcasts. */
  #reasonToMiss(): Delivery["rest"] {
    const isSlow = this.#closed?.code === CloseCode.TRY_AGAIN_LATER;
    return isSlow ? "skipped" : "failed";
  }

  #push(frame: string): void {
    const waiting = this.#writer.units + frame.length;
    // The responses to one batch can be larger than the limit.
    if (waiting > this.#maxBuffered) this.#writer.flush();
    this.#writer.push(frame);
  }

  /** Whether a frame fits into the buffer behind the frames that wait. */
  #fitsBehindBatch(frame: string): boolean {
    const units = this.#writer.units + frame.length;
    if (3 * units <= this.#buffer.capacityFor(units)) return true;
    // The exact number of bytes is known only for frames that were written.
    this.#writer.flush();
    return fitsInto(frame, this.#buffer.capacityFor(frame.length));
  }

  /** Closes the connection because a frame that must not be lost does not fit. */
  #overflow(): void {
    if (this.#closed !== undefined) return;
    this.#context.metrics.limitHits.maxBuffered++;
    this.log.warn(
      "slow",
      `the client reads too slowly, or a message is too large: more than ${this.#maxBuffered} bytes are waiting. To allow more, raise 'limits.maxBuffered'.`,
    );
    this.close(CloseCode.TRY_AGAIN_LATER, "the client reads too slowly");
  }

  #closeSocket(code: number, reason: string): void {
    if (this.isOpening) {
      // Deno ignores a close now. If the socket never opens, the hub abandons it.
      return void (this.#socket.onopen ??= () => this.#closeOpened());
    }
    // If another frame of the client has arrived, Deno drops all data that it has not
    // written, including the Close frame. A client that does not read gets no time.
    let checks = code === CloseCode.TRY_AGAIN_LATER ? 0 : MAX_CHECKS;
    const attempt = () => {
      const isSent = this.#socket.bufferedAmount === 0;
      if (isSent || checks-- === 0) {
        this.#socket.close(code, reason);
        if (isSent) this.#awaitClose();
      } else this.#timer = setTimeout(attempt, CHECK_INTERVAL);
    };
    setImmediate(attempt);
  }

  #closeOpened(): void {
    if (closeOpened(this.#socket, this.#closed)) this.#awaitClose();
  }

  #awaitClose(): void {
    // The socket can have gone before the close was due.
    if (this.#socket.readyState === CLOSED) return;
    const { silence } = this.#context;
    this.#closing = silence.watch(CLOSE_TIMEOUT, () => this.abort());
  }

  get #isOpen(): boolean {
    return this.#closed === undefined && this.#socket.readyState === OPEN;
  }

  #write(frame: string): boolean {
    try {
      this.#buffer.add(frame.length);
      this.#socket.send(frame);
      const { metrics } = this.#context;
      metrics.sentFrames++;
      metrics.sentBytes += frame.length;
      return true;
    } catch {
      return false;
    }
  }

  #onGone(event: SocketEnd): void {
    clearTimeout(this.#timer);
    this.#closing?.stop();
    this.#endDrained?.();
    // Deno keeps a closed WebSocket until a full garbage collection.
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    if (this.#closed === undefined) {
      if (this.#owner.finishFrames(() => this.#onGone(event))) return;
      const { info, how } = endOf(event, this.#context);
      this.#closed = info;
      this.#end(info, how);
    }
    this.#owner.onGone();
  }

  #end(info: CloseInfo, how: string): void {
    this.#context.metrics.disconnect(info.code);
    this.#watch?.stop();
    this.#watch = undefined;
    this.#context.broadcaster.leave(this);
    // A handler of another client can have closed the connection.
    runOutOfScope(() => this.#owner.onClosed(info, how));
  }
}
