/**
 * Published vulnerabilities of other WebSocket servers, tried on this one. The server
 * neither exits nor stalls, and keeps serving another client.
 */

import assert from "node:assert/strict";
import type { Server } from "../../server.ts";
import { assertSurvives } from "../support/attacks.ts";
import { message, operation } from "../support/raw_client.ts";
import { encodeRequest, TcpPeer, UPGRADE } from "../support/tcp_peer.ts";
import { encodeFrame, joinBytes } from "../support/websocket_frames.ts";

async function statusOf(
  server: Server,
  headers: readonly string[],
  standard = UPGRADE,
  path = "/hoist",
): Promise<number> {
  using peer = await TcpPeer.open(server, headers, { standard, path });
  return peer.response.status;
}

Deno.test("ws, CVE-2024-37890: the server survives a handshake with too many headers", async () => {
  await assertSurvives(async (server) => {
    const headers = Array.from({ length: 2_000 }, (_, n) => `X-${n}: x`);
    assert([400, 431].includes(await statusOf(server, headers)));
  });
});

// The headers are as long as the server accepts. With a quadratic algorithm, this many
// requests would not finish.
for (
  const name of [
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Extensions",
    "X-Forwarded-For",
  ]
) {
  Deno.test(`ws, CVE-2021-32640: the server survives a long ${name} of spaces`, async () => {
    await assertSurvives(async (server) => {
      const values = [`b${" ".repeat(60_000)}x`, `b${" ,".repeat(30_000)}x`];
      for (let time = 0; time < 40; time++) {
        const value = values[time % values.length];
        assert.equal(await statusOf(server, [`${name}: ${value}`]), 101);
      }
    });
  });
}

for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
  Deno.test(`ws, GHSA-5v72-xg48-5rpm: the server survives an extension and a subprotocol named ${name}`, async () => {
    await assertSurvives(async (server) => {
      using peer = await TcpPeer.open(server, [
        `Sec-WebSocket-Extensions: ${name}; ${name}=1, permessage-deflate; ${name}`,
        `Sec-WebSocket-Protocol: ${name}`,
      ]);
      assert.equal(peer.response.status, 101);
      for (const header of ["extensions", "protocol"]) {
        const value = peer.response.headers.get(`sec-websocket-${header}`);
        assert.equal(value, null);
      }
    });
  });
}

for (const claimed of [2 ** 26 + 1, 2 ** 32 - 1]) {
  Deno.test(`ws, CVE-2016-10542: the server survives a frame that claims to have ${claimed} bytes`, async () => {
    await assertSurvives(async (server) => {
      using peer = await TcpPeer.open(server);
      await peer.write(encodeFrame("{", { length: claimed }));
      assert.equal((await peer.closed())?.code, undefined);
    });
  });
}

Deno.test("engine.io, CVE-2022-41940: the server survives a client that disconnects during its handshake", async () => {
  await assertSurvives(async (server, logger) => {
    for (const cut of [10, 60, 400]) {
      using peer = await TcpPeer.connect(server);
      // The server does not have to read the request completely.
      await peer.write(encodeRequest().subarray(0, cut)).catch(() => {});
    }
    await logger.line(/disconnect: /);
  });
});

Deno.test("engine.io, CVE-2022-21676: the server survives reserved bits right after the handshake", async () => {
  for (const reserved of [1, 2, 4, 7]) {
    await assertSurvives(async (server) => {
      using peer = await TcpPeer.connect(server);
      const frame = encodeFrame("{}", { reserved });
      await peer.write(joinBytes([encodeRequest(), frame]));
      while (await peer.frame() !== null);
    });
  }
});

