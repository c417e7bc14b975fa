/**
 * The steps of the doctor before HTTP: the name, TCP and TLS.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { dial, limit } from "../common/async.ts";
import { escapeControls, showName } from "../common/text.ts";
import { unreachable } from "../client/ack_errors.ts";
import { connectTimeout } from "../client/login_errors.ts";
import type { Target } from "../client/handshake.ts";
import { describeAge, type Place, readCertificate } from "./certificate.ts";
import { failed, type Finding, formatTime, round } from "./findings.ts";
import { ExitCode } from "./exit_code.ts";

/** How many days before its end a certificate is worth a warning. */
const FEW_DAYS = 14;

/** Returns where a server listens. */
export function placeOf({ endpoints: { ack } }: Target): Place {
  const isSecure = ack.protocol === "https:";
  const hostname = ack.hostname.replace(/^\[(.*)\]$/, "$1");
  return {
    hostname,
    port: Number(ack.port || (isSecure ? 443 : 80)),
    isSecure,
  };
}

/** Finds the addresses of a host. */
export async function resolveName(
  { hostname }: Place,
): Promise<
  { readonly finding: Finding; readonly addresses: readonly string[] }
> {
  try {
    // `Deno.resolveDns` does not know the names in /etc/hosts.
    const found = await lookup(hostname, { all: true });
    const addresses = [...new Set(found.map(({ address }) => address))];
    const detail = addresses.includes(hostname)
      ? `${hostname} is an address`
      : `${hostname} is ${addresses.join(", ")}`;
    const finding = { step: "name", result: "ok", detail } as const;
    return { finding: { ...finding, values: { addresses } }, addresses };
  } catch (error) {
    return { finding: nameFailed(hostname, error), addresses: [] };
  }
}

function nameFailed(hostname: string, error: unknown): Finding {
  const { code } = Object(error);
  const step = "name";
  if (code === "EPERM") return { step, ...MISSING_PERMISSION };
  const isUnknown = code === "ENOTFOUND";
  return {
    step,
    result: "FAIL",
    detail: isUnknown
      ? `there is no address of the host ${hostname}`
      : `the address of the host ${hostname} was not found (${
        showName(String(code ?? error))
      })`,
    remedy: isUnknown
      ? "Check the spelling of the host in the URL, and the network of this device."
      : "Check the DNS server and the network of this device.",
    exitCode: ExitCode.CANNOT_CONNECT,
  };
}

const MISSING_PERMISSION = {
  result: "FAIL",
  detail: "the permission for the network is missing",
  remedy: "Run with --allow-net, without addresses.",
  exitCode: ExitCode.CANNOT_CONNECT,
} as const;

/** Connects to the first address that answers. */
export async function connectTcp(
  addresses: readonly string[],
  { port }: Place,
  { timeout, endpoints: { base } }: Target,
  signal: AbortSignal,
): Promise<Finding> {
  const failures: string[] = [];
  let last: unknown;
  for (const hostname of addresses) {
    const onTimeout = () => connectTimeout(base, timeout);
    const limited = limit(signal, timeout, onTimeout);
    const start = performance.now();
    try {
      const tcp = await dial(
        limited.signal,
        (signal) => Deno.connect({ hostname, port, signal }),
      );
      tcp.close();
      return connected(hostname, port, performance.now() - start, failures);
    } catch (error) {
      signal.throwIfAborted();
      last = limited.signal.aborted ? limited.signal.reason : error;
      failures.push(`${hostname} ${describeTcp(last, timeout)}`);
    } finally {
      limited.cancel();
    }
  }
  return tcpFailed(last, failures, port);
}

function connected(
  hostname: string,
  port: number,
  time: number,
  failures: readonly string[],
): Finding {
  const others = failures.length === 0
    ? ""
    : `, but not to ${failures.join(", ")}`;
  return {
    step: "TCP",
    // Each client tries the addresses in the same order, and waits for those that are silent.
    result: failures.some((each) => each.includes("no answer")) ? "warn" : "ok",
    detail: `connected to ${showAddress(hostname)}:${port} in ${
      formatTime(time)
    }${others}`,
    values: { address: hostname, port, ms: round(time) },
  };
}

