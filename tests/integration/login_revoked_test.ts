/** Tokens that become invalid after the decision about a login, and before the admission. */

import assert from "node:assert/strict";
import type { Server } from "../../server.ts";
import { Authenticator } from "../../server/authenticator.ts";
import { requestContract, serveContract } from "../support/contract.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RawClient } from "../support/raw_client.ts";
import { serveQuietly } from "../support/server.ts";

const TOKENS = [{ name: "ci", token: "a named token" }];

/** How a token becomes invalid, and that token. */
const ENDS: Readonly<
  Record<string, readonly [token: string, end: (server: Server) => void]>
> = {
  revoked: ["a named token", (server) => void server.revoke("ci")],
  rotated: ["test", (server) => void server.rotate("a fresh token")],
};

/** Calls a function between each decision and its admission. */
function afterDecision(callback: () => void): Disposable {
  const { prototype } = Authenticator;
  const { authenticate } = prototype;
  prototype.authenticate = async function (...given) {
    const result = await authenticate.apply(this, given);
    callback();
    return result;
  };
  return {
    [Symbol.dispose]: () => void (prototype.authenticate = authenticate),
  };
}

for (const [what, [token, end]] of Object.entries(ENDS)) {
  Deno.test(`a token that is ${what} before the admission is rejected`, async () => {
    await using server = serveQuietly({ tokens: TOKENS });
    using _hook = afterDecision(() => end(server));
    await using client = await RawClient.open(server);
    client.send({ id: 0, token, version: "1.0.0" });
    assert.equal((await client.next()).code, 3);
    const close = { code: 1008, reason: "login rejected" };
    assert.deepEqual(await client.closed, close);
    assert.equal(server.clients.size, 0);
  });

  Deno.test(`a token that is ${what} before the admission does not get the contract`, async () => {
    const tokens = TOKENS;
    await using server = serveContract({ exposeContract: true, tokens });
    const ended: Server = server as never;
    using _hook = afterDecision(() => end(ended));
    const { response } = await requestContract(server, `Bearer ${token}`);
    assert.equal(response.status, 401);
  });

  Deno.test(`a token that is ${what} while the server answers the login closes the connection`, async () => {
    const logger = new LogRecorder();
    logger.debug = (line) => {
      if (line.includes('sent {"success":true')) end(server);
    };
    await using server = serveQuietly({
      logger,
      logLevel: "debug",
      tokens: TOKENS,
    });
    await using client = await RawClient.open(server);
    client.send({ id: 0, token, version: "1.0.0" });
    assert.equal((await client.closed).code, 1008);
    assert.equal(server.clients.size, 0);
  });
}
