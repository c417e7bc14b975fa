/** Tests of `server/abort_socket.ts` with sockets and a Deno that lack its internals. */

import assert from "node:assert/strict";

/** Loads the module again, because it remembers the sockets that it has seen. */
async function load(name: string) {
  const url = import.meta.resolve(`../../server/abort_socket.ts?${name}`);
  const module: typeof import("../../server/abort_socket.ts") = await import(
    url
  );
  return module;
}

/** A socket as Deno makes them */
const SOCKET = { [Symbol("[[rid]]")]: -1 };

Deno.test("sockets can be aborted until one has no resource", async () => {
  const { canAbort, probe } = await load("resources");
  assert(canAbort());
  probe(SOCKET);
  assert(canAbort());
  probe({ [Symbol("another")]: 1 });
  assert(!canAbort());
  probe(SOCKET);
  assert(!canAbort());
});

Deno.test("abortSocket() does nothing with a socket that it does not know", async () => {
  const { abortSocket } = await load("unknown");
  abortSocket({});
  abortSocket(SOCKET);
});

Deno.test("sockets cannot be aborted if Deno has no internals", async () => {
  const { abortSocket, canAbort } = await load("internals");
  const { internal } = Deno as { internal?: symbol };
  Object.assign(Deno, { internal: undefined });
  try {
    assert(!canAbort());
    abortSocket(SOCKET);
  } finally {
    Object.assign(Deno, { internal });
  }
  assert(canAbort());
});
