import assert from "node:assert/strict";
import { type Limits, resolveLimits } from "../../server/limits.ts";
import { Place, Places } from "../../server/places.ts";

function make(limits: Limits = {}): Places {
  return new Places(resolveLimits(limits));
}

/** Enters as often as a network can, and returns the places. */
function fill(places: Places, network: string, most = Infinity): Place[] {
  const entered: Place[] = [];
  while (
    entered.length < most && places.exceededByUpgrade(network) === undefined
  ) {
    entered.push(new Place(places, network));
  }
  return entered;
}

/** Asserts that a client can enter, log in and leave. */
function visit(places: Places, network: string): void {
  assert.equal(places.exceededByUpgrade(network), undefined);
  const place = new Place(places, network);
  assert.equal(place.admit(), undefined);
  place.close();
  place.leave();
}

Deno.test("Places: connections that are not logged in do not take the places of clients", () => {
  const places = make({ maxConnections: 100, maxUnauthenticated: 10 });
  const waiting = fill(places, "a", 10);
  assert.equal(waiting.length, 10);
  for (const place of waiting) assert.equal(place.admit(), undefined);
  assert.equal(fill(places, "a", 10).length, 10);
});

for (
  const [what, order] of [
    ["one after the other", (n: number) => Array(n).fill(Infinity)],
    ["in turns", (n: number) => Array(n * 1_000).fill(1)],
  ] as const
) {
  for (const limit of [10, 20, 100, 1_000]) {
    Deno.test(`Places: ten networks that fill a budget of ${limit} ${what} do not keep another one out`, () => {
      const places = make({ maxUnauthenticated: limit });
      let total = 0;
      for (const [turn, most] of order(10).entries()) {
        total += fill(places, `hostile ${turn % 10}`, most).length;
      }
      assert(total >= limit && total < 2 * limit, `${total}`);
      for (let time = 0; time < 100; time++) visit(places, "legitimate");
      assert.equal(places.exceededByUpgrade("hostile 0"), "maxUnauthenticated");
    });
  }
}

Deno.test("Places: the number of connections that are not logged in is bounded", () => {
  const places = make({ maxUnauthenticated: 100 });
  let total = 0;
  for (let network = 0; network < 1_000; network++) {
    total += fill(places, `${network}`).length;
  }
  assert(total <= 200, `${total}`);
});

Deno.test("Places: one network can hold the whole budget, because it can be a proxy", () => {
  assert(fill(make({ maxUnauthenticated: 1_000 }), "proxy").length >= 1_000);
});

Deno.test("Places: all clients of an address can come back while their old sockets close", () => {
  const places = make();
  const old = fill(places, "a", 1_000);
  for (const place of old) assert.equal(place.admit(), undefined);
  for (const place of old) place.close();
  const back = fill(places, "a", 1_000);
  assert.equal(back.length, 1_000);
  for (const place of back) assert.equal(place.admit(), undefined);
  // Sockets that never close are bounded as well.
  for (const place of back) place.close();
  assert.equal(places.exceededByUpgrade("a"), "maxConnectionsPerAddress");
  for (const place of old) place.leave();
  assert.equal(places.exceededByUpgrade("a"), undefined);
});

for (
  const [limit, isOther] of [
    ["maxConnections", true],
    ["maxConnectionsPerAddress", false],
  ] as const
) {
  Deno.test(`Places: ${limit} applies at the upgrade and at the login`, () => {
    const places = make({ [limit]: 1, maxUnauthenticated: 10 });
    const [one, two] = fill(places, "a", 2);
    assert.equal(one?.admit(), undefined);
    assert.equal(two?.admit(), limit);
    assert.equal(places.exceededByUpgrade("a"), limit);
    assert.equal(places.exceededByUpgrade("b"), isOther ? limit : undefined);
    one?.close();
    one?.leave();
    assert.equal(two?.admit(), undefined);
  });
}

Deno.test("Places: a connection that closes before its login stays in its budget", () => {
  const places = make({ maxUnauthenticated: 1 });
  const [place] = fill(places, "a");
  place?.close();
  assert.equal(places.exceededByUpgrade("a"), "maxUnauthenticated");
  place?.leave();
  assert.equal(places.exceededByUpgrade("a"), undefined);
});
