/** A certificate for the TLS tests. */

import { Buffer } from "node:buffer";
import { generateKeyPairSync, sign } from "node:crypto";

/** A certificate and its private key, in PEM format. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** What can be wrong with a certificate. */
export interface Flaws {
  /** The host name, by default `localhost` */
  readonly host?: string;
  /** The last valid time */
  readonly end?: string;
  /** Whether it is the certificate of a certificate authority */
  readonly isAuthority?: boolean;
  /** The common name of its owner, by default `localhost` */
  readonly name?: string;
  /** The authority that issues it; without it, the certificate is self-signed */
  readonly authority?: Issuer;
}

/** A certificate authority. */
export interface Issuer extends Certificate {
  /** Its common name */
  readonly name: string;
}

/**
 * Makes a certificate for `localhost`, which is self-signed by default. Each run makes a new one, so that
 * the repository contains no private key.
 */
export function makeCertificate(
  { host = "localhost", end = "491231235959Z", isAuthority = false, ...flaws }:
    Flaws = {},
): Certificate {
  const { name = "localhost", authority } = flaws;
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
  });
  const content = sequence(
    element(0xa0, integer(2)),
    integer(1),
    ECDSA_WITH_SHA256,
    commonName(authority?.name ?? name),
    sequence(utcTime("200101000000Z"), utcTime(end)),
    commonName(name),
    publicKey.export({ type: "spki", format: "der" }),
    element(
      0xa3,
      isAuthority
        ? sequence(alternativeNames(host), AUTHORITY)
        : sequence(alternativeNames(host)),
    ),
  );
  const signature = sign("sha256", content, authority?.key ?? privateKey);
  const der = sequence(content, ECDSA_WITH_SHA256, bitString(signature));
  return {
    cert: pem("CERTIFICATE", der),
    key: String(privateKey.export({ type: "pkcs8", format: "pem" })),
  };
}

// The few elements of DER that a certificate consists of: RFC 5280, section 4.1.

function element(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 0x80
    ? [length]
    : length < 0x100
    ? [0x81, length]
    : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...contents: readonly Uint8Array[]): Uint8Array {
  return element(0x30, ...contents);
}

function integer(value: number): Uint8Array {
  return element(0x02, Buffer.from([value]));
}

function utcTime(text: string): Uint8Array {
  return element(0x17, Buffer.from(text));
}

function bitString(bytes: Uint8Array): Uint8Array {
  return element(0x03, Buffer.from([0]), bytes);
}

function objectIdentifier(hex: string): Uint8Array {
  return element(0x06, Buffer.from(hex, "hex"));
}

function pem(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der).toString("base64").match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""]
    .join("\n");
}

const ECDSA_WITH_SHA256 = sequence(objectIdentifier("2a8648ce3d040302"));

const COMMON_NAME = objectIdentifier("550403");

function commonName(name: string): Uint8Array {
  const value = element(0x0c, Buffer.from(name));
  return sequence(element(0x31, sequence(COMMON_NAME, value)));
}

function alternativeNames(host: string): Uint8Array {
  return sequence(
    objectIdentifier("551d11"),
    element(0x04, sequence(element(0x82, Buffer.from(host)))),
  );
}

/** The extension that marks the certificate of a certificate authority. */
const AUTHORITY = sequence(
  objectIdentifier("551d13"),
  element(0x01, Buffer.from([0xff])),
  element(0x04, sequence(element(0x01, Buffer.from([0xff])))),
);
