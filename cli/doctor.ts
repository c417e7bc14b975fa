/**
 * The command `doctor`, which finds out why a client cannot connect.
 *
 * @module
 */

import { quote } from "../common/text.ts";
import { endpointsOf } from "../client/http_options.ts";
import { resolveConnectOptions } from "../client/options.ts";
import type { Target } from "../client/handshake.ts";
import { proxyUse } from "../client/proxy_use.ts";
import { readVariable } from "../client/runtime.ts";
import { placeOf } from "./doctor_network.ts";
import { connectTcp, resolveName, startTls } from "./doctor_network.ts";
import {
  askServer,
  describeFeatures,
  describeWay,
  lockedOut,
  logIn,
  measureRoundTrip,
  openProbe,
  PROXY_VARIABLES,
  sendLarge,
  StepError,
  tryOrigin,
} from "./doctor_server.ts";
import type { CommandInput } from "./command.ts";
import { readGivenToken, readServer } from "./connect.ts";
import type { CommandContext } from "./context.ts";
import type { DOCTOR_FLAGS } from "./client_flags.ts";
import { clientExitCode, ExitCode } from "./exit_code.ts";
import { type Finding, formatFinding, toJson } from "./findings.ts";
import { Output } from "./output.ts";
import { UsageError } from "./parse.ts";
import type { Probe } from "./probe.ts";

/**
 * Examines a server, and prints what it finds.
 *
 * @returns The exit code: that of the client for the step that failed
 */
export async function run(
  { flags }: CommandInput<typeof DOCTOR_FLAGS>,
  context: CommandContext,
): Promise<number> {
  const results: Finding[] = [];
  const code = await clientExitCode(context, async (signal) => {
    const output = new Output(flags, context);
    const origin = checkOrigin(flags.origin);
    const server = await readServer(flags, context);
    const token = await readGivenToken(flags, context);
    output.progress(`examining ${endpointsOf(server.url).base}`);
    for await (
      const finding of examine({ ...server, token, origin }, signal)
    ) {
      results.push(finding);
      if (output.isJson) output.line(toJson(finding));
      else context.print(formatFinding(finding, context.hasColors));
    }
    if (!output.isJson) context.print(`\n${conclude(results)}`);
  });
  return code || (results.at(-1)?.exitCode ?? ExitCode.SUCCESS);
}

/** Checks that a browser can send the origin, because the doctor says to allow it. */
function checkOrigin(origin: string | undefined): string | undefined {
  if (origin === undefined || origin === "null") return origin;
  if (/^[a-z][a-z\d+.-]*:\/\/[^\s/]+$/i.test(origin)) return origin;
  throw new UsageError(
    `Option --origin must be the scheme and the host of a page, such as https://app.example.org. It is ${
      quote(origin)
    }.`,
  );
}

function conclude(findings: readonly Finding[]): string {
  const last = findings.at(-1);
  if (last?.result === "FAIL") {
    const who = last.step === "origin" ? "A page of this origin" : "A client";
    return `${who} cannot use this server. The steps after the failure were not checked.`;
  }
  const warnings = findings.filter(({ result }) => result === "warn").length;
  const rest =
    findings.some(({ step, result }) => step === "login" && result === "skip")
      ? " The login was not checked."
      : "";
  return warnings === 0
    ? `No problem found.${rest}`
    : `A client can connect. Warnings: ${warnings}.${rest}`;
}

/** What the doctor examines. */
export interface Patient {
  readonly url: string;
  /** The token; without it, the doctor cannot log in */
  readonly token?: string | undefined;
  /** The origin of a page that cannot connect */
  readonly origin?: string | undefined;
  /** Certificate authorities, in PEM format */
  readonly caCerts?: readonly string[] | undefined;
  /** The timeout of each step, in milliseconds */
  readonly timeout: number;
}

/**
 * Examines a server step by step. Ends after the first step that fails.
 *
 * @param patient What to examine
 * @param signal Ends the examination
 *
 * @throws {TypeError} If the URL is invalid
 */