for (
  const [what, standard, path, statuses] of [
    ["without a host", UPGRADE.slice(1), "/hoist", [101, 400]],
    ["with an empty host", ["Host: ", ...UPGRADE.slice(1)], "/hoist", [
      101,
      400,
      403,
    ]],
    [
      "to another protocol",
      [...UPGRADE.slice(0, 1), "Upgrade: h2c", "Connection: Upgrade"],
      "/hoist",
      [200],
    ],
    ["with a broken query", UPGRADE, "/hoist?%=%ff&EIO[]=4&sid[a]=", [101]],
    ["with a broken path", UPGRADE, "/hoist%", [404]],
    ["with a path that contains ..", UPGRADE, "/../../hoist", [101, 400, 404]],
    ["with a URL as its path", UPGRADE, "http://evil.org/hoist", [101, 400]],
    [
      "with a key that is too short",
      UPGRADE.map((line) => line.replace(/Key: .*/, "Key: a")),
      "/hoist",
      [101, 400],
    ],
    [
      "with another version",
      UPGRADE.map((line) => line.replace("13", "99")),
      "/hoist",
      [426],
    ],
    ["with a body", [...UPGRADE, "Content-Length: 5"], "/hoist", [101, 400]],
  ] as const
) {
  Deno.test(`engine.io, CVE-2022-21676 and CVE-2023-31125: the server survives a handshake ${what}`, async () => {
    await assertSurvives(async (server) => {
      const status = await statusOf(server, [], standard, path);
      assert((statuses as readonly number[]).includes(status), `${status}`);
    });
  });
}

const METHODS = [
  "toString",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "then",
  "valueOf",
];

for (const name of METHODS) {
  Deno.test(`socket.io-parser, CVE-2023-32695: the server survives an event named ${name}`, async () => {
    await assertSurvives(async (server) => {
      using peer = await TcpPeer.logIn(server, { features: ["done-id"] });
      await peer.send(operation(1, name, { [name]: name }));
      assert.equal((await peer.next()).code, 5);
      await peer.send(message(2, name, { [name]: name }));
      assert.equal((await peer.next()).message, "done");
      await peer.send({ [name]: 1, id: 3, action: name, data: {} });
      assert.equal((await peer.next()).code, 8);
    });
  });
}

/** Values of types that no field accepts. */
const WRONG_VALUES: readonly unknown[] = [
  null,
  true,
  1.5,
  1e308,
  [],
  ["toString"],
  {},
  { toString: "foo" },
  { toJSON: 1, then: 1 },
  { _placeholder: true, num: "splice" },
];

for (const value of WRONG_VALUES) {
  Deno.test(`socket.io-parser, CVE-2023-32695 and CVE-2022-2421: the server survives ${JSON.stringify(value)} in each field`, async () => {
    await assertSurvives(async (server) => {
      using peer = await TcpPeer.logIn(server);
      const frames = [
        { ...operation(1, "echo"), action: value },
        { ...operation(1, "echo"), id: value },
        operation(1, value as string),
        operation(1, "nothing", value as object),
        message(1, value as string),
        message(1, "hi", [value]),
        message(1, "hi", {}, [value]),
        message(1, "hi", {}, {
          message: value,
          data: value,
          id: value,
          replying: value,
        }),
      ];
      for (const frame of frames) {
        await peer.send(frame);
        const { data, code } = await peer.next();
        // An object is valid data, so the server looks for the operation.
        assert.equal(code, data === null ? 5 : 2);
      }
      // Inside the data, any value is valid.
      await peer.send(operation(2, "echo", { value }));
      assert.deepEqual((await peer.next()).data, { result: { value } });
    });
  });
}

for (const login of ["before", "after"]) {
  Deno.test(`socket.io-parser, CVE-2022-2421: the server survives an unannounced attachment ${login} the login`, async () => {
    await assertSurvives(async (server) => {
      using peer = login === "before"
        ? await TcpPeer.open(server)
        : await TcpPeer.logIn(server);
      await peer.write(encodeFrame(new Uint8Array([1, 2, 3]), { opcode: 2 }));
      assert.equal((await peer.closed())?.code, 1003);
    });
  });

  Deno.test(`socket.io-parser, CVE-2026-33151: the server survives missing attachments ${login} the login`, async () => {
    await assertSurvives(async (server) => {
      using peer = login === "before"
        ? await TcpPeer.open(server)
        : await TcpPeer.logIn(server);
      await peer.write(
        encodeFrame('59999999-["echo",{"_placeholder":true,"num":0}]'),
      );
      assert.equal((await peer.closed())?.code, 1003);
      // The server ignores everything after that.
      await peer.write(encodeFrame(new Uint8Array(60_000), { opcode: 2 }));
    });
  });
}
