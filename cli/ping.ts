/**
 * The command `ping`, which measures the round trip to a server.
 *
 * @module
 */

import { quote } from "../common/text.ts";
import { resolveConnectOptions } from "../client/options.ts";
import type { CommandInput } from "./command.ts";
import { readLogin } from "./connect.ts";
import type { CommandContext } from "./context.ts";
import type { PING_FLAGS } from "./client_flags.ts";
import { clientExitCode, ExitCode } from "./exit_code.ts";
import { formatTime, plural, round } from "./findings.ts";
import { Output } from "./output.ts";
import {
  ping,
  type PingEvent,
  type PingSummary,
  statisticsOf,
} from "./ping_loop.ts";

/**
 * Pings a server until the signal aborts.
 *
 * @returns The exit code: 1 if a ping was not answered
 */
export async function run(
  { flags }: CommandInput<typeof PING_FLAGS>,
  context: CommandContext,
): Promise<number> {
  let isComplete = true;
  const code = await clientExitCode(context, async (signal) => {
    const output = new Output(flags, context);
    const { token, ...options } = await readLogin(flags, context);
    const { target } = resolveConnectOptions(token, options, NO_RECONNECT);
    const { count = Infinity, interval, timeout } = flags;
    const plan = { count, interval, timeout };
    const { base } = target.endpoints;
    output.progress(`pinging ${base}`);
    const summary = await ping(target, token, plan, (event) => {
      if (output.isJson) output.line(withRoundTime(event));
      else context.print(formatEvent(event, timeout));
    }, signal);
    if (output.isJson) output.line(toJson(summary));
    else context.print(formatSummary(summary));
    isComplete = summary.ended === undefined &&
      summary.times.length === summary.sent;
  });
  return code === ExitCode.SUCCESS && !isComplete ? ExitCode.ERROR : code;
}

const NO_RECONNECT = { reconnect: false, maxQueue: 0 };

function withRoundTime(event: PingEvent): PingEvent {
  return event.kind === "pong" ? { ...event, ms: round(event.ms) } : event;
}

function formatEvent(event: PingEvent, timeout: number): string {
  return event.kind === "pong"
    ? `pong ${event.number} after ${formatTime(event.ms)}`
    : `ping ${event.number} was not answered within ${formatTime(timeout)}`;
}

function formatSummary({ sent, times, duration, ended }: PingSummary): string {
  const lost = sent - times.length;
  const lines = [
    "",
    `${plural(sent, "ping")}, ${plural(times.length, "pong")}, ${
      Math.round(lost / sent * 100)
    } % lost, ${(duration / 1_000).toFixed(1)} s`,
  ];
  if (times.length > 0) {
    const { min, average, max, deviation } = statisticsOf(times);
    lines.push(
      `round trip: minimum ${formatTime(min)}, average ${
        formatTime(average)
      }, maximum ${formatTime(max)}, deviation ${formatTime(deviation)}`,
    );
  }
  if (ended !== undefined) {
    const reason = ended.reason === "" ? "" : `, ${quote(ended.reason)}`;
    lines.push(`the server ended the connection (${ended.code}${reason})`);
  }
  return lines.join("\n");
}

function toJson({ sent, times, ended }: PingSummary): object {
  const { min, average, max, deviation } = times.length === 0
    ? { min: NaN, average: NaN, max: NaN, deviation: NaN }
    : statisticsOf(times);
  return {
    kind: "summary",
    ...{ sent, received: times.length },
    // JSON has no NaN: it becomes null.
    ...{ min: round(min), average: round(average), max: round(max) },
    deviation: round(deviation),
    ...(ended && { closeCode: ended.code, closeReason: ended.reason }),
  };
}
