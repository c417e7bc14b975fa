/**
 * A WebSocket on top of TCP or TLS, for Deno: RFC 6455.
 *
 * Deno's own WebSocket stalls for 44 ms on frames over 1,024 bytes and on bursts, because it
 * sends a frame in two parts without TCP_NODELAY. It cannot ping, and cannot be ended at
 * once. `npm:ws` needs `--allow-env`, and 60 ms to be imported.
 *
 * @module
 */

import { Deadline, dial } from "../common/async.ts";
import type { ClientSocket } from "./client_socket.ts";
import { FrameError, FrameReader, type MessageData } from "./frame_reader.ts";
import { encodeClose, FrameWriter } from "./frame_writer.ts";
import { Opcode } from "./opcodes.ts";
import { upgrade } from "./upgrade.ts";
import { DialError } from "./upgrade_error.ts";

/** Options of a {@linkcode DenoSocket} */
export interface DenoSocketOptions {
  /** The maximum length of a message, in bytes. No limit if omitted */
  readonly maxPayload?: number | undefined;
  /** Additional headers of the request */
  readonly headers?: HeadersInit | undefined;
  /** Additional certificate authorities, in PEM format */
  readonly caCerts?: readonly string[] | undefined;
  /** How long TCP and TLS can take to connect, in milliseconds. No limit if omitted */
  readonly connectTimeout?: number | undefined;
}

/** The events of a {@linkcode DenoSocket}, and what listeners receive */
export interface SocketEvents {
  readonly open: object;
  readonly message: { readonly data: MessageData };
  readonly error: SocketFailure;
  readonly close: { readonly code: number; readonly reason: string };
}

/** Why a socket has failed */
export interface SocketFailure {
  readonly message: string;
  /** An `UpgradeError`, a `DialError`, a `FrameError` or the error of the system */
  readonly error: unknown;
  /** The code that the socket closes with, because the server has broken a rule */
  readonly closeCode?: number;
}

type Listeners = {
  [Type in keyof SocketEvents]: ((event: SocketEvents[Type]) => void)[];
};

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

const NO_CODE = 1005;
const ABNORMAL = 1006;

/** How long the server can take to end the connection after a Close frame, in milliseconds. */
const CLOSE_TIMEOUT = 1_000;

/** The size of the receive buffer, in bytes. It grows when one read fills it. */
const MIN_BUFFER = 4_096;
const MAX_BUFFER = 131_072;

/** How long the socket reads without a turn for other work, in milliseconds. */
const MAX_BUSY = 20;

