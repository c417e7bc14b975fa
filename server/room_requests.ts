/**
 * Answers the requests of clients about rooms.
 *
 * @module
 */

import { isOwnError } from "../common/application_error.ts";
import type { PublicationKey } from "../broker/broker.ts";
import type {
  LeaveRequest,
  MembersRequest,
  PresenceRequest,
  PublishRequest,
  RoomRequest,
} from "../protocol/room_frames.ts";
import {
  encodeLeft,
  encodeMembers,
  encodePublished,
} from "../protocol/room_messages.ts";
import { encodeSuccess } from "../protocol/encode_success.ts";
import { PublishError } from "../common/publish_error.ts";
import { RequestError } from "../protocol/request_error.ts";
import { ApplicationAnswer } from "./application_answer.ts";
import type { ConnectionLog } from "./connection_log.ts";
import { encodeErrorResponse } from "./error_response.ts";
import type { RoomClient } from "./room_client.ts";
import type { JsonObject } from "../common/json.ts";
import { checkPublished } from "./room_checks.ts";
import { forbidden, toRequestError } from "./room_errors.ts";
import type { RoomMember } from "./room_member.ts";
import type { Rooms } from "./rooms.ts";

/** What the answers to failed requests depend on. */
export interface AnswerRules {
  readonly exposeErrors: boolean;
  readonly limits: { readonly maxBuffered: number };
}

/** Answers the requests of clients about rooms. */
export class RoomRequests {
  readonly #rooms: Rooms;
  readonly #rules: AnswerRules;

  /**
   * Constructs `RoomRequests`.
   *
   * @param rooms The rooms of the server
   * @param rules What the answers to failed requests depend on
   */
  constructor(rooms: Rooms, rules: AnswerRules) {
    this.#rooms = rooms;
    this.#rules = rules;
  }

  /** Answers a request; resolves when it is answered, and never rejects. */
  async run(client: RoomClient, request: RoomRequest): Promise<void> {
    try {
      await this.#handle(client, request);
    } catch (error) {
      // A client that has left needs no answer.
      if (client.transport.closed !== undefined) return;
      await this.#fail(client, request, toRequestError(error));
    }
  }

  #handle(client: RoomClient, request: RoomRequest): void | Promise<void> {
    switch (request.kind) {
      case "join":
        return client.join(request);
      case "leave":
        return leave(client, request);
      case "publish":
        return this.#publish(client, request);
      case "members":
        return sendMembers(client, request);
      case "presence":
        return changePresence(client, request);
    }
  }

  async #publish(client: RoomClient, request: PublishRequest): Promise<void> {
    const { id, room, name } = request;
    const member = memberOf(client, room);
    const data = await publishableData(client, member, request);
    // The client can have left the room meanwhile.
    if (client.member(room) !== member) throw forbidden("the client has left");
    const { definition, info } = member.room;
    const { connection, member: from } = client.identity;
    const { position, isDuplicate } = await this.#rooms.publish(
      { definition, info },
      {
        ...{ name, data, from, publisher: connection, except: null },
        key: keyOf(client, request),
      },
    );
    client.transport.send(encodePublished(id, position, isDuplicate));
  }

  async #fail(
    { transport }: RoomClient,
    { id, kind }: RoomRequest,
    error: unknown,
  ): Promise<void> {
    const { limits: { maxBuffered } } = this.#rules;
    const answer = isOwnError(error)
      ? (await ApplicationAnswer.for(error, { maxBuffered })).answer
      : error;
    report(transport.log, `the frame "${kind}"`, answer);
    const frame = ApplicationAnswer.is(answer)
      ? answer.encode(id)
      : encodeErrorResponse(id, answer, this.#rules);
    transport.send(frame);
  }
}

function leave(client: RoomClient, { id, room }: LeaveRequest): void {
  client.leave(room);
  client.transport.send(encodeLeft(id, room));
}

async function sendMembers(
  client: RoomClient,
  { id, room }: MembersRequest,
): Promise<void> {
  const { budget, lists, transport } = client;
  await budget.wait(() => transport.closed === undefined);
  const { presence } = memberOf(client, room).room;
  const free = await lists.reserve(() => presence.length);
  free();
  // The client can have left the room meanwhile.
  const list = memberOf(client, room).room.presence.encode();
  budget.take(list.length);
  transport.send(encodeMembers(id, list));
}

async function changePresence(
  client: RoomClient,
  { id, room, presence }: PresenceRequest,
): Promise<void> {
  await client.claim(memberOf(client, room), presence);
  client.transport.send(encodeSuccess(id, null));
}

/**
 * Checks that a client can publish a message.
 *
 * @returns The data that is published: the output of its schema, if it has one
 */
async function publishableData(
  { client }: RoomClient,
  { canPublish, room: { definition, info } }: RoomMember,
  request: PublishRequest,
): Promise<JsonObject> {
  if (!canPublish) throw forbidden("the client cannot publish");
  const { publish, entry } = definition;
  const data = await checkPublished(entry, info.name, request);
  if (typeof publish !== "function") return data;
  const decision = await publish(client, {
    ...info,
    message: request.name,
    data,
  });
  if (decision !== true) throw forbidden("'publish' refused the message");
  return data;
}

/** Returns the key of a message, which only this client can use. */
function keyOf(
  { identity: { connection, isRecognized } }: RoomClient,
  { key, isRepeated }: PublishRequest,
): PublicationKey {
  if (!isRepeated || isRecognized) {
    return { publisher: connection, key, isRepeated };
  }
  throw new PublishError(
    "the server does not recognize the client, so the message can be a duplicate",
    "unknown",
  );
}

function memberOf(client: RoomClient, room: string): RoomMember {
  const member = client.member(room);
  if (member === undefined) throw forbidden("the client is not in the room");
  return member;
}

function report(log: ConnectionLog, subject: string, answer: unknown): void {
  if (ApplicationAnswer.is(answer)) log.answered(subject, answer);
  else if (RequestError.is(answer)) log.rejected(subject, answer);
  else log.exception(`${subject} failed`, answer);
}
