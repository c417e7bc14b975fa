/** One room of the page: its messages, its members, and the messages that wait to be sent. */

import {
  type ClientRoom,
  ConnectionClosedError,
  type RoomGap,
  type RoomMessage,
} from "@hoist/cli/client";
import type { contract, Say } from "./contract.ts";
import { type Entry, RoomStorage, type Saved } from "./storage.ts";
import type { Topic } from "./topics.ts";

type Room = ClientRoom<typeof contract, `chat:${Topic}`>;

/** A message that the server has not confirmed */
export interface Draft {
  readonly message: Say;
  /** Why it was not sent; `undefined` while the client tries */
  error?: string;
}

/** A person in the room */
export interface Person {
  readonly name: string;
  readonly isTyping: boolean;
  /** How many tabs the person has open */
  readonly tabs: number;
}

/** How many messages a page shows that opens the room for the first time. */
const FIRST = 50;

/** How long a person counts as typing after a key, in milliseconds. */
const TYPING = 3_000;

export class ChatRoom {
  readonly topic: Topic;
  readonly entries: Entry[];
  readonly drafts: Draft[] = [];
  /** The number of entries from the last visit */
  seen: number;
  unread = 0;
  readonly #room: Room;
  readonly #user: string;
  readonly #storage: RoomStorage;
  readonly #onChange: () => void;
  #typing: ReturnType<typeof setTimeout> | undefined;

  /** Joins a room. */
  constructor(
    room: Room,
    topic: Topic,
    user: string,
    onChange: () => void,
  ) {
    this.topic = topic;
    this.#room = room;
    this.#user = user;
    this.#onChange = onChange;
    this.#storage = new RoomStorage(user, topic);
    const saved = this.#storage.load();
    this.entries = [...saved?.entries ?? []];
    this.seen = this.entries.length;
    room.receive("say", (message) => this.#onMessage(message));
    room.onMembers(() => onChange());
    room.onGap((gap) => this.#onGap(gap));
    room.onLeft(({ reason, error }) => {
      // The page shows it for all rooms.
      if (reason === "connection") return;
      const why = error?.message ?? reason;
      this.#show({ type: "gap", reason: `You are no longer here: ${why}` });
    });
    this.#join(saved);
  }

  /** The people in the room, by their names */
  get people(): Person[] {
    return [...this.#room.members.values()].map(({ connections }) => ({
      name: connections[0]?.name ?? "?",
      isTyping: connections.some((tab) => tab?.typing),
      tabs: connections.length,
    })).sort((a, b) => a.name.localeCompare(b.name));
  }

  /** Sends a text. While the server is missing, it waits for up to two minutes. */
  async say(text: string): Promise<void> {
    this.#setTyping(false);
    const message = { author: this.#user, text, time: Date.now() };
    const draft: Draft = { message };
    this.drafts.push(draft);
    this.#onChange();
    try {
      await this.#room.publish("say", message);
      this.drafts.splice(this.drafts.indexOf(draft), 1);
    } catch (error) {
      draft.error = messageOf(error);
    }
    this.#onChange();
  }

  /** Tries to send a message again. The user has seen that it did not arrive. */
  retry(draft: Draft): void {
    this.drafts.splice(this.drafts.indexOf(draft), 1);
    this.say(draft.message.text);
  }

  /** Shows the others that this person types. */
  type(): void {
    if (this.#typing === undefined) this.#setTyping(true);
    else clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#setTyping(false), TYPING);
  }

  /** Asks for what was said since the last visit, or for the newest messages. */
  async #join(saved: Saved | undefined): Promise<void> {
    try {
      await this.#room.join(
        saved === undefined ? { last: FIRST } : { since: saved.position },
      );
    } catch (error) {
      // The page shows it for all rooms.
      if (error instanceof ConnectionClosedError) return;
      this.#show({ type: "gap", reason: messageOf(error) });
    }
  }

  #onMessage({ data, position }: RoomMessage<Say>): void {
    this.#show({ type: "message", message: data }, position);
  }

  #onGap({ reason }: RoomGap): void {
    this.#show({ type: "gap", reason }, this.#room.position);
  }

  #show(entry: Entry, position: string | null = null): void {
    this.entries.push(entry);
    const isOther = entry.type === "message" &&
      entry.message.author !== this.#user;
    if (isOther) this.unread++;
    if (position !== null) {
      this.#storage.save({ entries: this.entries, position });
    }
    this.#onChange();
  }

  #setTyping(typing: boolean): void {
    if (!typing && this.#typing === undefined) return;
    clearTimeout(this.#typing);
    this.#typing = undefined;
    // It fails if the client is not in the room. The others then see nothing anyway.
    this.#room.setPresence({ typing }).catch(() => {});
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
