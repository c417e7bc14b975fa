/**
 * Renews the login of one client: docs/reference/protocol.md, `renew`.
 *
 * @module
 */

import { ErrorCode } from "../common/errors.ts";
import { fitsInto } from "../common/text.ts";
import type { RenewRequest } from "../protocol/client_frames.ts";
import { encodeError, errorAnswerOf } from "../protocol/encode.ts";
import { exceeded } from "../protocol/request_error.ts";
import { encodeSuccess } from "../protocol/success_frames.ts";
import type { LoginFailure } from "./admission.ts";
import {
  type Authenticated,
  isAuthenticated,
  type LoginResult,
  type UpgradeContext,
} from "./authenticator.ts";
import type { ClientState } from "./connected_client.ts";
import { encodeLoginFailure, LOGIN_FAILURE } from "./error_response.ts";
import type { ServerContext } from "./context.ts";
import type { Client } from "./message.ts";
import type { ExceededByLogin } from "./places.ts";
import type { AnswerEffect } from "./session_types.ts";
import type { Transport } from "./transport.ts";

/** Why a renewal fails. Only new clients need a place. */
export type RenewalFailure = Exclude<LoginFailure, ExceededByLogin>;

/** Why a token that can be right is rejected. */
const POSTPONEMENTS = {
  "locked out": "too many logins from this address failed. Try again later.",
  "timed out":
    "the server took too long to check the token. Try again, or raise 'limits.loginTimeout' of the server.",
};

/** What the renewal of a login needs of its connection. */
export interface RenewalParts {
  readonly context: ServerContext;
  readonly client: Client;
  readonly state: ClientState;
  readonly transport: Transport;
  /** What is known from the upgrade request */
  readonly upgrade: UpgradeContext;
  /** Confirms a decision; returns the same result, or why the token is rejected after all. */
  confirm(result: LoginResult): Authenticated | RenewalFailure;
  /** Sends an error, which counts towards the limits of the client. */
  reject(answer: AnswerEffect): void;
}

/** Renews the login of one client. Created when the server first asks for a token. */
export class Renewal {
  readonly #parts: RenewalParts;
  /** Whether the server waits for a token */
  #isAsked = false;
  /** Whether the authenticator decides about a token */
  #isDeciding = false;

  constructor(parts: RenewalParts) {
    this.#parts = parts;
  }

  /** Asks the client for a new token. */
  ask(): void {
    this.#isAsked = true;
    this.#parts.transport.send(encodeSuccess(null, "renew", "{}"));
  }

  /**
   * Handles a new token.
   *
   * @returns Whether the server has asked for it; if not, the caller answers with an error
   */
  take({ id, token }: RenewRequest): boolean {
    if (!this.#isAsked || this.#isDeciding) return false;
    const { context, client, state, upgrade } = this.#parts;
    const { authenticator, limits: { maxLoginPayload } } = context;
    if (!fitsInto(token, maxLoginPayload)) {
      const excess = exceeded(id, "maxLoginPayload", maxLoginPayload);
      this.#parts.reject({ kind: "answer", ...errorAnswerOf(excess) });
      return true;
    }
    this.#isDeciding = true;
    const { version } = state;
    const result = authenticator.authenticate(token, version, upgrade, client);
    // The login function can take up to `limits.loginTimeout`.
    void Promise.resolve(result).then((result) => this.#finish(id, result));
    return true;
  }

  #finish(id: number, decided: LoginResult): void {
    const { client, context, state, transport } = this.#parts;
    this.#isDeciding = false;
    // The login can have expired, or the token can have been revoked, in the meantime.
    if (transport.closed !== undefined) return;
    const result = this.#parts.confirm(decided);
    if (!isAuthenticated(result)) return this.#reject(id, result);
    this.#isAsked = false;
    state.authenticated = result;
    context.admin?.onRenewed(client);
    transport.log.identify(result.identity);
    transport.send(encodeSuccess(id, null));
    transport.log.info("renew", "renewed its token");
    context.rooms.onUser(transport, result.user);
  }

  /** The client can send another token until its login expires. */
  #reject(id: number, why: RenewalFailure): void {
    const { frame, reason } = explain(id, why);
    const failure = `renewal rejected: ${reason}`;
    this.#parts.reject({ kind: "answer", frame, failure });
  }
}

/** Returns the frame that rejects a token, and the reason for the log. */
function explain(
  id: number,
  why: RenewalFailure,
): { readonly frame: string; readonly reason: string } {
  if (typeof why === "object") {
    const { answer, note } = why.refusal;
    return { frame: answer.encode(id), reason: note };
  }
  if (why === "refused") {
    const frame = encodeError(id, ErrorCode.LOGIN_FAILED);
    return { frame, reason: "wrong token" };
  }
  if (why === "failed") {
    return { frame: encodeLoginFailure(id), reason: LOGIN_FAILURE };
  }
  const reason = POSTPONEMENTS[why];
  const code = ErrorCode.LIMIT_EXCEEDED;
  return { frame: encodeError(id, code, null, reason), reason };
}

/** Returns the answer to a token that the server has not asked for. */
export function rejectUnasked({ id }: RenewRequest): AnswerEffect {
  const failure = "the server has not asked for a new token";
  const code = ErrorCode.UNSUPPORTED_OPERATION;
  const frame = encodeError(id, code, null, failure);
  return { kind: "answer", frame, failure, isInvalid: true };
}
