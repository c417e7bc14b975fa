import assert from "node:assert/strict";
import { lineOf, shortenLine } from "../../admin/log_line.ts";
import { serve } from "../../server.ts";
import { connectAdmin, itemsOf, TOKENS } from "../support/admin.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RawClient } from "../support/raw_client.ts";

const LINE = { level: "error", event: "error" } as const;

for (
  const [message, error] of [
    ['"'.repeat(10_000), undefined],
    ['"'.repeat(10_000), '\\"'.repeat(20_000)],
    ["short", '\n"'.repeat(20_000)],
    ["🎈".repeat(5_000), "🎈".repeat(20_000)],
    ["\u202e".repeat(10_000), "\u202e\u{e0041}".repeat(10_000)],
    ["\u0000\ud800".repeat(10_000), "\u0000\ud800".repeat(10_000)],
  ]
) {
  const shown = JSON.stringify(`${message!.slice(0, 4)} ${error?.slice(0, 4)}`);
  for (const maxUnits of [300, 1_001, 8_192]) {
    Deno.test(`a line of ${shown} is cut to ${maxUnits} units, and says so`, () => {
      const line = lineOf({ ...LINE, message: message!, error });
      const short = shortenLine(line, maxUnits);
      const { length } = JSON.stringify(short);
      assert(length <= maxUnits, `${length}`);
      assert(length >= maxUnits / 3 - 100, `${length}`);
      assert.equal(short.level, "error");
      const last = short.error ?? short.message;
      assert.match(last, /… \(\d+ more characters\)$/);
    });
  }
}

Deno.test("the message of a line with a long error stays as it is", () => {
  const line = lineOf({
    ...LINE,
    message: "it failed",
    error: "x".repeat(9e3),
  });
  const short = shortenLine(line, 1_200);
  assert.equal(short.message, "it failed");
  assert.match(short.error!, /^x{491}… \(8509 more characters\)$/);
});

Deno.test("an admin sees the start of a line that is too large for an item", async () => {
  const logger = new LogRecorder();
  await using server = serve({
    ...{ hostname: "127.0.0.1", port: 0, logger, tokens: TOKENS },
    // An item has at most an eighth of it.
    limits: { maxBuffered: 65_536, maxPayload: 16_384 },
  });
  server.receive("fail", () => {
    throw new Error('"\\'.repeat(16_000));
  });
  await using ops = await connectAdmin(server);
  const items = itemsOf(ops.stream("hoist.admin.log", { level: "error" }));
  const first = items.next();
  await using raw = await RawClient.open(server);
  raw.send({ id: 0, token: TOKENS[1]!.token, version: "1.0.0" });
  await raw.next();
  raw.send({ id: 1, action: "message", data: { message: "fail", data: {} } });
  const { lines: [line], dropped } = await first;
  assert.equal(dropped, 0);
  assert.match(line!.message, /message "fail" failed/);
  assert.equal(line!.error!.slice(0, 11), 'Error: "\\"\\');
  assert.match(line!.error!.slice(-30), /… \(\d+ more characters\)$/);
  await items.end();
});
