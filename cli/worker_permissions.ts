/**
 * The permissions of the processes of `--workers`. They get no more than this process has.
 *
 * @module
 */

import { bracket } from "../common/ip.ts";
import { engineKindOf } from "./broker.ts";

/**
 * Returns the flags of `deno run` for the permissions of a worker.
 *
 * @param hostname The address that it listens on
 * @param port The port that it listens on
 * @param broker The URL of its engine, if there is one
 *
 * @throws {Deno.errors.NotCapable} If this process lacks a permission
 */
export function workerPermissions(
  hostname: string | undefined,
  port: number,
  broker: string | undefined,
): readonly string[] {
  assertGranted({ name: "run", command: Deno.execPath() }, "--allow-run");
  const own = `${bracket(hostname ?? "0.0.0.0")}:${port}`;
  if (broker === undefined) return [networkFlag([own])];
  const { permissions, defaultPort } = engineKindOf(broker);
  const url = new URL(broker);
  const engine = `${url.hostname}:${url.port || defaultPort}`;
  return [networkFlag([own, engine]), ...permissions];
}

function networkFlag(hosts: readonly string[]): string {
  if (isGranted({ name: "net" })) return "--allow-net";
  for (const host of hosts) {
    assertGranted({ name: "net", host }, "--allow-net");
  }
  return `--allow-net=${hosts.join(",")}`;
}

function assertGranted(
  permission: Deno.PermissionDescriptor,
  flag: string,
): void {
  if (isGranted(permission)) return;
  throw new Deno.errors.NotCapable(
    `Cannot start the workers: a permission is missing. Run with ${flag}.`,
  );
}

function isGranted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}
