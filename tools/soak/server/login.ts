/**
 * The logins of the soak test's clients, some of which expire.
 *
 * @module
 */

import type { LoginContext } from "@hoist/cli";
import { lifetimeOf, type Treatment, treatmentOf, userOf } from "../tokens.ts";

/** The identity of a client. */
export interface Identity {
  readonly treatment: Treatment;
  /** The number of logins on this connection: 1, and one more for each renewal */
  readonly logins: number;
}

/** Decides about a login. A client whose login must expire cannot renew it. */
export function logIn(
  _server: unknown,
  token: string,
  { renewing, expireAt, setUser }: LoginContext,
): Identity | null {
  const treatment = treatmentOf(token);
  if (treatment === undefined) return null;
  if (treatment === "expiring" && renewing !== undefined) return null;
  if (treatment === "member") setUser(userOf(token));
  const lifetime = lifetimeOf(treatment);
  if (lifetime !== undefined) expireAt(Date.now() + lifetime);
  const before = renewing?.identity as Identity | undefined;
  return { treatment, logins: (before?.logins ?? 0) + 1 };
}
