/**
 * A group of clients: a program that carries out the commands on its standard input.
 *
 * @module
 */

import type { GroupCommand, GroupOptions, GroupReport } from "../commands.ts";
import { answerLines } from "../../lib/lines.ts";
import { Problems } from "../problems.ts";
import { ClientGroup } from "./group.ts";
import { MemberGroup } from "./member_group.ts";

const options: GroupOptions = JSON.parse(Deno.args[0] ?? "{}");
const problems = new Problems();
problems.watch();
const group = options.kind === "members"
  ? new MemberGroup(options, problems)
  : new ClientGroup(options, problems);

async function answer(command: GroupCommand): Promise<GroupReport> {
  switch (command) {
    case "start":
      group.start();
      break;
    case "stop":
      await group.stop();
      break;
    case "status":
      break;
    case "fill":
      await group.fill();
      break;
  }
  return { counts: group.tally, found: problems.finding };
}

await answerLines(answer);
