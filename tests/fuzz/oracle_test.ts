/** The oracle of the fuzzer: when a connection can end without a Close frame. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/codes.ts";
import { encodeError } from "../../protocol/encode.ts";
import { serveQuietly } from "../support/server.ts";
import { Opcode } from "../support/websocket_frames.ts";
import { Application } from "./application.ts";
import { Oracle } from "./oracle.ts";
import { Counters, MessageIds } from "./server_frames.ts";
import { RoomRecords } from "./room_records.ts";
import { SETTINGS } from "./settings.ts";
import { Violation } from "./violation.ts";

const WRONG_LOGIN = '{"id":0,"token":"wrong","version":"1.0.0"}';

/** Runs a test with an oracle, after the client has sent a wrong token. */
async function withOracle(test: (oracle: Oracle) => void): Promise<void> {
  await using server = serveQuietly();
  const counters = new Counters();
  const application = new Application(server, counters);
  const oracle = new Oracle({
    rules: SETTINGS[0]!.rules,
    numbers: new MessageIds(),
    counters,
    application,
    rooms: new RoomRecords(),
  });
  oracle.send(WRONG_LOGIN);
  test(oracle);
  application.serverRequests.stop();
}

function refuse(oracle: Oracle): void {
  const frame = encodeError(0, ErrorCode.LOGIN_FAILED);
  const payload = new TextEncoder().encode(frame);
  oracle.receive({ opcode: Opcode.TEXT, fin: true, payload });
}

Deno.test("demands the Close frame of a refused login", () =>
  withOracle((oracle) => {
    refuse(oracle);
    assert.throws(() => oracle.end(), Violation);
  }));

const TRAILING = {
  ping: (oracle: Oracle) => oracle.ping(new Uint8Array(1)),
  pong: (oracle: Oracle) => oracle.pong(),
  message: (oracle: Oracle) => oracle.send("{}"),
};

for (const [name, sendFrame] of Object.entries(TRAILING)) {
  Deno.test(`accepts that Deno loses the Close frame because of a ${name}`, async () => {
    await withOracle((oracle) => {
      sendFrame(oracle);
      refuse(oracle);
      oracle.end();
    });
    await withOracle((oracle) => {
      refuse(oracle);
      sendFrame(oracle);
      oracle.end();
    });
  });
}
