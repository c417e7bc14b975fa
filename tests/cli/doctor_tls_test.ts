/** Tests what the doctor says about certificates. */

import assert from "node:assert/strict";
import { describeAge, readCertificate } from "../../cli/certificate.ts";
import { type Flaws, makeCertificate } from "../support/certificate.ts";
import { findAll, findFailure, resultsOf } from "../support/doctor.ts";
import { serveQuietly } from "../support/server.ts";
import { settlesAtOnce } from "../support/timing.ts";

const DAY = 86_400_000;

/** Formats a time as a certificate does: RFC 5280, section 4.1.2.5.1. */
function utcTime(time: number): string {
  return `${new Date(time).toISOString().slice(2, 19).replaceAll(/\D/g, "")}Z`;
}

/** Starts a server with TLS; returns its URL for the name of the certificate. */
function serveTls(flaws: Flaws, chain: readonly string[] = []) {
  const { cert, key } = makeCertificate(flaws);
  const certificates = [cert, ...chain].join("");
  const server = serveQuietly({ cert: certificates, key });
  const url = server.url.replace("127.0.0.1", "localhost");
  const stop = () => server.close();
  return { url, certificate: cert, [Symbol.asyncDispose]: stop };
}

Deno.test("the doctor shows how many days a certificate is valid", async () => {
  await using server = serveTls({ end: utcTime(Date.now() + 100.5 * DAY) });
  const caCerts = [server.certificate];
  const findings = await findAll({ url: server.url, caCerts, token: "test" });
  const finding = findings.find(({ step }) => step === "TLS");
  assert.equal(finding?.result, "ok");
  assert.match(
    finding.detail,
    /valid and trusted.*, 100 days left, until 2\d{3}-/,
  );
  assert.equal(finding.values?.days, 100);
  assert.equal(resultsOf(findings)["large frame"], "ok");
});

Deno.test("the doctor warns of a certificate that soon ends", async () => {
  await using server = serveTls({ end: utcTime(Date.now() + 3.5 * DAY) });
  const caCerts = [server.certificate];
  const findings = await findAll({ url: server.url, caCerts });
  const finding = findings.find(({ step }) => step === "TLS");
  assert.equal(finding?.result, "warn");
  assert.match(finding.detail, /, 3 days left, until /);
  assert.match(finding.remedy!, /^Renew the certificate/);
  assert.equal(findings.at(-1)?.step, "proxy");
});

Deno.test("the doctor finds a certificate that has expired", async () => {
  await using server = serveTls({ end: utcTime(Date.now() - 9.5 * DAY) });
  const caCerts = [server.certificate];
  const finding = await findFailure({ url: server.url, caCerts });
  assert.equal(finding.step, "TLS");
  assert.match(
    finding.detail,
    /has expired \(for localhost, .*expired 9 days ago/,
  );
  assert.match(finding.remedy!, /^Renew it/);
  assert.equal(finding.exitCode, 3);
});

Deno.test("the doctor finds a certificate that is self-signed", async () => {
  await using server = serveTls({});
  const finding = await findFailure({ url: server.url });
  assert.equal(finding.step, "TLS");
  assert.match(
    finding.detail,
    /is self-signed, so this machine does not trust/,
  );
  assert.match(finding.detail, /issued by itself/);
  assert.match(finding.remedy!, /--ca-cert/);
});

Deno.test("the doctor finds a certificate of an unknown authority", async () => {
  const name = "Test\x1b[31m authority";
  const authority = { name, ...makeCertificate({ name, isAuthority: true }) };
  await using server = serveTls({ authority }, [authority.cert]);
  const finding = await findFailure({ url: server.url });
  assert.match(finding.detail, /from an authority that this machine does not/);
  assert.match(finding.detail, /issued by Test\\u\{1b\}\[31m authority/);
  assert.match(finding.remedy!, /^Pass the certificate of the authority with/);
  const trusting = { url: server.url, caCerts: [authority.cert] };
  assert.equal(resultsOf(await findAll(trusting)).TLS, "ok");
});

Deno.test("the doctor finds that the chain of a certificate is missing", async () => {
  const name = "Test authority";
  const authority = { name, ...makeCertificate({ name, isAuthority: true }) };
  await using server = serveTls({ authority });
  const finding = await findFailure({ url: server.url });
  assert.match(finding.detail, /from an authority that this machine does not/);
  assert.match(finding.remedy!, /let the server send the whole chain/);
});

Deno.test("the doctor finds a certificate for another host", async () => {
  await using server = serveTls({ host: "www.example.org" });
  const caCerts = [server.certificate];
  const finding = await findFailure({ url: server.url, caCerts });
  assert.match(finding.detail, /for another host name \(for www\.example\.org/);
  assert.match(finding.remedy!, /name of the certificate in the URL/);
});

Deno.test("the doctor finds a server without TLS", async () => {
  await using server = serveQuietly();
  const url = server.url.replace("http:", "https:");
  const finding = await findFailure({ url });
  assert.equal(finding.step, "TLS");
  assert.equal(finding.detail, "the server does not use TLS");
  assert.equal(finding.remedy, "Write http: instead of https: in the URL.");
});

Deno.test("the doctor finds a server with TLS behind a URL without it", async () => {
  await using server = serveTls({});
  const url = server.url.replace("https:", "http:");
  const finding = await findFailure({ url });
  assert.equal(finding.step, "server");
  assert.match(finding.remedy!, /write https: if it uses TLS/);
});

Deno.test("the doctor finds a server that does not begin TLS", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `https://127.0.0.1:${listener.addr.port}`;
  // The step before needs less, also on a busy machine.
  const finding = await findFailure({ url, timeout: 500 });
  assert.equal(finding.step, "TLS");
  assert.match(finding.detail, /no response within 500 ms/);
  assert.equal(finding.exitCode, 5);
});

Deno.test("the doctor ends at an abort at the moment in which TLS begins", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const controller = new AbortController();
  const url = `https://127.0.0.1:${listener.addr.port}`;
  const finding = findAll({ url }, controller.signal);
  // The first connection is the step before TLS.
  using _tcp = await listener.accept();
  using _tls = await listener.accept();
  controller.abort(new Error("enough"));
  assert(await settlesAtOnce(finding));
  await assert.rejects(finding, { message: "enough" });
});

Deno.test("readCertificate() ends if its signal has aborted before", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { hostname, port } = listener.addr;
  const place = { hostname, port, isSecure: true };
  const reading = readCertificate(hostname, place, AbortSignal.abort());
  assert(await settlesAtOnce(reading));
  assert.equal(await reading, undefined);
});

Deno.test("describeAge() counts days", () => {
  const end = new Date("2030-01-10T12:00:00Z");
  const at = (time: string) => describeAge(end, Date.parse(time));
  assert.equal(at("2030-01-08T12:00:00Z"), "2 days left, until 2030-01-10");
  assert.equal(at("2030-01-09T12:00:00Z"), "1 day left, until 2030-01-10");
  assert.equal(at("2030-01-10T11:00:00Z"), "0 days left, until 2030-01-10");
  assert.equal(at("2030-01-11T13:00:00Z"), "expired 1 day ago on 2030-01-10");
});
