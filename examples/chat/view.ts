/// <reference lib="dom" />
/** Makes the elements of the page. */

import type { ChatRoom, Draft, Person } from "./chat_room.ts";
import type { Say } from "./contract.ts";
import type { Entry } from "./storage.ts";

const GAPS: Readonly<Record<string, string>> = {
  epoch: "The server has started again. Messages can be missing here.",
  expired: "You were away for long. Older messages are missing here.",
  limit: "You missed many messages. Some of them are missing here.",
  slow: "Your connection was slow. Messages are missing here.",
  broker: "The server lost messages here.",
};

/** Returns the button that opens a room. */
export function roomView(
  { topic, unread }: ChatRoom,
  isCurrent: boolean,
  onOpen: () => void,
): HTMLElement {
  const button = make("button", isCurrent ? "current" : "", `# ${topic}`);
  if (unread > 0) button.append(make("span", "unread", String(unread)));
  button.addEventListener("click", onOpen);
  return button;
}

/** Returns the entry of a person in the list. */
export function personView(
  { name, isTyping, tabs }: Person,
  user: string,
): HTMLElement {
  const item = make("li", "");
  item.append(avatarOf(name), make("span", "name", name));
  const isUser = name === user;
  if (isUser) item.append(make("span", "note", "you"));
  if (tabs > 1) item.append(make("span", "note", `${tabs} tabs`));
  if (isTyping && !isUser) item.append(make("span", "note", "is typing …"));
  return item;
}

/** Returns what was said in a room, and what waits to be sent. */
export function messageView(room: ChatRoom, user: string): HTMLElement[] {
  const { entries, drafts, seen } = room;
  const views = entries.map((entry) => entryView(entry, user));
  if (seen > 0 && seen < entries.length) {
    views.splice(seen, 0, make("li", "new", "New since your last visit"));
  }
  return [...views, ...drafts.map((draft) => draftView(room, draft))];
}

function entryView(entry: Entry, user: string): HTMLElement {
  if (entry.type === "message") return bubbleOf(entry.message, user);
  return make("li", "gap", GAPS[entry.reason] ?? entry.reason);
}

function draftView(room: ChatRoom, draft: Draft): HTMLElement {
  const view = bubbleOf(draft.message, draft.message.author);
  view.classList.add("draft");
  if (draft.error === undefined) {
    view.append(make("span", "note", "sending …"));
    return view;
  }
  const retry = make("button", "retry", "Send again");
  retry.addEventListener("click", () => room.retry(draft));
  view.append(make("span", "problem", draft.error), retry);
  return view;
}

function bubbleOf({ author, text, time }: Say, user: string): HTMLElement {
  const view = make("li", author === user ? "message own" : "message");
  const bubble = make("div", "bubble");
  const head = make("div", "head");
  head.append(
    make("span", "name", author),
    make("time", "", new Date(time).toLocaleTimeString([], TIME)),
  );
  bubble.append(head, make("div", "text", text));
  view.append(avatarOf(author), bubble);
  return view;
}

const TIME = { hour: "2-digit", minute: "2-digit" } as const;

/** Returns a circle with the first letter of a name, in a color of its own. */
function avatarOf(name: string): HTMLElement {
  const avatar = make("span", "avatar", name.slice(0, 1).toUpperCase());
  const sum = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  avatar.style.setProperty("--hue", String((sum * 47) % 360));
  return avatar;
}

function make(tag: string, className: string, text = ""): HTMLElement {
  const created = document.createElement(tag);
  created.className = className;
  created.textContent = text;
  return created;
}

/** Returns the element of the page with an id. */
export function element<Type extends HTMLElement>(id: string): Type {
  return document.getElementById(id) as Type;
}
