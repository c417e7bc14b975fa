/** The names that belong to admins, and the options for them. */

import assert from "node:assert/strict";
import { adminContract } from "../../admin/mod.ts";
import { defineContract } from "../../mod.ts";
import { type ServeOptions, Server } from "../../server.ts";
import { serveQuietly } from "../support/server.ts";

/** Registrations of a reserved name. */
const RESERVED: Readonly<Record<string, () => unknown>> = {
  "a listener": () => create().receive("hoist.x", () => {}),
  "one of several listeners": () =>
    create().receive(["a", "hoist.x"], () => {}),
  "an operation": () => create().operation("hoist.admin.health", () => 1),
  "a room": () => create().defineRoom("hoist.x"),
  "a pattern of rooms": () => create().defineRoom("hoist.{id}"),
  "a contract with a message": () =>
    withContract({ messages: { "hoist.x": {} } }),
  "a contract with an event": () => withContract({ events: { "hoist.x": {} } }),
  "a contract with an operation": () =>
    withContract({ operations: { "hoist.x": {} } }),
  "the admin contract": () => withContract(adminContract),
  "limits": () =>
    serveQuietly({ limits: { perName: { "hoist.x": { maxRate: 1 } } } }),
};

/** Creates a server that does not listen. */
function create(): Server {
  return new Server("test");
}

function withContract(parts: object): unknown {
  const { messages, events, operations } = parts as typeof adminContract;
  const contract = defineContract({ messages, events, operations } as never);
  return serveQuietly({ contract } as ServeOptions);
}

for (const [what, register] of Object.entries(RESERVED)) {
  Deno.test(`${what} cannot have a reserved name`, () => {
    assert.throws(register, {
      name: "TypeError",
      message:
        /names that begin with "hoist\." are reserved for Hoist\. Choose/,
    });
  });
}

for (const name of ["hoist", "hoister.x", "Hoist.x", "x.hoist."]) {
  Deno.test(`the name ${name} is not reserved`, async () => {
    await using server = serveQuietly();
    server.operation(name, () => 1);
    server.receive(name, () => {});
  });
}

/** Options that make no sense. */
const INVALID: Readonly<Record<string, [object, RegExp]>> = {
  admin: [{ admin: true }, /'admin' must be a function/],
  adminPayloads: [
    { adminPayloads: 1 },
    /'adminPayloads' must be true or false/,
  ],
  "tokens[0].admin": [
    { tokens: [{ name: "a", token: "b", admin: "yes" }] },
    /'tokens\[0\]\.admin' must be true or false/,
  ],
};

for (const [name, [options, message]] of Object.entries(INVALID)) {
  Deno.test(`the option ${name} must have the right type`, () => {
    assert.throws(() => serveQuietly(options as ServeOptions), {
      name: "TypeError",
      message,
    });
  });
}
