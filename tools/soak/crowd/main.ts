/**
 * A group of clients: a program that carries out the commands on its standard input.
 *
 * @module
 */

import type { CrowdCommand, CrowdOptions, CrowdReport } from "../commands.ts";
import { obey } from "../lines.ts";
import { Problems } from "../problems.ts";
import { Crowd } from "./crowd.ts";

const options: CrowdOptions = JSON.parse(Deno.args[0] ?? "{}");
const problems = new Problems();
problems.watch();
const crowd = new Crowd(options, problems);

async function answer(command: string): Promise<CrowdReport> {
  switch (command as CrowdCommand) {
    case "start":
      crowd.start();
      break;
    case "stop":
      await crowd.stop();
      break;
    case "status":
      break;
    case "fill":
      await crowd.fill();
      break;
  }
  return { counts: crowd.tally, found: problems.finding };
}

await obey(answer);
