/** What clients and strangers can write into the log. */

import assert from "node:assert/strict";
import { AttackedServer } from "../support/attacked_server.ts";
import { operation } from "../support/raw_client.ts";
import { TcpPeer } from "../support/tcp_peer.ts";
import { until } from "../support/timing.ts";

/** A string that tries to look like a line of the server. */
const FORGED =
  "x\n\rstartup: starting server on evil\u2028error: forged\u001b[2J\u202e";

/** Characters that a line of a log must not contain. */
const CONTROL =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

Deno.test("the error of a handler forges no line", async () => {
  await using server = await AttackedServer.start();
  using peer = await TcpPeer.logIn(server);
  await peer.send(operation(1, "fail", { text: FORGED }));
  assert.equal((await peer.next()).code, 6);
  const hasLine = () => server.log.some((line) => /forged|evil/.test(line));
  await until(hasLine, "there is no line about the error");
  await server.ask("clients");
  for (const line of server.log) {
    assert(!CONTROL.test(line), JSON.stringify(line));
    assert(!/^(startup|error): .*(evil|forged)/.test(line), line);
  }
});
