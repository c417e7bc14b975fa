/**
 * The protocol of the bare servers, which is the same code for all of them: it parses a
 * frame, checks the id, does the work, and answers. It has no options, log or limits.
 */

import process from "node:process";

/** The data of every broadcast. */
export const NEWS = {
  text: "some fifty bytes of data, as a short line of news",
};

let lastMessageId = 0;

/** Returns the frame of a broadcast. */
export function broadcastText() {
  const message = broadcastMessage();
  return encode(null, message, "s_newmsg");
}

/** Returns the message of a broadcast. */
export function broadcastMessage() {
  return { message: "news", data: NEWS, replying: null, id: ++lastMessageId };
}

/** Returns the answer to a request. */
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

/** One client. `socket` has `send(text)` and `close(code)`. */
export class BareClient {
  #socket;
  #clients;
  #loggedIn = false;

  constructor(socket, clients) {
    this.#socket = socket;
    this.#clients = clients;
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
    const result = carryOut(frame.data, this.#clients);
    this.#socket.send(encode(frame.id, { result }, null));
  }

  onClosed() {
    this.#clients.delete(this.#socket);
  }

  #logIn(frame) {
    if (frame.token !== "test") return this.#socket.close(1008);
    this.#loggedIn = true;
    this.#clients.add(this.#socket);
    this.#socket.send(encode(frame.id, null, null));
  }
}

/** Carries out an operation. */
export function carryOut({ operation, data }, clients) {
  switch (operation) {
    case "add":
      return data.a + data.b;
    case "broadcast":
      for (let n = 0; n < data.times; n++) clients.broadcast();
      return null;
    case "room":
      for (let n = 0; n < data.times; n++) clients.sendToRoom();
      return null;
    case "heap":
      clients.collect();
      return process.memoryUsage().heapUsed;
    case "collect":
      clients.collect();
      return null;
  }
}

/** All clients, on platforms that have no publish. */
export class Clients {
  #sockets = new Set();

  add(socket) {
    this.#sockets.add(socket);
  }

  delete(socket) {
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
