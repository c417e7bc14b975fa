/** Runs the doctor inside a test. */

import { examine, type Patient } from "../../cli/doctor.ts";
import type { Finding } from "../../cli/findings.ts";

/** Returns what the doctor finds. */
export async function findAll(
  patient: Omit<Patient, "timeout"> & { readonly timeout?: number },
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly Finding[]> {
  const complete = { timeout: 10_000, ...patient };
  return await Array.fromAsync(examine(complete, signal));
}

/** Returns the step that failed, after which there is no other. */
export async function findFailure(
  patient: Parameters<typeof findAll>[0],
): Promise<Finding> {
  const findings = await findAll(patient);
  const last = findings.at(-1)!;
  const failures = findings.filter(({ result }) => result === "FAIL");
  if (failures.length === 1 && failures[0] === last) return last;
  throw new Error(`No failure at the end: ${JSON.stringify(findings)}`);
}

/** Returns the results by the names of the steps. */
export function resultsOf(
  findings: readonly Finding[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(findings.map(({ step, result }) => [step, result]));
}