/** A WebSocket that can ping, and that can be ended at once. */
export class DenoSocket implements ClientSocket {
  readyState = CONNECTING;
  bytesReceived = 0;
  readonly #listeners: Listeners = {
    open: [],
    message: [],
    error: [],
    close: [],
  };
  readonly #abort = new AbortController();
  readonly #reader: FrameReader;
  readonly #writer = new FrameWriter();
  #connection: Deno.TcpConn | Deno.TlsConn | undefined;
  /** The bytes of the last write that the system has not accepted yet */
  #unsent = 0;
  #isWriting = false;
  #isTerminated = false;
  /** The payload of the last Ping frame, until it is answered */
  #ping: Uint8Array | undefined;
  #closing: Deadline | undefined;
  #closeInfo: SocketEvents["close"] = { code: ABNORMAL, reason: "" };

  /**
   * Constructs a `DenoSocket`, which begins to connect.
   *
   * @param url The URL, with the protocol `ws:` or `wss:`
   * @param protocols The subprotocols to offer
   * @param options The limit, the headers and the certificate authorities
   */
  constructor(
    url: string | URL,
    protocols: string | readonly string[] = [],
    options: DenoSocketOptions = {},
  ) {
    this.#reader = new FrameReader(options.maxPayload ?? Infinity, {
      onMessage: (data) => this.#onMessage(data),
      onPing: (payload) => this.#onPing(payload),
      onClose: (code, reason) => this.#onClose(code, reason),
    });
    this.#run(new URL(url), [protocols].flat(), options);
  }

  /** The bytes that wait to be sent, including the headers of the frames */
  get bufferedAmount(): number {
    return this.#unsent + this.#writer.length;
  }

  addEventListener<Type extends keyof SocketEvents>(
    type: Type,
    listener: (event: SocketEvents[Type]) => void,
  ): void {
    this.#listeners[type].push(listener);
  }

  send(data: string): void {
    if (!this.#canSend()) return;
    this.#writer.text(data);
    this.#flush();
  }

  ping(): void {
    if (!this.#canSend()) return;
    this.#writer.control(Opcode.PING, new Uint8Array(0));
    this.#flush();
  }

  close(code?: number, reason: string = ""): void {
    const payload = encodeClose(code, reason);
    if (this.readyState === CONNECTING) this.terminate();
    else this.#beginClose(payload);
  }

  terminate(): void {
    this.#isTerminated = true;
    this.#reader.stop();
    this.#endAttempt();
  }

  #endAttempt(): void {
    this.#abort.abort();
    closeConnection(this.#connection);
  }

  /** Does everything that this socket ever does; never rejects. */
  async #run(
    url: URL,
    protocols: readonly string[],
    options: DenoSocketOptions,
  ): Promise<void> {
    try {
      const connection = await this.#connectInTime(url, options);
      const request = { url, protocols, headers: options.headers };
      const early = await upgrade(connection, request);
      this.#onOpen();
      await this.#receive(connection, early);
    } catch (error) {
      this.#onError(error);
    }
    this.#reader.stop();
    this.#closing?.cancel();
    closeConnection(this.#connection);
    this.readyState = CLOSED;
    this.#dispatch("close", this.#closeInfo);
  }

  async #connectInTime(
    url: URL,
    { caCerts, connectTimeout = Infinity }: DenoSocketOptions,
  ): Promise<Deno.TcpConn | Deno.TlsConn> {
    const deadline = new Deadline(connectTimeout, () => this.#endAttempt());
    try {
      return await this.#connect(url, caCerts);
    } catch (error) {
      throw new DialError(error);
    } finally {
      deadline.cancel();
    }
  }

  async #connect(
    { protocol, hostname: host, port }: URL,
    caCerts: readonly string[] = [],
  ): Promise<Deno.TcpConn | Deno.TlsConn> {
    const isSecure = protocol === "wss:";
    const hostname = host.replace(/^\[(.*)\]$/, "$1");
    const options = { hostname, port: Number(port || (isSecure ? 443 : 80)) };
    const tcp = await dial(
      this.#abort.signal,
      (signal) => Deno.connect({ ...options, signal }),
    );
    this.#use(tcp);
    tcp.setNoDelay(true);
    if (!isSecure) return tcp;
    const alpnProtocols = ["http/1.1"];
    const trust = { hostname, caCerts: [...caCerts], alpnProtocols };
    const tls = await Deno.startTls(tcp, trust);
    this.#use(tls);
    await tls.handshake();
    return tls;
  }

  /** `terminate()` can be called while a connection is made. */
  #use(connection: Deno.TcpConn | Deno.TlsConn): void {
    this.#connection = connection;
    this.#abort.signal.throwIfAborted();
  }

  #onOpen(): void {
    this.#abort.signal.throwIfAborted();
    this.readyState = OPEN;
    this.#dispatch("open", {});
  }

  async #receive(
    connection: Deno.Conn,
    early: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    // A listener of "open" needs some turns to add a listener of "message".
    if (early.length > 0) await turn();
    this.#read(early);
    let buffer = new Uint8Array(MIN_BUFFER);
    const turns = new Turns();
    for (;;) {
      const count = await connection.read(buffer);
      if (count === null) return;
      this.#read(buffer.subarray(0, count));
      if (count === buffer.length && count < MAX_BUFFER) {
        buffer = new Uint8Array(2 * count);
      }
      if (turns.areOverdue()) await nextTurn();
    }
  }

  #read(chunk: Uint8Array<ArrayBuffer>): void {
    this.bytesReceived += chunk.length;
    try {
      this.#reader.read(chunk);
    } catch (error) {
      this.#onViolation(error);
    }
  }

  /** Closes with the code of the error, and ignores what else the server sends. */
  #onViolation(error: unknown): void {
    if (!(error instanceof FrameError)) throw error;
    const { code, message } = error;
    this.#reader.stop();
    if (this.readyState !== OPEN) return this.terminate();
    this.#closeInfo = { code, reason: message };
    this.#beginClose(encodeClose(code));
    this.#dispatch("error", { message, error, closeCode: code });
  }

  #onMessage(data: MessageData): void {
    if (this.readyState === OPEN) this.#dispatch("message", { data });
  }

  #onPing(payload: Uint8Array): void {
    if (this.readyState !== OPEN) return;
    this.#ping = payload.length === 0 ? payload : payload.slice();
    this.#flush();
  }

  #onClose(code: number, reason: string): void {
    this.#closeInfo = { code, reason };
    this.#beginClose(encodeClose(code === NO_CODE ? undefined : code));
  }

  /** Sends the only Close frame of this side: RFC 6455, section 7.1. */
  #beginClose(payload: Uint8Array): void {
    if (this.readyState !== OPEN) return;
    this.readyState = CLOSING;
    this.#writer.control(Opcode.CLOSE, payload);
    this.#flush();
    this.#closing = new Deadline(CLOSE_TIMEOUT, () => this.terminate());
  }

  #onError(error: unknown): void {
    if (this.#isTerminated) return;
    const message = error instanceof Error ? error.message : String(error);
    this.#dispatch("error", { message, error });
  }

  #dispatch<Type extends keyof SocketEvents>(
    type: Type,
    event: SocketEvents[Type],
  ): void {
    for (const listener of this.#listeners[type]) {
      try {
        listener(event);
      } catch {
        // The error would end the process.
        this.terminate();
      }
    }
  }

  /**
   * A socket that is closing discards frames, as in browsers. An error would hide the close
   * code of the server, which is reported when TCP has ended.
   */
  #canSend(): boolean {
    if (this.readyState !== CONNECTING) return this.readyState === OPEN;
    throw new Error("Cannot send a frame: the WebSocket is not open.");
  }

  #flush(): void {
    if (!this.#isWriting) this.#write();
  }

  /** Writes all frames that wait, and those that are added meanwhile; never rejects. */
  async #write(): Promise<void> {
    this.#isWriting = true;
    try {
      while (this.#hasOutput()) {
        let bytes = this.#writer.take();
        this.#unsent = bytes.length;
        while (this.#unsent > 0) {
          const written = await this.#connection!.write(bytes);
          this.#unsent -= written;
          bytes = bytes.subarray(written);
        }
      }
      this.#isWriting = false;
    } catch {
      // The server can have sent a Close frame, which is still to be read. Reading reports
      // the error, and nothing is written any more.
    }
  }

  /** Answers only the last Ping frame: RFC 6455, section 5.5.3. */
  #hasOutput(): boolean {
    if (this.#ping !== undefined && this.readyState === OPEN) {
      this.#writer.control(Opcode.PONG, this.#ping);
    }
    this.#ping = undefined;
    return this.#writer.length > 0;
  }
}

/** Ends a connection at once; it can be closed already. */
function closeConnection(connection: Deno.Conn | undefined): void {
  try {
    connection?.close();
  } catch {
    // It is closed.
  }
}

/** Notices that there was no turn of the event loop: Deno returns bytes that wait at once. */
class Turns {
  #last = performance.now();
  #isAwaited = false;

  /** Returns whether other work has had no turn for too long. */
  areOverdue(): boolean {
    if (performance.now() - this.#last < MAX_BUSY) return false;
    // Few reads are part of a flood: the next one probably waits, and there is a turn.
    if (this.#isAwaited) return true;
    this.#isAwaited = true;
    setImmediate(() => {
      this.#isAwaited = false;
      this.#last = performance.now();
    });
    return false;
  }
}

/** Lets timers and other connections have a turn. `setImmediate` lets only timers have one. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, 0));
}

/** Waits until all that was started in this turn has had its turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => void new Deadline(0, resolve));
}
