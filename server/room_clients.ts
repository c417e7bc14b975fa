/**
 * The clients of one server that use rooms, and the answers to their requests.
 *
 * @module
 */

import type { PublicationKey } from "../broker/broker.ts";
import { exceededLimit } from "../broker/too_large.ts";
import { isOwnError } from "../common/application_error.ts";
import { invalidType } from "../common/check.ts";
import {
  isDepthError,
  isEncodable,
  isNumberError,
} from "../common/encode_json.ts";
import { PublishError } from "../common/hoist_error.ts";
import type { JsonObject } from "../common/json.ts";
import { describeRoom, isLengthError } from "../common/text.ts";
import type { CloseInfo } from "../protocol/close.ts";
import { RequestError } from "../protocol/request_error.ts";
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
  encodeSuccess,
} from "../protocol/success_frames.ts";
import { ApplicationAnswer, encodeErrorResponse } from "./error_response.ts";
import { ConnectedClient } from "./connected_client.ts";
import type { ConnectionLog } from "./connection_log.ts";
import type { ConnectionRooms, RoomTransport } from "./connection_rooms.ts";
import type { Client } from "./message.ts";
import { RoomClient } from "./room_client.ts";
import {
  forbidden,
  messageTooLarge,
  notEncodable,
  tooLargeForEngine,
  toRequestError,
} from "./room_errors.ts";
import type { RoomMember } from "./room_member.ts";
import { checkPublished } from "./room_rights.ts";
import type {
  DefinedRoom,
  RoomPublication,
  RoomPublished,
  Rooms,
} from "./rooms.ts";
import type { FairScheduler } from "./scheduler.ts";

/** The clients of one server that use rooms. The others need no memory. */
export class RoomClients implements ConnectionRooms {
  readonly rooms: Rooms;
  readonly #requests: RoomRequests;
  readonly #scheduler: FairScheduler;
  readonly #clients = new Map<RoomTransport, RoomClient>();
  /** The clients that the application knows, also those that have left */
  readonly #known = new WeakMap<Client, RoomClient>();

  /**
   * Constructs `RoomClients`.
   *
   * @param rooms The rooms of the server
   * @param scheduler Shares the event loop between the recoveries of all clients
   * @param rules What the answers to failed requests depend on
   */
  constructor(rooms: Rooms, scheduler: FairScheduler, rules: AnswerRules) {
    this.rooms = rooms;
    this.#scheduler = scheduler;
    this.#requests = new RoomRequests(rooms, rules);
  }

  answer(
    client: Client,
    transport: RoomTransport,
    request: RoomRequest,
  ): Promise<void> {
    return this.#requests.run(this.#of(client, transport), request);
  }

  recognize(client: Client, transport: RoomTransport, secret: string): void {
    this.#of(client, transport, secret);
  }

  namesOf(transport: RoomTransport): readonly string[] {
    return this.#clients.get(transport)?.names ?? [];
  }

  async put(
    client: Client,
    transport: RoomTransport,
    name: string,
  ): Promise<void> {
    const room = this.rooms.get(name);
    if (transport.closed !== undefined) return;
    await this.#of(client, transport).put(room);
  }

  putOut(transport: RoomTransport, name: string): void {
    this.#clients.get(transport)?.putOut(name);
  }

  onUser(transport: RoomTransport, user: string | undefined): void {
    const client = this.#clients.get(transport);
    if (client?.identity.user !== user) client?.onUserChanged();
  }

  onClosed(transport: RoomTransport, info: CloseInfo): void {
    this.#clients.get(transport)?.close(info);
    this.#clients.delete(transport);
  }

  /**
   * Returns the public id of the connection of a client, which has one from now on. It is
   * `null` if the client has left without having used rooms.
   *
   * @param subject What could not be done, such as `Cannot broadcast`
   * @param what What the error calls the client, such as `'except'`
   * @param client The client
   *
   * @throws {TypeError} If the value is not a client of this server
   */
  connectionOf(subject: string, what: string, client: Client): string | null {
    const known = this.#known.get(client);
    if (known !== undefined) return known.identity.connection;
    if (!ConnectedClient.isOf(this, client)) {
      throw invalidType(subject, what, "a client of this server", client);
    }
    const transport = ConnectedClient.transportOf(client);
    if (transport === undefined || transport.closed !== undefined) return null;
    return this.#of(client, transport).identity.connection;
  }

  #of(client: Client, transport: RoomTransport, secret?: string): RoomClient {
    const known = this.#clients.get(transport);
    if (known !== undefined) return known;
    const scheduler = this.#scheduler;
    const parts = { client, transport, scheduler, secret };
    const created = new RoomClient(this.rooms, parts);
    this.#clients.set(transport, created);
    this.#known.set(client, created);
    return created;
  }
}

/** What the answers to failed requests depend on. */
interface AnswerRules {
  readonly exposeErrors: boolean;
  readonly limits: { readonly maxBuffered: number };
}

/** Answers the requests of clients about rooms. */
class RoomRequests {
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
    const { position, isDuplicate } = await this.#store(
      { definition, info },
      {
        ...{ name, data, from, publisher: connection, except: null },
        key: keyOf(client, request),
      },
      request.data,
    );
    client.transport.send(encodePublished(id, position, isDuplicate));
  }

  /**
   * Publishes a message.
   *
   * @param received The data that the client has sent, before its schema
   */
  async #store(
    room: DefinedRoom,
    publication: RoomPublication,
    received: JsonObject,
  ): Promise<RoomPublished> {
    try {
      return await this.#rooms.publish(room, publication);
    } catch (error) {
      if (isLengthError(error)) throw this.#tooLarge(error);
      // If only the output of a schema has no JSON form, the client is not to blame.
      const isFault = !isUnencodable(error) || isEncodable(received);
      throw isFault ? error : notEncodable();
    }
  }

  #tooLarge(error: Error): RequestError {
    const limit = exceededLimit(error);
    return limit === undefined
      ? messageTooLarge(this.#rules.limits.maxBuffered)
      : tooLargeForEngine(limit, error.message);
  }

  async #fail(
    { transport }: RoomClient,
    { id, kind, room }: RoomRequest,
    error: unknown,
  ): Promise<void> {
    const { limits: { maxBuffered } } = this.#rules;
    const answer = isOwnError(error)
      ? (await ApplicationAnswer.for(error, { maxBuffered })).answer
      : error;
    const { log } = transport;
    const subject = `${SUBJECTS[kind]} ${describeRoom(log.redact(room))}`;
    report(log, subject, answer);
    const frame = ApplicationAnswer.is(answer)
      ? answer.encode(id)
      : encodeErrorResponse(id, answer, this.#rules);
    transport.send(frame);
  }
}

/** Whether data was refused that a client can cause by its own data. */
function isUnencodable(error: unknown): boolean {
  return isNumberError(error) || isDepthError(error);
}

/** What a log line calls a request, before the room. */
const SUBJECTS: Readonly<Record<RoomRequest["kind"], string>> = {
  join: "join of",
  leave: "leave of",
  members: "members of",
  presence: "presence in",
  publish: "publication in",
};

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
