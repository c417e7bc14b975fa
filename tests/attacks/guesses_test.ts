/** Storms of strangers that guess the token. */

import assert from "node:assert/strict";
import { repeat } from "../support/attackers.ts";
import { AttackedServer } from "../support/attacked_server.ts";
import { TcpPeer } from "../support/tcp_peer.ts";

Deno.test("simultaneous guesses do not bypass the limit of failed logins", async () => {
  await using server = await AttackedServer.start({
    login: "slow",
    delay: 200,
  });
  const peers = await repeat(600, 600, () => TcpPeer.open(server));
  const answers = await repeat(600, 600, async (index) => {
    using peer = peers[index]!;
    const isRight = index === 299 || index === 599;
    const token = isRight ? "test" : `guess ${index}`;
    await peer.send({ id: 0, token, version: "1.0.0" }).catch(() => {});
    return await peer.next().catch(() => undefined);
  });
  const decisions = await server.ask("decisions");
  assert(decisions <= 10, `${decisions} decisions were begun`);
  const isIn = answers.some((answer) => answer?.success === true);
  assert(!isIn, "the right token was accepted after 299 wrong ones");
});
