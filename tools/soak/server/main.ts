/**
 * The server of the long run: prints its port, then answers commands.
 *
 * @module
 */

import { serve } from "@hoist/cli";
import { pause } from "../../bench/load/deadline.ts";
import {
  type ServerCommand,
  type ServerReport,
  type ServerSettings,
  TOKEN,
} from "../commands.ts";
import { obey } from "../lines.ts";
import { Problems } from "../problems.ts";
import { Audit } from "./audit.ts";
import { Census } from "./census.ts";
import { Newscaster } from "./newscaster.ts";
import { offer } from "./operations.ts";
import { optionsOf } from "./options.ts";
import { Questions } from "./questions.ts";
import { Streams } from "./streams.ts";

/** How long the last may take to be gone, in milliseconds. */
const DEPARTURE = 20_000;

const settings: ServerSettings = JSON.parse(Deno.args[0] ?? "{}");
const problems = new Problems();
problems.watch();
const audit = new Audit(problems, TOKEN);
const census = new Census();
const server = serve(TOKEN, {
  ...optionsOf(settings),
  logger: audit,
});
const newscaster = new Newscaster(server, problems, census);
const streams = new Streams();
const questions = new Questions(problems);
offer(server, { problems, newscaster, streams, questions });

/** Those who were held at the last look. */
let held = 0;

async function answer(command: string): Promise<ServerReport> {
  switch (command as ServerCommand) {
    case "status":
      return report();
    case "collect":
      return await collect();
    case "close":
      newscaster.pause();
      await server.close();
      return report();
  }
}

/** Waits until everyone has gone, and takes out the garbage. */
async function collect(): Promise<ServerReport> {
  newscaster.pause();
  const end = performance.now() + DEPARTURE;
  while (isBusy() && performance.now() < end) await pause(20);
  held = await census.collect();
  const result = report();
  newscaster.resume();
  return result;
}

/** Whether somebody is there, or something is left of those who were. */
function isBusy(): boolean {
  return server.clients.size > 0 || audit.begun !== audit.ended ||
    streams.running > 0 || questions.waiting > 0;
}

function report(): ServerReport {
  const { rss, heapUsed: heap } = Deno.memoryUsage();
  const { begun, ended, warnings } = audit;
  return {
    memory: { rss, heap },
    clients: server.clients.size,
    held,
    begun,
    ended,
    warnings,
    ...newscaster.ledger,
    streams: streams.begun,
    running: streams.running,
    asked: questions.asked,
    waiting: questions.waiting,
    found: problems.finding,
  };
}

console.log(server.addr.port);
await obey(answer);
