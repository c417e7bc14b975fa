/** How the server recognizes the clients of rooms. */

import assert from "node:assert/strict";
import { RoomIdentities } from "../../server/room_identities.ts";
import { Clock, READING_TIME } from "../support/clock.ts";

const MEMORY = 130_000;

/** A connection that counts how often another one has replaced it. */
class Owner {
  replaced = 0;

  onReplaced(): void {
    this.replaced++;
  }
}

Deno.test("a client is recognized by its secret, and only as the same user", () => {
  using _clock = new Clock();
  const identities = new RoomIdentities(10);
  const owner = new Owner();
  const ada = identities.claim(owner, "ada", undefined);
  assert.equal(ada.isRecognized, false);
  assert.match(ada.secret, /^[\w-]{22}$/);
  const { secret } = ada;
  for (const user of ["eve", undefined]) {
    const other = identities.claim(new Owner(), user, secret);
    assert.equal(other.isRecognized, false);
    assert.notEqual(other.member, ada.member);
  }
  for (const guess of [undefined, ada.connection, ada.member, "x".repeat(22)]) {
    assert.notEqual(
      identities.claim(new Owner(), "ada", guess).connection,
      ada.connection,
    );
  }
  assert.equal(owner.replaced, 0);
  const again = identities.claim(new Owner(), "ada", secret);
  assert.deepEqual(again, { ...ada, isRecognized: true });
  assert.equal(owner.replaced, 1);
});

Deno.test("all connections of a user are one member, and the others are members of their own", () => {
  using _clock = new Clock();
  const identities = new RoomIdentities(10);
  const claim = (user?: string) =>
    identities.claim(new Owner(), user, undefined);
  const [tab, other] = [claim("ada"), claim("ada")];
  assert.equal(tab.member, other.member);
  assert.notEqual(tab.connection, other.connection);
  const [one, two] = [claim(), claim()];
  assert.equal(one.member, one.connection);
  assert.notEqual(one.member, two.member);
});

Deno.test("a client is remembered for 130 seconds after its connection has ended", () => {
  using clock = new Clock();
  const identities = new RoomIdentities(10);
  const owner = new Owner();
  const ada = identities.claim(owner, "ada", undefined);
  clock.pass(10 * MEMORY);
  identities.release(owner, ada);
  clock.pass(MEMORY - 1);
  const next = new Owner();
  const again = identities.claim(next, "ada", ada.secret);
  assert.equal(again.connection, ada.connection);
  // The end of a connection that was replaced does not matter.
  identities.release(owner, ada);
  assert.equal(clock.timers, 0);
  identities.release(next, again);
  clock.pass(MEMORY + READING_TIME);
  const late = identities.claim(new Owner(), "ada", ada.secret);
  assert.notEqual(late.connection, ada.connection);
  assert.notEqual(late.member, ada.member);
});

Deno.test("the clients that left first are forgotten first if there are too many", () => {
  using clock = new Clock();
  const identities = new RoomIdentities(3);
  const claim = (secret?: string) => {
    const owner = new Owner();
    return { owner, ...identities.claim(owner, undefined, secret) };
  };
  const stays = claim();
  const clients = [1, 2, 3, 4].map(() => claim());
  for (const { owner, ...identity } of clients) {
    identities.release(owner, identity);
  }
  const recognized = clients.map(({ secret }) => claim(secret).isRecognized);
  assert.deepEqual(recognized, [false, true, true, true]);
  assert.equal(claim(stays.secret).isRecognized, true);
  assert.equal(clock.timers, 0);
});

Deno.test("a client that is forgotten, and all clients of a server that closes, are new", () => {
  using clock = new Clock();
  const identities = new RoomIdentities(10);
  const owner = new Owner();
  const ada = identities.claim(owner, "ada", undefined);
  identities.forget(ada);
  identities.release(owner, ada);
  const again = identities.claim(owner, "ada", ada.secret);
  assert.notEqual(again.member, ada.member);
  identities.release(owner, again);
  assert.equal(clock.timers, 1);
  identities.close();
  assert.equal(clock.timers, 0);
  const { isRecognized } = identities.claim(owner, "ada", again.secret);
  assert.equal(isRecognized, false);
});
