/**
 * What the bare peers do with a frame, the same code for all of them: parse it, check
 * the id, do the work, answer in the same seven keys. No options, no logging, no limits.
 */

/** What every broadcast carries along. */
export const NEWS = {
  text: "some fifty bytes of data, as a short line of news",
};

let lastMessageId = 0;

/** The text of one broadcast. */
export function broadcastText() {
  const message = broadcastMessage();
  return encode(null, message, "s_newmsg");
}

/** What one broadcast says. */
export function broadcastMessage() {
  return { message: "news", data: NEWS, replying: null, id: ++lastMessageId };
}

/** The answer to a request, as an object. */
export function success(id, data, message) {
  return {
    success: true,
    data,
    error: null,
    code: 0,
    message,
    desc: null,
    id,
  };
}

function encode(id, data, message) {
  return JSON.stringify(success(id, data, message));
}

/** One client; `socket` has `send(text)` and `close(code)`, `room` is everybody. */
export class BareClient {
  #socket;
  #room;
  #loggedIn = false;

  constructor(socket, room) {
    this.#socket = socket;
    this.#room = room;
  }

  receive(text) {
    const frame = JSON.parse(text);
    if (frame.end === true) return this.#socket.close(1000);
    if (!Number.isSafeInteger(frame.id)) return this.#socket.close(1003);
    if (!this.#loggedIn) return this.#logIn(frame);
    if (frame.action === "message") {
      this.#socket.send(encode(frame.id, null, "done"));
      return;
    }
    const result = carryOut(frame.data, this.#room);
    this.#socket.send(encode(frame.id, { result }, null));
  }

  leave() {
    this.#room.leave(this.#socket);
  }

  #logIn(frame) {
    if (frame.token !== "test") return this.#socket.close(1008);
    this.#loggedIn = true;
    this.#room.join(this.#socket);
    this.#socket.send(encode(frame.id, null, null));
  }
}

/** Carries out an operation. */
export function carryOut({ operation, data }, room) {
  switch (operation) {
    case "add":
      return data.a + data.b;
    case "broadcast":
      for (let n = 0; n < data.times; n++) room.broadcast();
      return null;
    case "collect":
      room.collect();
      return null;
  }
}

/** Everybody, where the platform has nothing of its own for that. */
export class Room {
  #sockets = new Set();

  join(socket) {
    this.#sockets.add(socket);
  }

  leave(socket) {
    this.#sockets.delete(socket);
  }

  broadcast() {
    const text = broadcastText();
    for (const socket of this.#sockets) socket.send(text);
  }

  collect() {
    globalThis.gc();
  }
}
