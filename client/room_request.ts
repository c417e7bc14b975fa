/**
 * The requests of a client about a room, and what the server knows about its stay in the
 * room after the answers.
 *
 * @module
 */

import { describeRoom } from "../common/text.ts";
import type { RequestEncoder } from "../protocol/encode.ts";
import { encodeLeave } from "../protocol/encode_room_frames.ts";
import type { JoinedFrame } from "../protocol/success_frames.ts";
import type { Link, RequestEvents } from "./link.ts";

/** Describes a join, for errors. */
export function describeJoin(room: string): string {
  return describe("join", room);
}

function describe(what: string, room: string): string {
  return `the ${what} of ${describeRoom(room)}`;
}

/**
 * Sends a request about a room.
 *
 * @param link Where to send it
 * @param name The name of the room
 * @param what What the client asks for, such as `join`
 * @param encode Encodes the request
 * @param events What the answer calls
 */
function sendRoomRequest(
  link: Link,
  name: string,
  what: string,
  encode: RequestEncoder,
  events: RequestEvents = {},
): Promise<unknown> {
  const request = {
    name,
    describe: () => describe(what, name),
    encode,
    events,
  };
  // The number of rooms and of their requests in progress is limited.
  return link.request({ ...request, needs: "rooms", isAdmitted: true });
}

/** Has the link that is open; `undefined` while there is none */
interface LinkHolder {
  readonly link: Link | undefined;
}

/** Requests of one kind about a room, of which at most one is in progress. */
export class SingleRequest {
  readonly #context: LinkHolder;
  readonly #room: string;
  readonly #what: string;
  /** The link over which the last request was sent; `undefined` after its answer */
  #link: Link | undefined;

  /**
   * Constructs a `SingleRequest`, which sends nothing before `send` is called.
   *
   * @param context Has the link that is open
   * @param room The name of the room
   * @param what What the client asks for, such as `presence`
   */
  constructor(
    context: LinkHolder,
    room: string,
    what: string,
  ) {
    this.#context = context;
    this.#room = room;
    this.#what = what;
  }

  /** Whether the server has yet to answer a request over the open link */
  get isPending(): boolean {
    return this.#link !== undefined && this.#link === this.#context.link;
  }

  /**
   * Sends a request, if a link is open.
   *
   * @param encode Encodes the request
   * @param onEnd Called after the answer, with the error if the server refuses. Not called
   * if the link is lost before
   * @param events What the answer calls
   */
  send(
    encode: RequestEncoder,
    onEnd: (error?: unknown) => void,
    events?: RequestEvents,
  ): void {
    const { link } = this.#context;
    if (link === undefined) return;
    this.#link = link;
    const end = (error?: unknown) => {
      if (link !== this.#context.link) return;
      this.#link = undefined;
      onEnd(error);
    };
    sendRoomRequest(link, this.#room, this.#what, encode, events)
      .then(() => end(), end);
  }
}

/** What the server knows */
export type Phase =
  /** Nothing */
  | "out"
  /** The client has asked to join */
  | "joining"
  /** The client is in the room */
  | "in"
  /** The client has asked to leave */
  | "leaving";

/** Receives the answer to a join. */
export interface JoinEvents {
  /** Called when the server has let the client in, before the next frame is read. */
  onJoined(frame: JoinedFrame): void;
  /**
   * Called when the client is not in the room.
   *
   * @param error The error; `undefined` if the answer does not belong to the request
   */
  onFailed(error: Error | undefined): void;
}

/** Joins and leaves a room. At most one join or leave is in progress at a time. */
export class RoomStay {
  readonly #context: LinkHolder;
  readonly #room: string;
  #phase: Phase = "out";

  /**
   * Constructs a `RoomStay`, which begins with `join`.
   *
   * @param context Has the link that is open
   * @param room The name of the room
   */
  constructor(context: LinkHolder, room: string) {
    this.#context = context;
    this.#room = room;
  }

  /** What the server knows */
  get phase(): Phase {
    return this.#phase;
  }

  /** Asks to join, if a link is open. */
  join(encode: RequestEncoder, events: JoinEvents): void {
    const onRoomAnswer: RequestEvents["onRoomAnswer"] = (frame) => {
      if (frame.kind !== "joined" || frame.room !== this.#room) return;
      this.#phase = "in";
      events.onJoined(frame);
    };
    this.#send("joining", encode, { onRoomAnswer }, (error) => {
      this.end();
      events.onFailed(error);
    });
  }

  /**
   * Asks to leave, if a link is open. The client is leaving until `end` is called.
   *
   * @param onAnswer Called after the answer, with the error if the server refuses
   */
  leave(onAnswer: (error: Error | undefined) => void): void {
    this.#send("leaving", encodeLeave(this.#room), {}, onAnswer);
  }

  /** The client is no longer in the room, or the link is lost. */
  end(): void {
    this.#phase = "out";
  }

  /** Sends a request, and calls a function if its answer does not change the phase. */
  #send(
    phase: "joining" | "leaving",
    encode: RequestEncoder,
    events: RequestEvents,
    onEnd: (error: Error | undefined) => void,
  ): void {
    const { link } = this.#context;
    if (link === undefined) return;
    this.#phase = phase;
    const onAnswer = (error: Error | undefined) => {
      if (link === this.#context.link && this.#phase === phase) onEnd(error);
    };
    const what = phase === "joining" ? "join" : "leave";
    sendRoomRequest(link, this.#room, what, encode, events)
      .then(() => onAnswer(undefined), onAnswer);
  }
}
