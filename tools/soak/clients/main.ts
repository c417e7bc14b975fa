/**
 * A group of clients: a program that carries out the commands on its standard input.
 *
 * @module
 */

import type { GroupCommand, GroupOptions, GroupReport } from "../commands.ts";
import { answerLines } from "../../lib/lines.ts";
import { Problems } from "../problems.ts";
import { MemberGroup } from "./member_group.ts";
import { VisitorGroup } from "./visitor_group.ts";

const options: GroupOptions = JSON.parse(Deno.args[0] ?? "{}");
const problems = new Problems();
problems.watch();
const group = options.kind === "members"
  ? new MemberGroup(options, problems)
  : new VisitorGroup(options, problems);

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
      // Only the visitors use all connections of the server.
      if (group instanceof VisitorGroup) await group.fill();
      break;
  }
  return { counts: group.tally, found: problems.finding };
}

await answerLines(answer);
