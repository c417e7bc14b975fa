/**
 * The client of the object list. It runs in a worker, so that the coverage of the main
 * thread contains only calls on the server.
 *
 * @module
 */

import { type Library, openConnection } from "./programs.ts";

let connection: Library;

const worker = globalThis as unknown as {
  onmessage(event: MessageEvent): Promise<void>;
  postMessage(message: unknown): void;
};

/** Connects at the first event, and sends a message at each later one. */
worker.onmessage = async ({ data }) => {
  if (connection === undefined) {
    const library = await import(`${data.base}mod.ts`);
    connection = await openConnection(library, data.port);
  } else {
    await connection.message("hello");
  }
  worker.postMessage("done");
};