function showAddress(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

/** Describes why one address could not be reached. */
function describeTcp(error: unknown, timeout: number): string {
  const { code, name, message } = Object(error);
  if (name === "TimeoutError") return `(no answer within ${timeout} ms)`;
  const reason = TCP_REASONS.get(code)?.[0];
  return `(${reason ?? escapeControls(String(message))})`;
}

/** What the errors of the system mean, and what to do. */
const TCP_REASONS: ReadonlyMap<unknown, readonly [string, string]> = new Map([
  [
    "ECONNREFUSED",
    [
      "connection refused",
      "Nothing listens on this port. Start the server, or check the port. A server that listens on 127.0.0.1 only answers on its own machine.",
    ],
  ],
  [
    "EHOSTUNREACH",
    [
      "host unreachable",
      "Check that the machine is switched on, and that a route leads to it (VPN, routing).",
    ],
  ],
  [
    "ENETUNREACH",
    [
      "network unreachable",
      "This device has no route to that network. Check its connection, its VPN and its IPv6.",
    ],
  ],
  [
    "ECONNRESET",
    [
      "connection reset",
      "A firewall or a proxy rejects the connection. Check its rules.",
    ],
  ],
]);

function tcpFailed(
  error: unknown,
  failures: readonly string[],
  port: number,
): Finding {
  const { code, name } = Object(error);
  if (name === "NotCapable") return { step: "TCP", ...MISSING_PERMISSION };
  const isSilent = name === "TimeoutError";
  const remedy = isSilent
    ? "Often a firewall discards the packets. Check the firewalls on the way, the security group of a cloud, and the address."
    : TCP_REASONS.get(code)?.[1] ??
      "Check the URL, and the network of this device.";
  return {
    step: "TCP",
    result: "FAIL",
    detail: `cannot connect to port ${port} of ${failures.join(", ")}`,
    remedy,
    exitCode: isSilent ? ExitCode.TIMED_OUT : ExitCode.CANNOT_CONNECT,
  };
}

/** Begins TLS as the client does, and reads how long the certificate is valid. */
export async function startTls(
  address: string,
  place: Place,
  target: Target,
  signal: AbortSignal,
): Promise<Finding> {
  const { endpoints, timeout } = target;
  const { base } = endpoints;
  const onTimeout = () => connectTimeout(base, timeout);
  const limited = limit(signal, timeout, onTimeout);
  const start = performance.now();
  try {
    await handshake(address, place, target.caCerts, limited.signal);
    const time = performance.now() - start;
    const certificate = await readCertificate(address, place, limited.signal);
    return validTls(certificate?.end, time);
  } catch (error) {
    signal.throwIfAborted();
    if (limited.signal.aborted) {
      return failed("TLS", limited.signal.reason, base);
    }
    return await tlsFailed(error, { address, place, target }, limited.signal);
  } finally {
    limited.cancel();
  }
}

async function handshake(
  address: string,
  { hostname, port }: Place,
  caCerts: readonly string[] = [],
  signal: AbortSignal,
): Promise<void> {
  const tcp = await dial(
    signal,
    (signal) => Deno.connect({ hostname: address, port, signal }),
  );
  const alpnProtocols = ["http/1.1"];
  const options = { hostname, caCerts: [...caCerts], alpnProtocols };
  using tls = await Deno.startTls(tcp, options);
  // An abort since the end of `Deno.connect` has closed nothing.
  signal.throwIfAborted();
  // Nothing else ends a handshake that the server does not answer.
  const onAbort = () => tls.close();
  signal.addEventListener("abort", onAbort);
  try {
    await tls.handshake();
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function validTls(end: Date | undefined, time: number): Finding {
  const step = "TLS";
  const took = `the certificate is valid and trusted (${formatTime(time)})`;
  if (end === undefined) return { step, result: "ok", detail: took };
  const days = Math.floor((end.getTime() - Date.now()) / 86_400_000);
  const finding = {
    step,
    detail: `${took}, ${describeAge(end)}`,
    values: { days, validTo: end.toISOString(), ms: round(time) },
  };
  if (days >= FEW_DAYS) return { ...finding, result: "ok" };
  const remedy =
    "Renew the certificate, and check why this did not happen by itself.";
  return { ...finding, result: "warn", remedy };
}

/** Where TLS failed. */
interface TlsCase {
  readonly address: string;
  readonly place: Place;
  readonly target: Target;
}

/** The runtime says only what is wrong; the certificate itself says why. */
async function tlsFailed(
  error: unknown,
  { address, place, target: { endpoints } }: TlsCase,
  signal: AbortSignal,
): Promise<Finding> {
  const finding = failed("TLS", unreachable(endpoints, error), endpoints.base);
  if (!/certificate/i.test(finding.detail)) return finding;
  const certificate = await readCertificate(address, place, signal);
  if (certificate === undefined) return finding;
  const detail = `${finding.detail} (${certificate.summary})`;
  if (!/is not trusted/.test(detail)) return { ...finding, detail };
  return {
    ...finding,
    detail: describeTrust(certificate.kind, detail),
    remedy: TRUST[certificate.kind],
  };
}

const TRUST = {
  "self-signed":
    "Pass the certificate with --ca-cert, and to clients in the option 'caCerts'. On the internet, use a certificate of a public authority.",
  "without chain":
    "If the authority is public, let the server send the whole chain: its certificate, and then the intermediate one. Otherwise pass the certificate of the authority with --ca-cert, and to clients in the option 'caCerts'.",
  "unknown authority":
    "Pass the certificate of the authority with --ca-cert, and to clients in the option 'caCerts'.",
} as const;

function describeTrust(kind: keyof typeof TRUST, detail: string): string {
  return kind === "self-signed"
    ? detail.replace(
      "is not trusted",
      "is self-signed, so this machine does not trust it",
    )
    : detail.replace(
      "is not trusted",
      "is from an authority that this machine does not trust",
    );
}
