/** Logins that no server may accept. */

import assert from "node:assert/strict";
import { AttackedServer } from "../support/attacked_server.ts";
import { TcpPeer } from "../support/tcp_peer.ts";
import { until } from "../support/timing.ts";

/** Sends a login; resolves to whether it was accepted, and to the connection. */
async function logIn(server: AttackedServer, token: string) {
  const peer = await TcpPeer.open(server);
  await peer.send({ id: 0, token, version: "1.0.0" });
  const answer = await peer.next().catch(() => undefined);
  return { peer, isIn: answer?.success === true };
}

for (const login of ["array", "boxed", "response"] as const) {
  Deno.test(`a login function whose result is no decision lets nobody in: ${login}`, async () => {
    await using server = await AttackedServer.start({ login });
    const { peer, isIn } = await logIn(server, "any");
    peer[Symbol.dispose]();
    assert(!isIn, "a stranger logged in");
    const hasLine = () => server.log.some((line) => /login/.test(line));
    await until(hasLine, "there is no line about the login function");
  });
}

for (const revokeAfter of [0, 1, 2, 3, 4]) {
  Deno.test(`no client stays whose token is revoked during its login: after ${revokeAfter} microtasks and more`, async () => {
    const tokens = Array.from({ length: 20 }, (_, number) => ({
      name: `token${number}`,
      token: `the secret of token ${number}`,
    }));
    const limits = { maxLoginFailures: 1_000 };
    await using server = await AttackedServer.start({
      tokens,
      limits,
      revokeAfter,
    });
    const stayed: number[] = [];
    for (const [number, { token }] of tokens.entries()) {
      const { peer } = await logIn(server, token);
      if (await server.ask("clients") > 0) stayed.push(number);
      peer[Symbol.dispose]();
    }
    assert.deepEqual(stayed, [], "clients with these tokens stayed");
  });
}
