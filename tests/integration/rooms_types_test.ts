/** The types of rooms on a server and a client. The type check of this file is the test. */

import type { JsonObject } from "../../common/json.ts";
import {
  type Client,
  type Connection,
  createConnection,
  defineContract,
  type RoomMember,
  type RoomMessage,
  type RoomOptions,
  serve,
  Server,
} from "../../mod.ts";
import type { Member } from "../../server/member.ts";
import { assertSameType } from "../support/same_type.ts";
import { contract, type RoomContract } from "../support/room_contract.ts";
import { compiles, QUIET } from "../support/typed_contract.ts";

interface User {
  readonly name: string;
}

type RoomServer = Server<User, RoomContract, number>;

type RoomUser = Client<User, RoomContract, number>;

type Presence = { name: string; typing: boolean };

Deno.test("a definition gets the parameters, the events and the claims of the contract", () => {
  compiles((server: RoomServer) => {
    server.defineRoom("chat:{id}", {
      authorize: (client, { name, params }) => {
        assertSameType<typeof client, RoomUser>(true);
        assertSameType<typeof name, `chat:${string}`>(true);
        assertSameType<typeof params, { readonly id: string }>(true);
        return { history: false };
      },
      publish: (client, request) => {
        assertSameType<typeof client.identity, User>(true);
        assertSameType<typeof request.message, "say" | "cursor">(true);
        if (request.message === "cursor") {
          assertSameType<typeof request.data, { user: string; x: number }>(
            true,
          );
          return true;
        }
        assertSameType<typeof request.data, { text: string; loud: boolean }>(
          true,
        );
        return !request.data.loud;
      },
      presence: (client, claimed) => {
        assertSameType<typeof claimed, { typing: boolean } | null | false>(
          true,
        );
        if (claimed === false) return false;
        const { name } = client.identity;
        return { name, typing: claimed?.typing ?? false };
      },
      onJoin: (member, { params }) => {
        assertSameType<typeof member, Member<Presence>>(true);
        assertSameType<typeof params.id, string>(true);
      },
    });
    server.defineRoom("lobby");
    // @ts-expect-error: the presence has a name
    server.defineRoom("chat:{id}", { presence: () => ({ typing: true }) });
    // @ts-expect-error: there is no such parameter
    server.defineRoom("chat:{id}", { authorize: (_, { params }) => params.no });
    // @ts-expect-error: a name that matches a pattern is no pattern
    server.defineRoom("chat:1");
    // @ts-expect-error: the contract has no such room
    server.defineRoom("loby");
  });
});

Deno.test("a room of a server has the events and the presence of the contract", () => {
  compiles(async (server: RoomServer, client: RoomUser, id: string) => {
    const room = server.room(`chat:${id}`);
    assertSameType<typeof room.name, `chat:${string}`>(true);
    await room.broadcast("say", { text: "hi" }, { except: client, key: "k" });
    await room.broadcast("closed");
    const members = room.members();
    assertSameType<typeof members, readonly Member<Presence>[]>(true);
    const [message] = await room.history();
    if (message?.name === "cursor") {
      assertSameType<typeof message.data, { user: string; x: number }>(true);
    }
    await server.room("chat:private-1").broadcast("whisper", { secret: "s" });
    // @ts-expect-error: the data is missing
    room.broadcast("say");
    // @ts-expect-error: the data has another type
    room.broadcast("say", { text: 1 });
    // @ts-expect-error: the event is of another room
    room.broadcast("whisper", { secret: "s" });
    // @ts-expect-error: the room has no events
    server.room("lobby").broadcast("say", { text: "hi" });
    // @ts-expect-error: the contract has no such room
    server.room("loby");
  });
});

Deno.test("without a contract, a server has any room with any event", () => {
  compiles(async () => {
    const server = serve("test", QUIET);
    server.defineRoom("chat:{id}", {
      authorize: (client, { name, params }) => {
        assertSameType<typeof client.data, undefined>(true);
        return name !== params.id;
      },
      publish: (_client, { message, data }) => {
        assertSameType<typeof message, string>(true);
        assertSameType<typeof data, JsonObject>(true);
        return true;
      },
      presence: (_client, claimed) => {
        assertSameType<typeof claimed, JsonObject | null | false>(true);
        return claimed ?? {};
      },
    });
    const pattern: string = "a";
    server.defineRoom(pattern, {
      authorize: (_client, { params }) => {
        assertSameType<typeof params, { readonly [name: string]: string }>(
          true,
        );
        return true;
      },
    });
    const shared: RoomOptions = { authorize: (_client, { name }) => !!name };
    server.defineRoom("kept:{id}", { ...shared, history: { size: 1 } });
    const room = server.room(pattern);
    await room.broadcast("anything");
    await room.broadcast("anything", { at: "all" }, { key: "k" });
    const [message] = await room.history();
    assertSameType<NonNullable<typeof message>["name"], string>(true);
    assertSameType<NonNullable<typeof message>["data"], JsonObject>(true);
    const [member] = room.members();
    const [presence] = member!.connections;
    assertSameType<typeof presence, JsonObject | undefined>(true);
  });
});

