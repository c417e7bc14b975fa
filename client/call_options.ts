/**
 * The options of the requests of a client, and their checks.
 *
 * Each check runs before anything is sent. It costs nothing for a request without
 * options, because requests are frequent.
 *
 * @module
 */

import {
  checkBoolean,
  checkFunction,
  checkKeys,
  checkNumber,
  checkSignal,
  type KnownKeys,
  type NumberRange,
} from "../common/check.ts";
import {
  checkRequestOptions,
  REQUEST_KEYS,
  type RequestOptions,
} from "../common/request_options.ts";
import { StreamPosition } from "./stream_window.ts";

/** Options of `Connection.operation` */
export interface OperationOptions extends RequestOptions {
  /**
   * Whether the operation can run twice without harm. If the connection is lost during
   * such an operation, the client calls it again after it has reconnected. It does not call
   * it again if it can be the reason why the server closed the connection (codes 1003,
   * 1008 and 1009). `timeout` and `signal` apply to all calls together. Has no effect
   * without the option `reconnect`.
   *
   * @default {false}
   */
  readonly idempotent?: boolean | undefined;
}

/** Options of `Connection.stream` */
export interface StreamOptions {
  /**
   * Ends the stream when aborted, with the reason of the signal. The `finally` block of
   * the server's generator runs. If omitted, only the end of the loop ends the stream.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * The maximum number of items that are in flight or wait to be consumed, from 0 to
   * 65,536. The server's generator pauses at that number. A stream starts with at most 16
   * items, and requests fewer items if they are long: see `maxBuffered`.
   *
   * With 0, the generator makes an item only when the caller asks for it. Each item then
   * takes a round trip.
   *
   * @default {256}
   */
  readonly buffer?: number | undefined;
  /**
   * Whether the stream continues over reconnects. The handler has to yield each item with
   * `tracked(id, item)`. After a reconnect, the client calls the operation again, and the
   * handler continues after the last item that has arrived. If it cannot, the loop throws
   * its error. Needs the option `reconnect` of `connect`. As `idempotent` of an operation,
   * it does not apply if the server closed the connection with 1003, 1008 or 1009.
   *
   * @default {false}
   */
  readonly resume?: boolean | undefined;
  /**
   * Whether a stream with `resume` can have items without an id. After a reconnect, the
   * handler then starts again after the last item with an id, or from the beginning if there
   * was none. Items can arrive twice, or be missing if the handler does not repeat them. Use
   * it for a state that is sent again and again, such as a price.
   *
   * @default {false}
   */
  readonly idempotent?: boolean | undefined;
}

/** {@linkcode StreamOptions} with their defaults */
export interface ResolvedStreamOptions {
  readonly signal: AbortSignal | undefined;
  readonly buffer: number;
  /** `undefined` if the stream ends with its connection */
  readonly position: StreamPosition | undefined;
}

const MESSAGE_KEYS: KnownKeys = { ...REQUEST_KEYS, onReply: true };

const OPERATION_KEYS: KnownKeys & Record<keyof OperationOptions, true> = {
  ...REQUEST_KEYS,
  idempotent: true,
};

const STREAM_KEYS: KnownKeys & Record<keyof StreamOptions, true> = {
  signal: true,
  buffer: true,
  resume: true,
  idempotent: true,
};

const DEFAULT_BUFFER = 256;

const BUFFER: NumberRange = {
  min: 0,
  max: 65_536,
  integer: true,
  unit: "items",
};

/** Checks the options of a message, see `MessageOptions`. */
export function checkMessageOptions(
  options: RequestOptions & { readonly onReply?: unknown } | undefined,
): void {
  if (options === undefined) return;
  const subject = "Cannot send the message";
  checkRequestOptions(subject, options, MESSAGE_KEYS);
  checkFunction(subject, "onReply", options.onReply);
}

/** Checks the options of an operation. */
export function checkOperationOptions(
  options: OperationOptions | undefined,
): void {
  if (options === undefined) return;
  const subject = "Cannot call the operation";
  checkRequestOptions(subject, options, OPERATION_KEYS);
  checkBoolean(subject, "idempotent", options.idempotent);
}

/**
 * Checks the options of a stream.
 *
 * @returns The options with their defaults
 */
export function resolveStreamOptions(
  options: StreamOptions = {},
): ResolvedStreamOptions {
  const subject = "Cannot call the operation";
  checkKeys(subject, options, STREAM_KEYS);
  const { signal, buffer = DEFAULT_BUFFER } = options;
  checkSignal(subject, "signal", signal);
  checkNumber(subject, "buffer", buffer, BUFFER);
  return { signal, buffer, position: positionOf(subject, options) };
}

function positionOf(
  subject: string,
  { resume, idempotent = false }: StreamOptions,
): StreamPosition | undefined {
  checkBoolean(subject, "resume", resume);
  checkBoolean(subject, "idempotent", idempotent);
  if (resume === true) return new StreamPosition(idempotent);
  if (!idempotent) return undefined;
  throw new TypeError(
    `${subject}: 'idempotent' has no effect on a stream without 'resume'. Set 'resume', too.`,
  );
}
