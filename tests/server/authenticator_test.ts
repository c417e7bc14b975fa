import assert from "node:assert/strict";
import { Admission } from "../../server/admission.ts";
import { Authenticator } from "../../server/authenticator.ts";
import { TokenStore } from "../../server/credentials.ts";
import { resolveLimits } from "../../server/limits.ts";
import { makeLog } from "../support/logs.ts";

Deno.test("the tokens do not decide if a login function has no request", async () => {
  const { log, recorder } = makeLog();
  const authenticator = new Authenticator({
    log,
    login: () => true,
    loginTimeout: 10_000,
    maxBuffered: 1_000_000,
    credentials: new TokenStore("test", [], () => {}),
    admission: new Admission({
      limits: resolveLimits(),
      trustProxy: 0,
      isAllowed: () => true,
    }),
  });
  const peer = { address: "192.0.2.1:1", network: "192.0.2.1" };
  const result = await authenticator.authenticate("test", "1.0.0", { peer });
  assert.equal(result, "failed");
  assert.match(recorder.lines.join(), /TypeError: .* upgrade request/);
});
