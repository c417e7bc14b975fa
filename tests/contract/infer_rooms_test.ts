/** Tests of the types in `contract/infer_rooms.ts`. The type check is the test. */

import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import type { JsonObject } from "../../common/json.ts";
import type { Contract } from "../../contract/contract.ts";
import { defineContract } from "../../contract/define.ts";
import type { NoData, OpenContract } from "../../contract/infer.ts";
import type {
  CheckedClaimsOf,
  ClaimsOf,
  PresenceOf,
  ReceivedPresenceOf,
  RoomEventData,
  RoomEventName,
  RoomNameOf,
  RoomPatternOf,
  RoomPublishName,
  RoomReceivedData,
} from "../../contract/infer_rooms.ts";
import type { NameOf, ParamsOf } from "../../contract/rooms_types.ts";
import { assertSameType } from "../support/same_type.ts";
import { compiles } from "../support/typed_contract.ts";

const contract = defineContract({
  messages: { ping: {} },
  rooms: {
    lobby: {},
    "doc:{id}": {
      events: {
        edit: type({ text: "string" }),
        cursor: {
          data: z.object({ id: z.number(), at: z.date() }),
          latest: (data) => {
            assertSameType<typeof data, { id: number; at: string }>(true);
            return data.id;
          },
        },
        tick: {
          latest: (data) => {
            assertSameType<typeof data, NoData>(true);
            return "tick";
          },
        },
      },
      publishes: ["cursor", "tick"],
      presence: z.object({ name: z.string(), at: z.date() }),
      claims: z.object({ n: z.string().transform(Number) }),
    },
    "doc:{id}:comments": {
      events: { add: v.object({ text: v.string() }), clear: {} },
    },
    "doc:private-{id}": {
      events: { edit: z.object({ secret: z.string() }) },
      presence: z.object({ level: z.number() }),
    },
    "doc:1": { events: { only: {} } },
  },
});

type Typed = typeof contract;

/** The data of an event, and what a room of the server or the client looks like. */
declare function room<Of extends Contract, Name extends RoomNameOf<Of>>(
  contract: Of,
  name: Name,
): {
  publish<Event extends RoomPublishName<Of, Name>>(
    event: Event,
    data: RoomEventData<Of, Name, Event>,
  ): void;
  receive<Event extends RoomEventName<Of, Name>>(
    event: Event,
    listener: (data: RoomReceivedData<Of, Name, Event>) => void,
  ): void;
};

declare function defineRoom<
  Of extends Contract,
  Pattern extends RoomPatternOf<Of>,
>(
  contract: Of,
  pattern: Pattern,
  options: {
    authorize(params: ParamsOf<Pattern>): boolean;
    presence(
      claimed: CheckedClaimsOf<Of, Pattern>,
    ): PresenceOf<Of, Pattern> | false;
  },
): void;

Deno.test("the names of rooms are those that match a pattern", () => {
  type Names = "lobby" | `doc:${string}` | NameOf<"doc:{id}:comments">;
  assertSameType<RoomNameOf<Typed>, Names | `doc:private-${string}` | "doc:1">(
    true,
  );
  compiles(() => {
    room(contract, "lobby");
    room(contract, `doc:${crypto.randomUUID()}`);
    // @ts-expect-error: there is no such room
    room(contract, "loby");
    // @ts-expect-error: a string can be any name
    room(contract, "doc:1" as string);
    // @ts-expect-error: a contract without rooms has none
    room(defineContract({ messages: { ping: {} } }), "lobby");
  });
});

Deno.test("a name has the events of the pattern that applies at run time", () => {
  type EventOf<Name> = RoomEventName<Typed, Name>;
  type InDocument = "edit" | "cursor" | "tick";
  assertSameType<EventOf<"lobby">, never>(true);
  assertSameType<EventOf<"doc:2">, InDocument>(true);
  assertSameType<EventOf<`doc:${string}`>, InDocument>(true);
  assertSameType<EventOf<`doc:${number}`>, InDocument>(true);
  assertSameType<EventOf<"doc:2:comments">, "add" | "clear">(true);
  assertSameType<EventOf<`doc:${string}:comments`>, "add" | "clear">(true);
  assertSameType<EventOf<"doc:private-2">, "edit">(true);
  assertSameType<EventOf<"doc:1">, "only">(true);
  // A parameter contains no colon.
  assertSameType<EventOf<"doc:2:other">, never>(true);
  // The patterns themselves are valid, for the definition on the server.
  assertSameType<EventOf<"doc:{id}">, InDocument>(true);
  assertSameType<EventOf<"doc:{id}:comments">, "add" | "clear">(true);
  // Several possible names have the events of each of them.
  assertSameType<
    EventOf<"lobby" | "doc:1" | "doc:2:comments">,
    "only" | "add" | "clear"
  >(true);
});

