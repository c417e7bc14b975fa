import assert from "node:assert/strict";
import {
  FrameError,
  FrameReader,
  type MessageData,
} from "../../client/frame_reader.ts";
import {
  encodeFrame,
  type FrameOptions,
  joinBytes,
  Opcode,
} from "../support/websocket_frames.ts";

type Event =
  | readonly ["message", MessageData]
  | readonly ["ping", string]
  | readonly ["close", number, string];

/** Reads chunks; returns the events, and the error if there is one. */
function read(
  chunks: readonly Uint8Array<ArrayBuffer>[],
  maxPayload = Infinity,
): { readonly events: Event[]; readonly error: FrameError | undefined } {
  const events: Event[] = [];
  const reader = new FrameReader(maxPayload, {
    onMessage: (data) => events.push(["message", data]),
    onPing: (bytes) => events.push(["ping", new TextDecoder().decode(bytes)]),
    onClose: (code, reason) => events.push(["close", code, reason]),
  });
  try {
    for (const chunk of chunks) reader.read(chunk);
  } catch (error) {
    assert(error instanceof FrameError);
    return { events, error };
  }
  return { events, error: undefined };
}

/** Returns a frame of a server. */
function frame(
  payload: string | Uint8Array = "",
  options: FrameOptions = {},
): Uint8Array<ArrayBuffer> {
  return encodeFrame(payload, { mask: null, ...options });
}

/** Cuts bytes into chunks of a length. */
function cut(
  bytes: Uint8Array<ArrayBuffer>,
  length: number,
): Uint8Array<ArrayBuffer>[] {
  const count = Math.ceil(bytes.length / length);
  return Array.from(
    { length: count },
    (_, n) => bytes.slice(n * length, (n + 1) * length),
  );
}

const { CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG } = Opcode;

for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 200_000]) {
  Deno.test(`a message of ${length} bytes is read in chunks of any length`, () => {
    const text = "x".repeat(length);
    const bytes = joinBytes([frame(text), frame("next")]);
    for (const size of [1, 3, 1_000, 65_536, Infinity]) {
      const chunks = size === Infinity ? [bytes] : cut(bytes, size);
      assert.deepEqual(read(chunks).events, [
        ["message", text],
        ["message", "next"],
      ]);
    }
  });
}

Deno.test("fragments with control frames between them are one message", () => {
  const bytes = joinBytes([
    frame("", { fin: false }),
    frame("Gr", { fin: false, opcode: CONTINUATION }),
    frame("a", { opcode: PING }),
    // A character that is cut in two
    frame(Uint8Array.of(0xc3), { fin: false, opcode: CONTINUATION }),
    frame("b", { opcode: PONG }),
    frame(Uint8Array.of(0xbc), { fin: false, opcode: CONTINUATION }),
    frame("", { opcode: PING }),
    frame("ße", { fin: false, opcode: CONTINUATION }),
    frame("", { opcode: CONTINUATION }),
    frame("next"),
  ]);
  for (const size of [1, 2, 3, 7, 1_000]) {
    assert.deepEqual(read(cut(bytes, size)).events, [
      ["ping", "a"],
      ["ping", ""],
      ["message", "Grüße"],
      ["message", "next"],
    ]);
  }
});

Deno.test("a binary message is a copy of its bytes", () => {
  const bytes = frame(Uint8Array.of(1, 2, 255), { opcode: BINARY });
  const { events } = read([bytes]);
  bytes.fill(0);
  assert.deepEqual(events, [["message", Uint8Array.of(1, 2, 255)]]);
});

Deno.test("a byte order mark and U+FFFD are parts of a message", () => {
  const text = "\ufeffa\ufffdb";
  assert.deepEqual(read([frame(text)]).events, [["message", text]]);
});

