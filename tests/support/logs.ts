/** Logs that a test can read. */

import { Log } from "../../server/log.ts";
import { LINE_LEVELS, type LogLevel } from "../../common/log_format.ts";
import { LogRecorder } from "./log_recorder.ts";

/** The token that these logs must not contain */
export const SECRET = "open-sesame-now";

const SECRETS = [SECRET];

/** Creates a log and the recorder of its lines. */
export function makeLog(
  logLevel: LogLevel = "info",
): { log: Log; recorder: LogRecorder } {
  const recorder = new LogRecorder();
  const log = new Log({ logger: recorder, logLevel, secrets: () => SECRETS });
  return { recorder, log };
}

/** Logs one line of each level. */
export function writeAll(log: Log): void {
  log.debug("key", () => "text");
  log.info("key", "text");
  log.warn("key", "text");
  log.error("key", "text");
}

/** The lines of {@linkcode writeAll} */
export const ALL_LINES: readonly string[] = LINE_LEVELS.map((level) =>
  `${level} key: text`
);
