/** Tests of heartbeats in `protocol/`: docs/reference/protocol.md, `heartbeat`. */

import assert from "node:assert/strict";
import { ErrorCode } from "../../common/errors.ts";
import { decodeLogin, decodeRequest } from "../../protocol/client_frames.ts";
import { encodeLogin, PING, PONG } from "../../protocol/encode.ts";
import { type Feature, FEATURES } from "../../protocol/features.ts";
import { decodeServerFrame } from "../../protocol/server_frames.ts";

const HEARTBEAT: ReadonlySet<Feature> = new Set(["heartbeat"]);

function login(heartbeat: unknown, features: unknown = ["heartbeat"]) {
  const frame = { id: 7, token: "test", version: "1.0.0", features, heartbeat };
  return decodeLogin(JSON.stringify(frame));
}

for (
  const rules of [
    { interval: 25_000, timeout: 10_000 },
    { interval: 1_000, timeout: 600_000 },
    { interval: 600_000, timeout: 1_000 },
  ]
) {
  Deno.test(`a login with the heartbeat ${JSON.stringify(rules)} is decoded`, () => {
    const decoded = login({ ...rules, more: 1 });
    assert(decoded.kind === "login");
    assert.deepEqual(decoded.heartbeat, rules);
  });
}

for (
  const [heartbeat, current] of [
    [null, null],
    [[], "list"],
    [1, "int"],
    ["25000", "str"],
    [{}, "dict"],
    [{ interval: 25_000 }, "dict"],
    [{ timeout: 25_000 }, "dict"],
    [{ interval: 999, timeout: 10_000 }, "dict"],
    [{ interval: 600_001, timeout: 10_000 }, "dict"],
    [{ interval: 25_000, timeout: 999 }, "dict"],
    [{ interval: 25_000, timeout: 600_001 }, "dict"],
    [{ interval: 25_000, timeout: 1e400 }, "dict"],
    [{ interval: 25_000.5, timeout: 10_000 }, "dict"],
    [{ interval: "25000", timeout: 10_000 }, "dict"],
    [{ interval: 25_000, timeout: true }, "dict"],
  ] as const
) {
  Deno.test(`a login with the heartbeat ${JSON.stringify(heartbeat)} is invalid`, () => {
    assert.deepEqual(login(heartbeat), {
      kind: "invalid",
      id: 7,
      code: ErrorCode.INVALID_CONTENT,
      data: { current, needed: "dict" },
      description:
        '"heartbeat" must have the keys "interval" and "timeout", whole numbers of milliseconds from 1000 to 600000',
      fatal: false,
    });
  });

  Deno.test(`the heartbeat ${JSON.stringify(heartbeat)} is ignored without the extension`, () => {
    for (const features of [[], ["batch"]]) {
      const decoded = login(heartbeat, features);
      assert(decoded.kind === "login");
      assert.equal(decoded.heartbeat, undefined);
    }
  });
}

Deno.test("a login without a heartbeat is valid", () => {
  const decoded = login(undefined);
  assert(decoded.kind === "login");
  assert.equal(decoded.heartbeat, undefined);
});

Deno.test("encodeLogin() states the heartbeat only if there is one", () => {
  const rules = { interval: 25_000, timeout: 10_000 };
  const keys = ["id", "token", "version", "features"];
  const parse = (text: string) => JSON.parse(text);
  const silent = parse(encodeLogin("test", "1.0.0", FEATURES)(0));
  assert.deepEqual(Object.keys(silent), keys);
  const stated = parse(
    encodeLogin("test", "1.0.0", FEATURES, { heartbeat: rules })(0),
  );
  assert.deepEqual(Object.keys(stated), [...keys, "heartbeat"]);
  assert.deepEqual(stated.heartbeat, rules);
});

Deno.test("a ping and a pong are decoded", () => {
  assert.equal(PING, '{"id":null,"action":"ping","data":{}}');
  assert.deepEqual(decodeRequest(PING, HEARTBEAT), { kind: "ping", id: null });
  const more = '{"id": null, "action": "ping", "data": {"more": 1}, "x": 2}';
  assert.equal(decodeRequest(more, HEARTBEAT).kind, "ping");
  assert.deepEqual(decodeServerFrame(PONG), { kind: "pong" });
});

for (
  const [what, frame, id, description] of [
    ["an id", { id: 7, data: {} }, null, '"id" must be null, not an integer'],
    ["a string as the id", { id: "", data: {} }, null, '"id" must be null'],
    ["no id", { data: {} }, null, '"id" must be null'],
    ["no data", { id: null }, null, '"data" must be an object'],
    ["an array", { id: null, data: [] }, null, '"data" must be an object'],
    ["null", { id: null, data: null }, null, '"data" must be an object'],
  ] as const
) {
  Deno.test(`a ping with ${what} is invalid`, () => {
    const text = JSON.stringify({ ...frame, action: "ping" });
    const decoded = decodeRequest(text, HEARTBEAT);
    assert(decoded.kind === "invalid");
    assert.equal(decoded.id, id);
    assert.equal(decoded.code, ErrorCode.INVALID_CONTENT);
    assert.equal(decoded.fatal, false);
    assert(decoded.description?.startsWith(description), decoded.description!);
  });
}

Deno.test("a ping is an unknown action without the extension", () => {
  const others = FEATURES.filter((name) => name !== "heartbeat");
  for (const features of [[], others]) {
    const frame = '{"id": 7, "action": "ping", "data": {}}';
    const decoded = decodeRequest(frame, new Set(features));
    assert(decoded.kind === "invalid");
    assert.equal(decoded.code, ErrorCode.INVALID_ACTION);
    assert(!decoded.description?.includes("ping"));
    // Hoist 1 has no frame without an id, except the goodbye.
    const bare = decodeRequest(PING, new Set(features));
    assert(bare.kind === "invalid");
    assert.equal(bare.code, ErrorCode.INVALID_CONTENT);
  }
});
