/** The log of a client without a connection. */

import { ClientLog, type ClientLogger } from "../../client/log.ts";
import { LogRecorder } from "./log_recorder.ts";

/** Creates the log of a client that is connected to `http://h:1`. */
export function clientLog(
  logger: ClientLogger = new LogRecorder(),
  token = "test",
): ClientLog {
  const log = new ClientLog({ logger, url: "http://h:1" });
  log.hide(token);
  return log;
}
