/**
 * Why a TLS certificate was rejected, in the words of the runtimes: rustls in Deno,
 * OpenSSL in Node, BoringSSL in Bun. Browsers report no reason.
 *
 * @module
 */

import { acceptsCaCerts } from "./runtime.ts";

/** Where the application can add a certificate authority */
const STORE = acceptsCaCerts ? "the option 'caCerts'" : "this runtime";

/** A reason, the words that it is recognized by, and what to do. */
type Reason = readonly [pattern: RegExp, problem: string];

const REASONS: readonly Reason[] = [
  [
    /CaUsedAsEndEntity/,
    "is the certificate of a certificate authority (CaUsedAsEndEntity). Use a certificate that the authority has issued, or create it with basicConstraints=CA:FALSE.",
  ],
  [
    /NotValidYet|not valid yet|NOT_YET_VALID/i,
    "is not valid yet. Check the clocks of the server and of this device.",
  ],
  [
    /Expired/i,
    "has expired. Renew it, or check the clock of this device.",
  ],
  [
    /NotValidForName|not valid for name|ALTNAME|altnames/i,
    "is for another host name. Use the name of the certificate in the URL.",
  ],
  [
    /Revoked/i,
    "was revoked. Let the server use another certificate.",
  ],
  [
    /UnknownIssuer|BadSignature|self.signed|UNABLE_TO_|issuer/i,
    `is not trusted. Add its certificate authority to ${STORE}.`,
  ],
];

/**
 * Describes why a certificate was rejected.
 *
 * @param detail The error of the runtime
 * @returns The reason and what to do; `undefined` if the error is another one
 */
export function describeCertificate(detail: string): string | undefined {
  if (!/certificate|\bCERT_|altname/i.test(detail)) return undefined;
  const problem = REASONS.find(([pattern]) => pattern.test(detail))?.[1] ??
    "was rejected. See the cause of this error.";
  return `the TLS certificate of the server ${problem}`;
}