for (
  const [what, bytes] of [
    ["a byte that begins nothing", [0xff]],
    ["an incomplete character", [0xe2, 0x82]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["an overlong character", [0xc0, 0xaf]],
    ["a character above U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
  ] as const
) {
  Deno.test(`${what} in a message is closed with 1007`, () => {
    const payload = Uint8Array.from([0x61, ...bytes]);
    assert.equal(read([frame(payload)]).error?.code, 1007);
    const reason = Uint8Array.from([3, 232, ...bytes]);
    assert.equal(read([frame(reason, { opcode: CLOSE })]).error?.code, 1007);
    const [head, ...tail] = cut(frame(payload, { fin: false }), 1);
    const last = frame("", { opcode: CONTINUATION });
    assert.equal(read([head!, ...tail, last]).error?.code, 1007);
  });
}

const LONG_CONTROL = new Uint8Array(126);

/** Returns a header whose length has more bytes than it needs. */
function header(...bytes: readonly number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([0x80 | TEXT, ...bytes]);
}

for (
  const [what, chunks] of [
    ["a reserved bit", [1, 2, 4].map((reserved) => frame("a", { reserved }))],
    ["a reserved bit in a control frame", [
      frame("", { opcode: PING, reserved: 4 }),
    ]],
    [
      "an unknown opcode",
      [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) =>
        frame("", { opcode })
      ),
    ],
    ["a masked frame", [encodeFrame("a"), encodeFrame("", { opcode: PING })]],
    ["a fragmented control frame", [
      frame("", { opcode: PING, fin: false }),
      frame("", { opcode: CLOSE, fin: false }),
    ]],
    [
      "a control frame that is too long",
      [CLOSE, PING, PONG].map((opcode) => frame(LONG_CONTROL, { opcode })),
    ],
    ["a continuation frame without a message", [
      frame("a", { opcode: CONTINUATION }),
      joinBytes([frame("a"), frame("b", { opcode: CONTINUATION })]),
    ]],
    ["a message within another message", [
      joinBytes([frame("a", { fin: false }), frame("b")]),
      joinBytes([frame("a", { fin: false }), frame("b", { opcode: BINARY })]),
    ]],
    ["an invalid length", [
      header(126, 0, 125),
      header(127, 0, 0, 0, 0, 0, 0, 0xff, 0xff),
      header(127, 0x80, 0, 0, 0, 0, 1, 0, 0),
      header(127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
    ]],
    [
      "a Close frame with an invalid code",
      [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65_535].map((
        code,
      ) => frame(Uint8Array.of(code >> 8, code & 0xff), { opcode: CLOSE })),
    ],
    ["a Close frame with one byte", [
      frame(Uint8Array.of(3), { opcode: CLOSE }),
    ]],
  ] as const
) {
  Deno.test(`${what} is closed with 1002`, () => {
    for (const bytes of chunks) {
      for (const parts of [[bytes], cut(bytes, 1)]) {
        const { error } = read(parts);
        assert.equal(error?.code, 1002);
        assert.match(error.message, /^the server sent /);
      }
    }
  });
}

Deno.test("a wrong header is closed before the payload arrives", () => {
  const wrong = frame("a".repeat(1_000), { opcode: 3 });
  assert.equal(read([wrong.slice(0, 2)]).error?.code, 1002);
  assert.equal(read([wrong.slice(0, 1)]).error, undefined);
});

Deno.test("a Close frame has a code and a reason, and is the last frame", () => {
  const codes = [1000, 1001, 1002, 1003, 1007, 1011, 1012, 1013, 1014];
  for (const code of [...codes, 3000, 4999]) {
    const payload = Uint8Array.of(code >> 8, code & 0xff, 0xc3, 0xbc);
    const bytes = joinBytes([
      frame(payload, { opcode: CLOSE }),
      frame("later"),
      encodeFrame("masked"),
    ]);
    for (const size of [1, 1_000]) {
      assert.deepEqual(read(cut(bytes, size)), {
        events: [["close", code, "ü"]],
        error: undefined,
      });
    }
  }
  const { events } = read([frame("", { opcode: CLOSE })]);
  assert.deepEqual(events, [["close", 1005, ""]]);
});

Deno.test("a message that is too large is closed with 1009 before its payload arrives", () => {
  const whole = frame("x".repeat(1_000));
  assert.equal(read([whole], 1_000).error, undefined);
  const { error } = read([whole.slice(0, 4)], 999);
  assert.equal(error?.code, 1009);
  assert.match(error.message, /larger than 'maxPayload', 999 bytes$/);
  const huge = frame("", { length: 2 ** 40 });
  assert.equal(read([huge], 999).error?.code, 1009);
});

Deno.test("the fragments of a message are added up", () => {
  const first = frame("x".repeat(600), { fin: false });
  const next = frame("x".repeat(400), { opcode: CONTINUATION });
  const ping = frame("x".repeat(100), { opcode: PING });
  assert.equal(read([first, ping, next], 1_000).error, undefined);
  const { events, error } = read([first, ping, next.slice(0, 4)], 999);
  assert.equal(error?.code, 1009);
  assert.equal(events.length, 1);
  // The next message counts from zero.
  const { events: both } = read([first, next, first, next], 1_000);
  assert.equal(both.length, 2);
});

Deno.test("stop() ignores the rest of a chunk", () => {
  const seen: MessageData[] = [];
  const reader = new FrameReader(Infinity, {
    onMessage: (data) => {
      seen.push(data);
      reader.stop();
    },
    onPing: () => assert.fail(),
    onClose: () => assert.fail(),
  });
  const bytes = joinBytes([
    frame("a"),
    frame("", { opcode: PING }),
    frame("b"),
  ]);
  reader.read(bytes);
  reader.read(bytes);
  assert.deepEqual(seen, ["a"]);
});
