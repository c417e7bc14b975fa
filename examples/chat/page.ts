/// <reference lib="dom" />
/** Connects the page to the server, and shows one of the rooms. */

import { type ConnectionStatus, createConnection } from "@hoist/cli/client";
import { ChatRoom } from "./chat_room.ts";
import type { contract } from "./contract.ts";
import { TOPICS } from "./topics.ts";
import { element, messageView, personView, roomView } from "./view.ts";

const settings = new URLSearchParams(location.hash.slice(1));
const user = settings.get("user") ?? "";

const connection = createConnection<typeof contract>(
  settings.get("token") ?? "none",
  { url: location.origin, reconnect: { maxDelay: 2_000 } }, // milliseconds
);
const rooms = TOPICS.map((topic) =>
  new ChatRoom(connection.room(`chat:${topic}`), topic, user, render)
);
let current = rooms[0]!;

connection.onState(showState);
const text = element<HTMLInputElement>("text");
text.addEventListener("input", () => current.type());
element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  current.say(text.value);
  text.value = "";
});
addEventListener("focus", render);
element("user").textContent = user;
render();

function open(room: ChatRoom): void {
  // What the user has seen in this room is not new at the next visit.
  current.seen = current.entries.length;
  current = room;
  text.focus();
  render();
}

/** Shows the current room. Messages of a page in the background stay unread. */
function render(): void {
  if (document.hasFocus()) current.unread = 0;
  element("rooms").replaceChildren(
    ...rooms.map((room) => roomView(room, room === current, () => open(room))),
  );
  element("people").replaceChildren(
    ...current.people.map((person) => personView(person, user)),
  );
  showMessages();
}

/** Shows the messages, and the end of them unless the user has scrolled up. */
function showMessages(): void {
  const list = element("messages");
  const { scrollHeight, scrollTop, clientHeight } = list;
  const isAtEnd = scrollHeight - scrollTop - clientHeight < 50; // pixels
  list.replaceChildren(...messageView(current, user));
  list.scrollTop = isAtEnd ? list.scrollHeight : scrollTop;
}

function showState(status: ConnectionStatus): void {
  element("state").className = status.state;
  element("state").textContent = describe(status);
  if (status.state === "closed") {
    connection.closed.then(({ error }) => showEnd(error));
  }
}

function describe(status: ConnectionStatus): string {
  if (status.state === "open") return "connected";
  if (status.state !== "waiting") return status.state;
  return `no server, next attempt in ${(status.delay / 1_000).toFixed(1)} s`;
}

function showEnd(error: Error | undefined): void {
  const why = error?.message ?? "The connection has ended.";
  const advice = "Open one of the URLs that the server prints.";
  element("error").textContent = `${why} ${advice}`;
}
