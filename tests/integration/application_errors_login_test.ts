/** Errors that a login function throws on purpose. */

import assert from "node:assert/strict";
import {
  ApplicationError,
  ConnectError,
  isApplicationError,
  LoginError,
} from "../../common/errors.ts";
import { rejection } from "../support/errors.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RawClient } from "../support/raw_client.ts";
import { connectTo, serveQuietly } from "../support/server.ts";

const BANNED = new ApplicationError("banned", {
  message: "come back tomorrow",
  details: { days: 1 },
  cause: new Error("secret"),
});

/** The ways of a login function to refuse a login. */
const LOGINS = {
  throws: () => {
    throw BANNED;
  },
  rejects: () => Promise.reject(BANNED),
  returns: () => BANNED as never,
};

for (const [how, login] of Object.entries(LOGINS)) {
  Deno.test(`a login function that ${how} an ApplicationError refuses the login with it`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({ logger, login, logLevel: "debug" });
    const error = await rejection(connectTo(server));
    assert(error instanceof LoginError);
    assert.equal(
      error.message,
      `Cannot log in to ${server.url}: the server refused the login with "banned": come back tomorrow`,
    );
    const { cause } = error;
    assert(isApplicationError(cause, "banned"));
    assert.equal(cause.message, "come back tomorrow");
    assert.deepEqual(cause.details, { days: 1 });
    assert.equal(server.clients.size, 0);
    const line = await logger.line(/^warn login: /);
    assert.match(
      line,
      /^warn login: 127\.0\.0\.1:\d+: login rejected: the application threw "banned"$/,
    );
    const text = logger.lines.join("\n");
    assert(!/^error |secret|\n +at /m.test(text), text);
  });
}

Deno.test("the frame of a refused login has the code 6, and the close code is 1008", async () => {
  await using server = serveQuietly({ login: LOGINS.throws });
  await using client = await RawClient.open(server);
  client.send({ id: 0, token: "any", version: "1.0.0" });
  assert.deepEqual(await client.next(), {
    success: false,
    data: {
      exc: "banned",
      message: "come back tomorrow",
      application: { kind: "banned", details: { days: 1 } },
    },
    error: "SERVER_ERROR",
    code: 6,
    message: "Internal server error.",
    desc: null,
    id: 0,
  });
  assert.deepEqual(await client.closed, {
    code: 1008,
    reason: "login rejected",
  });
});

Deno.test("a refused login counts as a failed login", async () => {
  const limits = { maxLoginFailures: 1 };
  let calls = 0;
  await using server = serveQuietly({
    limits,
    login: () => {
      calls++;
      throw BANNED;
    },
  });
  assert(await rejection(connectTo(server)) instanceof LoginError);
  const late = await rejection(connectTo(server));
  assert(late instanceof ConnectError);
  assert.equal(calls, 1);
});

for (const token of ["open-sesame-now", "abc"]) {
  Deno.test(`an error of login that contains the token ${token} is not logged with it`, async () => {
    const logger = new LogRecorder();
    await using server = serveQuietly({
      logger,
      login: (_server, token) => {
        throw new ApplicationError(`no user for ${token}`);
      },
    });
    await using client = await RawClient.open(server);
    client.send({ id: 0, token, version: "1.0.0" });
    assert.equal((await client.next()).code, 6);
    await logger.line(/^warn login: /);
    assert(!logger.lines.some((line) => line.includes(token)));
  });
}

Deno.test("a refusal whose details are no JSON is a failed login function", async () => {
  const logger = new LogRecorder();
  await using server = serveQuietly({
    logger,
    login: () => {
      throw new ApplicationError("banned", { details: { days: NaN } });
    },
  });
  const error = await rejection(connectTo(server));
  assert(error instanceof ConnectError);
  await logger.line(/^error error: .*the login function failed/);
});
