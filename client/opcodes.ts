/**
 * The opcodes of WebSocket frames: RFC 6455, section 5.2.
 *
 * @module
 */

/** What a frame contains */
export const Opcode = {
  CONTINUATION: 0x0,
  TEXT: 0x1,
  BINARY: 0x2,
  CLOSE: 0x8,
  PING: 0x9,
  PONG: 0xa,
} as const;

/** Whether frames with this opcode are control frames: RFC 6455, section 5.5. */
export function isControl(opcode: number): boolean {
  return opcode >= 0x8;
}
