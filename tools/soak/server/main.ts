/**
 * The server of the soak test. It prints its port and then answers commands.
 *
 * @module
 */

import { serve } from "@hoist/cli";
import { pause } from "../../lib/deadline.ts";
import {
  type ServerCommand,
  type ServerReport,
  type ServerSettings,
  TOKEN,
} from "../commands.ts";
import { answerLines } from "../../lib/lines.ts";
import { Problems } from "../problems.ts";
import { LogAudit } from "./log_audit.ts";
import { LeakCheck } from "./leak_check.ts";
import { Broadcasts } from "./broadcasts.ts";
import { CancelledCalls } from "./cancelled_calls.ts";
import { LifecycleAudit } from "./lifecycle_audit.ts";
import { logIn } from "./login.ts";
import { offer } from "./operations.ts";
import { optionsOf } from "./options.ts";
import { Refusals } from "./refusals.ts";
import { RoomTicks } from "./room_ticks.ts";
import { ServerRequests } from "./server_requests.ts";
import { Streams } from "./streams.ts";

/** The longest wait for the last client to disconnect, in milliseconds. */
const DEPARTURE = 20_000;

const settings: ServerSettings = JSON.parse(Deno.args[0] ?? "{}");
const problems = new Problems();
problems.watch();
const audit = new LogAudit(problems, TOKEN);
const lifecycle = new LifecycleAudit(problems);
const refusals = new Refusals(problems);
const leakCheck = new LeakCheck();
const server = serve(TOKEN, {
  ...optionsOf(settings),
  login: logIn,
  onConnect: (client) => lifecycle.onConnect(client),
  onDisconnect: (client, info) => lifecycle.onDisconnect(client, info),
  authorize: (_client, request) => refusals.authorize(request),
  logger: audit,
});
const broadcasts = new Broadcasts(server, problems, leakCheck);
const ticks = new RoomTicks(server, problems);
const cancelledCalls = new CancelledCalls();
const streams = new Streams();
const serverRequests = new ServerRequests(problems);
offer(server, {
  problems,
  broadcasts,
  cancelledCalls,
  refusals,
  streams,
  serverRequests,
});

/** The number of disconnected clients in memory at the last check. */
let leaked = 0;

async function answer(command: ServerCommand): Promise<ServerReport> {
  switch (command) {
    case "status":
      return report();
    case "collect":
      return await collect();
    case "close":
      broadcasts.pause();
      ticks.pause();
      await server.close();
      return report();
  }
}

/** Waits until all clients have disconnected, and collects garbage. */
async function collect(): Promise<ServerReport> {
  broadcasts.pause();
  ticks.pause();
  const end = performance.now() + DEPARTURE;
  while (isBusy() && performance.now() < end) await pause(20);
  // The history would count as memory that the server has kept.
  await ticks.clear();
  leaked = await leakCheck.collect();
  const result = report();
  broadcasts.resume();
  ticks.resume();
  return result;
}

/** Returns whether clients, streams or requests are left. */
function isBusy(): boolean {
  return server.clients.size > 0 || audit.begun !== audit.ended ||
    lifecycle.connected !== lifecycle.disconnected ||
    cancelledCalls.waiting > 0 || streams.running > 0 ||
    serverRequests.pending > 0;
}

function report(): ServerReport {
  const { rss, heapUsed: heap } = Deno.memoryUsage();
  const { begun, ended, warnings } = audit;
  const { connected, disconnected, aborted } = lifecycle;
  return {
    memory: { rss, heap },
    clients: server.clients.size,
    leaked,
    begun,
    ended,
    warnings,
    ...broadcasts.totals,
    lifecycle: { connected, disconnected, aborted },
    waiting: cancelledCalls.waiting,
    events: eventsOf(),
    streams: streams.begun,
    running: streams.running,
    requests: serverRequests.sent,
    pending: serverRequests.pending,
    ticks: ticks.sent,
    found: problems.finding,
  };
}

function eventsOf(): Record<string, number> {
  return {
    "application error": refusals.errors,
    "cancelled call": cancelledCalls.cancelled,
    "failed onConnect": lifecycle.failed,
    "forbidden request": refusals.forbidden,
    "resumed stream": streams.resumed,
    "silent client": lifecycle.evicted,
  };
}

console.log(server.addr.port);
await answerLines(answer);
