/**
 * Reads the certificate of a server, also if it is invalid. `Deno.startTls` does not show it.
 *
 * @module
 */

import { connect } from "node:tls";
import { escapeControls, truncate } from "../common/text.ts";

/** Where the server listens. */
export interface Place {
  /** The name or the address of the host, without brackets */
  readonly hostname: string;
  readonly port: number;
  readonly isSecure: boolean;
}

/** What a certificate says. */
export interface Certificate {
  /** When it ends */
  readonly end: Date;
  /** Why it can be untrusted */
  readonly kind: "self-signed" | "without chain" | "unknown authority";
  /** Its names, its issuer and its end, for people */
  readonly summary: string;
}

/** The fields of a certificate of `node:tls` that are used here. */
interface PeerCertificate {
  readonly subject?: { readonly CN?: string };
  readonly issuer?: { readonly CN?: string; readonly O?: string };
  readonly subjectaltname?: string;
  readonly valid_to?: string;
  readonly fingerprint256?: string;
  readonly issuerCertificate?: PeerCertificate;
}

/**
 * Reads the certificate of a server without checking it. Nothing is sent over this connection.
 *
 * @returns The certificate; `undefined` if the server shows none
 */
export function readCertificate(
  address: string,
  { hostname, port }: Place,
  signal: AbortSignal,
): Promise<Certificate | undefined> {
  return new Promise((resolve) => {
    // An address is not allowed as the name of a server: RFC 6066, section 3.
    const name = hostname === address ? {} : { servername: hostname };
    const socket = connect({
      ...{ host: address, port, ...name },
      // The certificate is only shown. The client itself has rejected or accepted it.
      rejectUnauthorized: false,
      ALPNProtocols: ["http/1.1"],
    });
    const end = (certificate?: Certificate) => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(certificate);
    };
    const onAbort = () => end();
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    socket.on("error", onAbort);
    socket.on("secureConnect", () => {
      end(describe(socket.getPeerCertificate(true)));
    });
  });
}

function describe(certificate: PeerCertificate): Certificate | undefined {
  const { valid_to, subject, issuer } = certificate;
  const end = new Date(valid_to ?? NaN);
  if (Number.isNaN(end.getTime())) return undefined;
  const names = namesOf(certificate) || subject?.CN || "no name";
  const by = issuer?.CN ?? issuer?.O ?? "an unnamed authority";
  const kind = kindOf(certificate);
  const from = kind === "self-signed" ? "by itself" : `by ${by}`;
  return {
    end,
    kind,
    summary: escapeControls(
      `for ${truncate(names)}, issued ${truncate(from)}, ${describeAge(end)}`,
    ),
  };
}

/** Reads `DNS:example.org, IP Address:127.0.0.1`. */
function namesOf({ subjectaltname = "" }: PeerCertificate): string {
  return subjectaltname.replaceAll(/\b(DNS|IP Address|URI|email):/g, "");
}

function kindOf(
  { subject, issuer, issuerCertificate, fingerprint256 }: PeerCertificate,
): Certificate["kind"] {
  if (JSON.stringify(subject) === JSON.stringify(issuer)) return "self-signed";
  const isAlone = issuerCertificate === undefined ||
    issuerCertificate.fingerprint256 === fingerprint256;
  return isAlone ? "without chain" : "unknown authority";
}

/** Describes how long a certificate is valid, or since when it is not. */
export function describeAge(end: Date, now: number = Date.now()): string {
  const day = end.toISOString().slice(0, 10);
  const days = Math.floor(Math.abs(end.getTime() - now) / 86_400_000);
  const count = days === 1 ? "1 day" : `${days} days`;
  return end.getTime() < now
    ? `expired ${count} ago on ${day}`
    : `${count} left, until ${day}`;
}