export async function* examine(
  patient: Patient,
  signal: AbortSignal,
): AsyncGenerator<Finding, void> {
  const target = targetOf(patient);
  const proxy = proxyUse(target.endpoints.socket, readVariable);
  try {
    for await (const finding of steps(patient, target, proxy, signal)) {
      yield finding;
      if (finding.result === "FAIL") return;
    }
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    yield error.finding;
  }
}

/** The token is not sent before the login, where it is passed again. */
const NO_TOKEN = "none";

function targetOf({ url, timeout, caCerts }: Patient): Target {
  const options = { url, timeout, caCerts, reconnect: false };
  const defaults = { reconnect: false, maxQueue: 0 };
  return resolveConnectOptions(NO_TOKEN, options, defaults).target;
}

async function* steps(
  patient: Patient,
  target: Target,
  proxy: ReturnType<typeof proxyUse>,
  signal: AbortSignal,
): AsyncGenerator<Finding, void> {
  if (proxy === "proxy") yield NO_NETWORK;
  else yield* networkSteps(target, proxy === "unknown", signal);
  const { finding, answer } = await askServer(target, signal);
  yield finding;
  if (answer.info.lockout !== undefined) {
    return yield lockedOut(answer.info.lockout);
  }
  const { finding: opened, probe } = await openProbe(target, answer, signal);
  await using _probe = probe;
  yield opened;
  yield await originStep(patient, target, signal);
  yield* loginSteps(patient, target, probe, signal);
  yield describeWay(answer, proxy);
}

const NO_NETWORK: Finding = {
  step: "network",
  result: "skip",
  detail:
    `name, TCP and TLS: a proxy of the environment (${PROXY_VARIABLES}) connects to the server`,
};

async function* networkSteps(
  target: Target,
  canHaveProxy: boolean,
  signal: AbortSignal,
): AsyncGenerator<Finding, void> {
  const mentionProxy = (finding: Finding) =>
    canHaveProxy ? withProxyRemedy(finding) : finding;
  const place = placeOf(target);
  const { finding, addresses } = await resolveName(place);
  yield mentionProxy(finding);
  const tcp = await connectTcp(addresses, place, target, signal);
  yield mentionProxy(tcp);
  const address = String(tcp.values?.address);
  yield place.isSecure
    ? await startTls(address, place, target, signal)
    : NO_TLS;
}

/** Behind a proxy, a host often has no address, and a firewall answers nothing. */
function withProxyRemedy(finding: Finding): Finding {
  const { result, remedy = "", detail } = finding;
  const isRefused = /refused|permission/.test(detail);
  return result !== "FAIL" || isRefused ? finding : {
    ...finding,
    remedy:
      `${remedy} If this network has a proxy, run with --allow-env, which lets the doctor read ${PROXY_VARIABLES}.`,
  };
}

const NO_TLS: Finding = {
  step: "TLS",
  result: "skip",
  detail: "the URL begins with http: or ws:, so nothing is encrypted",
};

async function originStep(
  { origin }: Patient,
  target: Target,
  signal: AbortSignal,
): Promise<Finding> {
  if (origin !== undefined) return await tryOrigin(target, origin, signal);
  return {
    step: "origin",
    result: "skip",
    detail: "pass --origin to check whether a web page can connect",
  };
}

async function* loginSteps(
  { token }: Patient,
  { endpoints: { base } }: Target,
  probe: Probe,
  signal: AbortSignal,
): AsyncGenerator<Finding, void> {
  if (token === undefined) return yield NO_LOGIN;
  const { finding, agreed } = await logIn(probe, token, base, signal);
  yield finding;
  yield describeFeatures(agreed);
  if (!agreed.features.has("heartbeat")) return yield NO_PINGS;
  yield await measureRoundTrip(probe, signal);
  yield await sendLarge(probe, agreed, signal);
}

const NO_LOGIN: Finding = {
  step: "login",
  result: "skip",
  detail: "pass --token-file or HOIST_TOKEN to check the token and the rest",
};

const NO_PINGS: Finding = {
  step: "round trip",
  result: "skip",
  detail:
    "the server has no heartbeat, so pings and large frames are not checked",
};