Deno.test("data has the type of the event in this room", () => {
  type Sent<Name, Event> = RoomEventData<Typed, Name, Event>;
  assertSameType<Sent<"doc:2", "edit">, { text: string }>(true);
  assertSameType<Sent<"doc:private-2", "edit">, { secret: string }>(true);
  assertSameType<Sent<"doc:2", "tick">, NoData>(true);
  assertSameType<Sent<"doc:2", "cursor">, { id: number; at: Date }>(true);
  type Received = RoomReceivedData<Typed, "doc:2", "cursor">;
  assertSameType<Received, { id: number; at: string }>(true);
  compiles(() => {
    const doc = room(contract, "doc:2");
    doc.receive("edit", ({ text }) => text.trim());
    doc.publish("cursor", { id: 1, at: new Date() });
    // @ts-expect-error: clients cannot publish it
    doc.publish("edit", { text: "" });
    // @ts-expect-error: the room has no such event
    doc.receive("add", () => {});
    room(contract, "doc:2:comments").publish("add", { text: "" });
    // @ts-expect-error: its text is a string
    room(contract, "doc:2:comments").publish("add", { text: 1 });
  });
});

Deno.test("clients can publish the events in `publishes`, or else all events", () => {
  assertSameType<RoomPublishName<Typed, "doc:2">, "cursor" | "tick">(true);
  type InComments = RoomPublishName<Typed, "doc:2:comments">;
  assertSameType<InComments, "add" | "clear">(true);
  assertSameType<RoomPublishName<Typed, "lobby">, never>(true);
});

Deno.test("a presence has the types of both schemas", () => {
  type Shown = { name: string; at: Date };
  assertSameType<PresenceOf<Typed, "doc:2">, Shown>(true);
  type Received = ReceivedPresenceOf<Typed, "doc:2">;
  assertSameType<Received, { name: string; at: string }>(true);
  assertSameType<ClaimsOf<Typed, "doc:2">, { n: string }>(true);
  assertSameType<CheckedClaimsOf<Typed, "doc:2">, { n: number }>(true);
  assertSameType<ClaimsOf<Typed, "doc:private-2">, { level: number }>(true);
  assertSameType<PresenceOf<Typed, "lobby">, NoData>(true);
  assertSameType<ClaimsOf<Typed, "lobby">, NoData>(true);
});

Deno.test("a definition has the parameters and the presence of its pattern", () => {
  compiles(() => {
    defineRoom(contract, "doc:{id}", {
      authorize: ({ id }) => id === "1",
      presence: ({ n }) => ({ name: n.toFixed(), at: new Date() }),
    });
    defineRoom(contract, "doc:private-{id}", {
      // @ts-expect-error: the pattern has no such parameter
      authorize: ({ name }) => name === "1",
      // @ts-expect-error: it has a level
      presence: () => ({}),
    });
    // @ts-expect-error: the contract has no such pattern
    defineRoom(contract, "doc:2", {
      authorize: () => true,
      presence: () => false,
    });
  });
});

Deno.test("without a contract, names of rooms are strings and data is JSON", () => {
  assertSameType<RoomNameOf<OpenContract>, string>(true);
  assertSameType<RoomPatternOf<OpenContract>, string>(true);
  assertSameType<RoomEventName<OpenContract, "chat:1">, string>(true);
  assertSameType<RoomPublishName<OpenContract, "chat:1">, string>(true);
  assertSameType<RoomEventData<OpenContract, "chat:1", "say">, JsonObject>(
    true,
  );
  assertSameType<RoomReceivedData<OpenContract, "chat:1", "say">, JsonObject>(
    true,
  );
  assertSameType<PresenceOf<OpenContract, "chat:1">, JsonObject>(true);
  assertSameType<CheckedClaimsOf<OpenContract, "chat:1">, JsonObject>(true);
});

Deno.test("with any contract, names of rooms are strings and data is JSON", () => {
  // deno-lint-ignore no-explicit-any
  type Any = any;
  assertSameType<RoomNameOf<Any>, string>(true);
  assertSameType<RoomPatternOf<Any>, string>(true);
  assertSameType<RoomEventName<Any, "chat:1">, string>(true);
  assertSameType<RoomPublishName<Any, "chat:1">, string>(true);
  assertSameType<RoomEventData<Any, "chat:1", "say">, JsonObject>(true);
  assertSameType<RoomReceivedData<Any, "chat:1", "say">, JsonObject>(true);
  assertSameType<PresenceOf<Any, "chat:1">, JsonObject>(true);
  assertSameType<CheckedClaimsOf<Any, "chat:1">, JsonObject>(true);
  assertSameType<RoomEventName<Contract, "chat:1">, string>(true);
  assertSameType<RoomEventData<Contract, "chat:1", "say">, JsonObject>(true);
});

Deno.test("rooms whose names TypeScript does not know have the type of their entries", () => {
  const events = { say: z.object({ text: z.string() }) };
  const many = defineContract({
    rooms: Object.fromEntries(["a", "b"].map((name) => [name, { events }])),
  });
  type Many = typeof many;
  assertSameType<RoomNameOf<Many>, string>(true);
  assertSameType<RoomEventName<Many, "a">, "say">(true);
  assertSameType<RoomEventData<Many, "a", "say">, { text: string }>(true);
});

Deno.test("a contract without rooms has no names of rooms", () => {
  const none = defineContract({ messages: { ping: {} } });
  assertSameType<RoomNameOf<typeof none>, never>(true);
  assertSameType<RoomPatternOf<typeof none>, never>(true);
  none satisfies Contract;
  contract satisfies Contract;
});
