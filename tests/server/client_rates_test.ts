import assert from "node:assert/strict";
import { ClientRates } from "../../server/client_rates.ts";
import { resolveLimits } from "../../server/limits.ts";
import { SharedRates } from "../../server/shared_rates.ts";
import { Stalls } from "../../server/silence.ts";

Deno.test("a client with a renewed token has the rate of its new identity", () => {
  const context = {
    limits: resolveLimits({ maxRatePerToken: 0.001 }),
    stalls: new Stalls(),
    identityRates: new SharedRates(0.001),
  };
  const client = { identity: { name: "ada" } };
  const rates = new ClientRates(context, client);
  assert(rates.allowsIdentity(0));
  assert(!rates.allowsIdentity(0));
  client.identity = { name: "grace" };
  assert(rates.allowsIdentity(0));
  assert(!rates.allowsIdentity(0));
  // The same name is the same identity, also in another object.
  client.identity = { name: "ada" };
  assert(!rates.allowsIdentity(0));
});
