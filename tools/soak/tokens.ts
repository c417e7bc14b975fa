/**
 * The tokens of the clients, which say how the server treats a client.
 *
 * @module
 */

import { TOKEN } from "./commands.ts";

/**
 * How long some logins last, in milliseconds. The server asks for a new token after 10 to 15
 * seconds, which leaves 5 seconds to a busy machine.
 */
const LIFETIME = 20_000;

/**
 * How the server treats a client: its login is renewed or expires, `onConnect` fails, its
 * login names a user, or nothing special.
 */
export type Treatment =
  | "renewed"
  | "expiring"
  | "unready"
  | "member"
  | "usual";

const TREATMENTS: readonly Treatment[] = [
  "renewed",
  "expiring",
  "unready",
  "member",
];

/** Returns a token; tokens with different nonces are different. */
export function tokenFor(treatment: Treatment, nonce: number | string): string {
  return `${TOKEN}/${treatment}/${nonce}`;
}

/** Returns how to treat the client with a token; `undefined` if the token is wrong. */
export function treatmentOf(token: string): Treatment | undefined {
  const [secret, name] = token.split("/");
  if (secret !== TOKEN) return undefined;
  if (name === undefined) return "usual";
  return TREATMENTS.find((treatment) => treatment === name);
}

/** Returns the user that the login of a member names. */
export function userOf(token: string): string {
  return token.split("/").slice(2).join("/");
}

/** Returns how long a login lasts, in milliseconds; `undefined` if it does not end. */
export function lifetimeOf(treatment: Treatment): number | undefined {
  const ends = treatment === "renewed" || treatment === "expiring";
  return ends ? LIFETIME : undefined;
}
