/**
 * How a server logs in to NATS. No error shows a credential.
 *
 * @module
 */

import { checkKeys } from "../common/check.ts";
import {
  type Authenticator,
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "./nats_client.ts";

/**
 * How to log in to NATS: the content of a `.creds` file, the seed of an nkey that begins with
 * `SU`, a token, or a user with a password.
 */
export type NatsCredentials =
  | string
  | { readonly token: string }
  | { readonly user: string; readonly password: string };

const FORMS =
  "'credentials' must be the content of a .creds file, a seed of an nkey, { token } or { user, password }.";

/**
 * Makes the function that answers the login of NATS.
 *
 * @param subject What could not be done, such as `Cannot use NATS`
 * @param credentials The option
 * @returns `undefined` if there are no credentials
 *
 * @throws {TypeError} If the credentials have none of the forms
 */
export function authenticatorOf(
  subject: string,
  credentials: NatsCredentials | undefined,
): Authenticator | undefined {
  if (credentials === undefined) return undefined;
  const authenticator = typeof credentials === "string"
    ? signer(credentials)
    : passwordOf(subject, credentials);
  if (authenticator === undefined) {
    throw new TypeError(`${subject}: ${FORMS}`);
  }
  return authenticator;
}

/** Makes the function that signs what the server sends; `undefined` if it cannot. */
function signer(content: string): Authenticator | undefined {
  const bytes = new TextEncoder().encode(content.trim());
  const authenticator = content.includes("-----BEGIN")
    ? credsAuthenticator(new TextEncoder().encode(`${content.trim()}\n`))
    : nkeyAuthenticator(bytes);
  try {
    // A wrong seed would only show when the server asks for a signature.
    authenticator("nonce");
    return authenticator;
  } catch {
    return undefined;
  }
}

function passwordOf(
  subject: string,
  credentials: object,
): Authenticator | undefined {
  if (credentials === null || typeof credentials !== "object") return undefined;
  const known = { token: true, user: true, password: true };
  checkKeys(subject, credentials, known, "credentials");
  const { token, user, password } = credentials as Record<string, unknown>;
  if (isSecret(token) && user === undefined && password === undefined) {
    return tokenAuthenticator(token);
  }
  if (isSecret(user) && isSecret(password) && token === undefined) {
    return usernamePasswordAuthenticator(user, password);
  }
  return undefined;
}

function isSecret(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
