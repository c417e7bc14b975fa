/** Sessions of the server in each state, and what they answer. */

import assert from "node:assert/strict";
import { Session, type SessionState } from "../../server/session.ts";
import type {
  Batch,
  Effect,
  SessionRules,
} from "../../server/session_types.ts";

export const LOGIN = '{"id": 0, "token": "test", "version": "1.0.2"}';

export const IGNORE = { kind: "ignore" };

/** Creates a session in each state. */
export const STATES: Readonly<Record<SessionState, () => Session>> = {
  login: () => new Session(),
  authenticating() {
    const session = new Session();
    session.receive(LOGIN);
    return session;
  },
  open() {
    const session = STATES.authenticating();
    session.acceptLogin();
    return session;
  },
  closed() {
    const session = STATES.open();
    session.close();
    return session;
  },
};

/** Creates an open session whose client has requested features. */
export function openSession(
  features: readonly string[] | undefined,
  rules: SessionRules = {},
): Session {
  const session = new Session(rules);
  const login = { id: 0, token: "test", version: "1.0.0", features };
  session.receive(JSON.stringify(login));
  session.acceptLogin();
  assert.equal(session.state, "open");
  return session;
}

/** Returns the effects of a frame, which can be a batch. */
export function receiveAll(session: Session, frame: string): Effect[] {
  const effect = session.receive(frame);
  return effect.kind === "batch"
    ? effect.entries.map((entry) => session.receiveEntry(entry))
    : [effect];
}

/** Returns the kind of an effect, its close code, and the code and the id of its frame. */
export function summarize(effect: Effect | Batch): string {
  const parts: unknown[] = [effect.kind];
  if (effect.kind === "close") parts.push(effect.code);
  if ("frame" in effect && effect.frame !== undefined) {
    const { code, id } = JSON.parse(effect.frame);
    parts.push(`error ${code} to ${id}`);
  }
  return parts.join(", ");
}

const SENTENCES: Readonly<
  Record<number, readonly [error: string, message: string]>
> = {
  1: ["INVALID_JSON", "Invalid JSON structure was received."],
  2: ["INVALID_CONTENT", "JSON content is invalid."],
  3: ["LOGIN_FAILED", "Login token is invalid."],
  4: ["BAD_VERSION", "Version of client is not high enough."],
  8: ["INVALID_ACTION", "Invalid action was sent."],
};

/** Checks the whole frame of an effect, which must be an error. */
export function assertError(
  effect: Effect | Batch,
  code: number,
  rest: { id: number | null; data?: unknown; desc?: string | null },
): void {
  assert("frame" in effect && effect.frame !== undefined);
  const [error, message] = SENTENCES[code]!;
  assert.deepEqual(JSON.parse(effect.frame), {
    success: false,
    data: null,
    error,
    code,
    message,
    desc: null,
    ...rest,
  });
}