Deno.test("a room of a client has the events, the presence and the claims of the contract", () => {
  compiles(async (connection: Connection<RoomContract>, id: string) => {
    const room = connection.room(`chat:${id}`);
    assertSameType<typeof room.name, `chat:${string}`>(true);
    type Say = RoomMessage<{ text: string; loud?: boolean | undefined }, "say">;
    type Cursor = RoomMessage<{ user: string; x: number }, "cursor">;
    type Closed = RoomMessage<Readonly<Record<string, never>>, "closed">;
    room.receive("say", (message) => {
      assertSameType<typeof message, Say>(true);
    });
    room.receive(["say", "cursor"], (message) => {
      assertSameType<typeof message, Say | Cursor>(true);
    });
    room.receive((message) => {
      assertSameType<typeof message, Say | Cursor | Closed>(true);
    });
    await room.join({ last: 1, presence: { typing: true } });
    await room.setPresence({});
    await room.setPresence(false);
    await room.publish("say", { text: "hi" }, { key: "k" });
    room.onMembers(({ joined }) => {
      assertSameType<typeof joined, readonly RoomMember<Presence>[]>(true);
    });
    const member = room.members.get("m");
    assertSameType<typeof member, RoomMember<Presence> | undefined>(true);
    const hidden = await connection.join("chat:private-1", { echo: false });
    hidden.receive("whisper", ({ data }) => data.secret);
    // @ts-expect-error: the event is of another room
    room.receive("whisper", () => {});
    // @ts-expect-error: clients cannot publish it
    room.publish("closed");
    // @ts-expect-error: the data is missing
    room.publish("say");
    // @ts-expect-error: the claims have another type
    room.join({ presence: { typing: 1 } });
    // @ts-expect-error: the server sets the name
    room.setPresence({ name: "ada" });
    // @ts-expect-error: the contract has no such room
    connection.room("loby");
    // @ts-expect-error: the contract has no such room
    connection.join("loby");
  });
});

Deno.test("every event of a connection can be of a room that the server has chosen", () => {
  compiles((connection: Connection<RoomContract>) => {
    connection.receive((message) => {
      assertSameType<
        typeof message.name,
        "news" | "say" | "closed" | "cursor" | "whisper"
      >(true);
      if (message.name === "whisper") {
        assertSameType<typeof message.data, { secret: string }>(true);
        assertSameType<typeof message.room, `chat:private-${string}`>(true);
      }
    });
    // @ts-expect-error: an event of a room can have any type, so it has no listener by name
    connection.receive("whisper", () => {});
  });
});

Deno.test("without a contract, a client has any room with any event", () => {
  compiles(async (name: string) => {
    const connection = createConnection("test");
    const room = connection.room(name);
    room.receive("say", (message) => {
      assertSameType<typeof message, RoomMessage<JsonObject, "say">>(true);
    });
    room.receive((message) => {
      assertSameType<typeof message, RoomMessage>(true);
    });
    await room.publish("say");
    await room.publish("say", { text: "hi" }, { timeout: 1 });
    await room.setPresence({ any: "thing" });
    const [member] = room.members.values();
    assertSameType<typeof member, RoomMember | undefined>(true);
  });
});

Deno.test("a contract without rooms has no room", () => {
  const silent = defineContract({ events: { news: {} } });
  compiles((connection: Connection<typeof silent>) => {
    // @ts-expect-error: the contract has no rooms
    connection.room("lobby");
    // @ts-expect-error: the contract has no rooms
    connection.join("lobby");
  });
  compiles((server: Server<User, typeof silent>) => {
    // @ts-expect-error: the contract has no rooms
    server.defineRoom("lobby");
    // @ts-expect-error: the contract has no rooms
    server.room("lobby");
  });
});

Deno.test("a server and a connection can be passed on with their types, or as any", () => {
  compiles((server: RoomServer) => {
    const typed = (of: Server<User, RoomContract>) => of.room("lobby");
    // deno-lint-ignore no-explicit-any -- the type that the documentation recommends
    const any = (of: Server<any, any>) => of.room("anything").broadcast("a");
    typed(new Server<User, RoomContract>("test", { contract }));
    any(server);
    any(new Server("test"));
  });
  compiles((connection: Connection<RoomContract>) => {
    // deno-lint-ignore no-explicit-any -- the type that the documentation recommends
    const any = (of: Connection<any>) => of.room("a").publish("b", { c: 1 });
    any(connection);
    any(createConnection("test"));
  });
});
