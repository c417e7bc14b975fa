/** The type of `client.identity`. The type check of this file is the test. */

import assert from "node:assert/strict";
import { serve, type ServeOptions } from "../../server.ts";
import { type Client, Server } from "../../mod.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { assertSameType } from "../support/same_type.ts";

const OPTIONS = { hostname: "127.0.0.1", port: 0, logger: new LogRecorder() };

/** The type of the identity of a server's clients. */
type IdentityIn<Of> = Of extends
  { readonly clients: ReadonlySet<Client<infer Identity>> } ? Identity
  : "no identity";

interface User {
  readonly id: number;
  readonly name?: string;
}

const user = (): User => ({ id: 1 });

Deno.test("the type of client.identity is the type that login resolves to", async () => {
  await using server = serve("test", { ...OPTIONS, login: user });
  assertSameType<IdentityIn<typeof server>, User>(true);
  server.operation("a", (_data, { client }) => {
    assertSameType<typeof client.identity, User>(true);
    return client.identity.id;
  });
  server.receive("a", ({ client }) => {
    assertSameType<typeof client.identity, User>(true);
  });
  server.receive(({ client }) => {
    assertSameType<typeof client.identity, User>(true);
  });
  for (const client of server.clients) {
    assertSameType<typeof client.identity, User>(true);
  }
  // @ts-expect-error: this property does not exist
  server.operation("b", (_data, { client }) => client.identity.missing);
});

Deno.test("the identity type excludes promises, null and false", async () => {
  await using later = serve("test", {
    ...OPTIONS,
    login: () => Promise.resolve(user()),
  });
  assertSameType<IdentityIn<typeof later>, User>(true);
  await using refusing = serve("test", {
    ...OPTIONS,
    login: (_server, token) => token === "test" ? user() : null,
  });
  assertSameType<IdentityIn<typeof refusing>, User>(true);
  await using either = serve("test", {
    ...OPTIONS,
    login: (_server, token) => token === "test" && user(),
  });
  assertSameType<IdentityIn<typeof either>, User>(true);
});

Deno.test("the identity type of a boolean login is undefined", async () => {
  await using server = serve("test", {
    ...OPTIONS,
    login: (_server, token): boolean => token === "test",
  });
  assertSameType<IdentityIn<typeof server>, undefined>(true);
});

Deno.test("the identity type without a login is a token name or undefined", async () => {
  await using plain = serve("test", OPTIONS);
  await using named = serve({
    ...OPTIONS,
    tokens: [{ name: "ci", token: "one" }],
  });
  type Named = { readonly name: string } | undefined;
  const [one] = plain.clients;
  const [other] = named.clients;
  const names: Named[] = [one?.identity, other?.identity];
  assert.deepEqual(names, [undefined, undefined]);
  // @ts-expect-error: the identity can be undefined
  named.operation("b", (_data, { client }) => client.identity.name);
});

Deno.test("the type of login rejects values that are no identity", () => {
  const check = (_login: ServeOptions["login"]) => {};
  check(() => true);
  check(() => user());
  check(() => Promise.resolve(null));
  check((_server, token) => token === "test" && new AppUser());
  // @ts-expect-error: SQL clients return an array of rows
  check(() => []);
  // @ts-expect-error: and a promise for one
  check(() => Promise.resolve([{ id: 1 }]));
  // @ts-expect-error: a boxed boolean is always true
  check(() => new Boolean(false));
  // @ts-expect-error: a response can have the status 401
  check(() => fetch("http://localhost"));
  // @ts-expect-error: a map is no identity
  check(() => new Map<string, string>());
  // @ts-expect-error: a date is no identity
  check(() => new Date());
  // @ts-expect-error: a function is no identity
  check(() => () => true);
  // @ts-expect-error: a string is no identity
  check(() => "Ada");
  // @ts-expect-error: the type of the identity is inferred, but checked
  const infer = () => serve("test", { ...OPTIONS, login: () => [1] });
  assert(infer);
});

/** An identity that is an object of a class of the application. */
class AppUser {
  readonly name = "Ada";
  rename(): void {}
}

Deno.test("new Server() infers the identity type", () => {
  const server = new Server<User>("test", { login: user });
  assertSameType<IdentityIn<typeof server>, User>(true);
  // @ts-expect-error: the login returns another type
  new Server<User>("test", { login: () => ({ id: "1" }) });
});
