import assert from "node:assert/strict";
import { encodeClose, FrameWriter } from "../../client/frame_writer.ts";
import { Opcode } from "../../client/opcodes.ts";
import {
  type ClientFrame,
  decodeClientFrame,
} from "../support/websocket_frames.ts";

/** Decodes all frames that a writer has encoded. */
function framesOf(writer: FrameWriter): ClientFrame[] {
  let rest = Uint8Array.from(writer.take());
  const frames: ClientFrame[] = [];
  while (rest.length > 0) {
    const decoded = decodeClientFrame(rest);
    assert(decoded !== undefined, "The last frame is incomplete");
    frames.push(decoded[0]);
    rest = decoded[1];
  }
  return frames;
}

function textOf({ payload }: ClientFrame): string {
  return new TextDecoder().decode(payload);
}

/** The lengths around which the header, or the way of masking, changes. */
const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 41, 42, 43, 124, 125, 126, 127, 128];
const LONG = [21_844, 21_845, 21_846, 65_534, 65_535, 65_536, 65_537, 300_000];

for (
  const [what, unit] of [["ASCII", "x"], ["ü", "ü"], ["€", "€"], ["😀", "😀"]]
) {
  Deno.test(`a text frame of any length can be read, with ${what}`, () => {
    const writer = new FrameWriter();
    for (const length of [...LENGTHS, ...LONG]) {
      const text = unit!.repeat(length);
      writer.text(text);
      const [frame, ...others] = framesOf(writer);
      assert.deepEqual(others, []);
      assert.equal(frame!.first, 0x80 | Opcode.TEXT);
      assert.equal(frame!.key.length, 4);
      assert.equal(textOf(frame!) === text, true, `${length} units`);
    }
  });
}

Deno.test("a string that becomes longer in UTF-8 gets a header that fits", () => {
  const writer = new FrameWriter();
  for (
    const [ascii, others] of [[125, 1], [100, 20], [65_530, 5], [60_000, 6_000]]
  ) {
    const text = "x".repeat(ascii!) + "€".repeat(others!);
    writer.text(text);
    assert.equal(textOf(framesOf(writer)[0]!) === text, true);
  }
});

Deno.test("a longer header loses no byte, however full the buffer is", () => {
  for (
    const [units, fills] of [
      [120, Array.from({ length: 60 }, (_, n) => 850 + n)],
      [65_530, [0]],
    ] as const
  ) {
    for (let umlauts = 0; umlauts < 24; umlauts++) {
      const text = "ü".repeat(umlauts).padEnd(units, "x");
      for (const fill of fills) {
        const writer = new FrameWriter();
        writer.text("x".repeat(fill));
        writer.text(text);
        assert.equal(textOf(framesOf(writer)[1]!) === text, true);
      }
    }
  }
});

Deno.test("control frames have a payload, however full the buffer is", () => {
  for (const length of [0, 1, 125]) {
    for (let fill = 880; fill < 1_020; fill++) {
      const payload = new Uint8Array(length).fill(7);
      const writer = new FrameWriter();
      writer.text("x".repeat(fill));
      writer.control(Opcode.PONG, payload);
      const [, frame, ...others] = framesOf(writer);
      assert.deepEqual([frame?.opcode, others], [Opcode.PONG, []]);
      assert.deepEqual(frame!.payload, payload);
    }
  }
});

Deno.test("a lone surrogate is sent as U+FFFD, as by every WebSocket", () => {
  const writer = new FrameWriter();
  writer.text("a\ud800b");
  assert.equal(textOf(framesOf(writer)[0]!), "a\ufffdb");
});

Deno.test("frames wait in their order, and are taken together", () => {
  const writer = new FrameWriter();
  const texts = Array.from({ length: 300 }, (_, n) => `${n}`.repeat(n % 170));
  for (const text of texts) writer.text(text);
  writer.control(Opcode.PING, new Uint8Array(0));
  const { length } = writer;
  const frames = framesOf(writer);
  assert.equal(frames.pop()!.opcode, Opcode.PING);
  assert.deepEqual(frames.map(textOf), texts);
  assert.equal(
    length,
    texts.reduce((sum, { length }) => sum + length + (length < 126 ? 6 : 8), 6),
  );
  assert.equal(writer.length, 0);
  assert.equal(writer.take().length, 0);
});

Deno.test("what was taken does not change while the next frames are added", () => {
  const writer = new FrameWriter();
  for (let round = 0; round < 4; round++) {
    writer.text(`round ${round}`);
    const taken = writer.take();
    const copy = Uint8Array.from(taken);
    for (let n = 0; n < 50; n++) writer.text("x".repeat(100));
    assert.deepEqual(taken, copy);
    writer.take();
  }
});

Deno.test("each frame has a masking key of its own", () => {
  const writer = new FrameWriter();
  for (let n = 0; n < 3_000; n++) writer.text("");
  const keys = new Set(framesOf(writer).map(({ key }) => String(key)));
  // Two of 3,000 keys are the same in one of 1,000 runs.
  assert(keys.size > 2_990);
});

Deno.test("encodeClose() checks the length of the reason", () => {
  assert.deepEqual(encodeClose(), new Uint8Array(0));
  assert.deepEqual(encodeClose(1000, "ü"), Uint8Array.of(3, 232, 0xc3, 0xbc));
  assert.equal(encodeClose(4999, "x".repeat(123)).length, 125);
  assert.throws(() => encodeClose(1000, "ü".repeat(62)), RangeError);
});
