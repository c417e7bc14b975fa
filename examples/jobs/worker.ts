/** Works on one job after the other. Start as many workers as you like. */

import {
  ConnectionClosedError,
  createConnection,
  isApplicationError,
} from "@hoist/cli/client";
import { contract, type Job } from "./contract.ts";
import { SERVER_URL, tokenOf } from "./settings.ts";

await using connection = createConnection(tokenOf("worker"), {
  url: SERVER_URL,
  contract,
  reconnect: { maxDelay: 2_000 }, // milliseconds
});
connection.onState(({ state }) => {
  if (state === "open") console.log("connected");
});

while (connection.state !== "closed") {
  try {
    // With `buffer: 0`, the server sends a job when the loop asks for one.
    const jobs = connection.stream("jobs", {}, { buffer: 0 });
    for await (const job of jobs) await work(job);
  } catch (error) {
    if (!isLost(error)) throw error;
    console.log(error.message);
  }
}
const { error } = await connection.closed;
if (error !== undefined) throw error;

/** Replace this function with real work. */
async function work({ id, title, seconds }: Job): Promise<void> {
  for (let percent = 0; percent < 100; percent += 10) {
    await connection.operation("report", { id, percent });
    await new Promise((resolve) => setTimeout(resolve, seconds * 100));
  }
  console.log(`finished: ${title}`);
}

/** Whether the server has vanished. It then puts the job back. */
function isLost(error: unknown): error is Error {
  return error instanceof ConnectionClosedError ||
    isApplicationError(error, contract.operations.report, "not_yours");
}
