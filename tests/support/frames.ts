/** Frames of a client as JSON strings. */

export const MESSAGE =
  '{"id": 1, "action": "message", "data": {"message": "hello", "data": {"a": 1}}}';
export const OPERATION =
  '{"id": 2, "action": "operation", "data": {"operation": "add", "data": {}}}';
/** An invalid message request */
export const BROKEN =
  '{"id": 3, "action": "message", "data": {"message": 1, "data": {}}}';
export const UNKNOWN_ACTION = '{"id": 4, "action": "fly", "data": {}}';
