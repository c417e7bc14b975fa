/**
 * The commands that print what arrives until they are ended: `listen`, `stream` and `join`.
 *
 * @module
 */

import type {
  ClientRoom,
  Connection,
  GapReason,
  MembersChange,
  RoomMember,
} from "../client.ts";
import { HoistError } from "../common/errors.ts";
import { checkRoomName } from "../common/room_name.ts";
import { describeRoom, quote } from "../common/text.ts";
import type { JOIN_FLAGS, LISTEN_FLAGS, STREAM_FLAGS } from "./client_flags.ts";
import type { CommandInput } from "./command.ts";
import { answerWithin, withConnection } from "./connect.ts";
import type { CommandContext } from "./context.ts";
import { explainStrings, readData } from "./data.ts";
import type { Output } from "./output.ts";
import { UsageError } from "./parse.ts";
import { explained } from "./server_contract.ts";

/** Prints the messages of the server. */
export async function listen(
  { flags, words }: CommandInput<typeof LISTEN_FLAGS>,
  context: CommandContext,
): Promise<number> {
  return await withConnection(flags, context, {
    prepare: () => new Countdown(flags.count),
    reconnect: true,
    use: async (countdown, { connection, output }) => {
      connection.receive(({ name, data, room }) => {
        if (words.length > 0 && !words.includes(name)) return;
        countdown.print(() => output.event(name, { name, room, data }, data));
      });
      const what = words.length === 0
        ? "all events"
        : words.map((name) => quote(name)).join(", ");
      output.progress(`waiting for ${what}; Ctrl-C ends`);
      await Promise.race([countdown.finished, lost(connection)]);
    },
  });
}

/** Calls an operation that returns a stream, and prints its items. */
export async function stream(
  { flags, words: [name = "", ...words] }: CommandInput<typeof STREAM_FLAGS>,
  context: CommandContext,
): Promise<number> {
  const { count = Infinity, resume } = flags;
  return await withConnection(flags, context, {
    prepare: () => readData(words, flags.data, context),
    reconnect: resume,
    use: async (data, connected) => {
      const { connection, output, signal } = connected;
      const items = connection.stream(name, data, { signal, resume });
      const printed = explainStrings(printItems(items, count, output), words);
      await explained(printed, "operations", name, connected);
    },
  });
}

async function printItems(
  items: AsyncIterable<unknown>,
  count: number,
  output: Output,
): Promise<void> {
  let printed = 0;
  for await (const item of items) {
    output.line(item);
    if (++printed >= count) break;
  }
}

/** Joins a room, and prints its messages. */
export async function join(
  { flags, words: [name = ""] }: CommandInput<typeof JOIN_FLAGS>,
  context: CommandContext,
): Promise<number> {
  const subject = `Cannot join ${describeRoom(name)}`;
  return await withConnection(flags, context, {
    prepare: () => {
      checkRoomName(subject, name);
      return checkHistory(flags);
    },
    reconnect: true,
    use: async (history, { connection, output, signal }) => {
      const countdown = new Countdown(flags.count);
      const room = connection.room(name);
      printRoom(room, countdown, output);
      const { members, hidden } = flags;
      if (members) room.onMembers((change) => printMembers(change, output));
      const presence = hidden ? false : null;
      const left = leftRoom(room);
      await answerWithin(
        room.join({ ...history, members, presence }),
        subject,
        { timeout: flags.timeout, signal },
      );
      output.progress(`joined ${quote(name)}; Ctrl-C ends`);
      await Promise.race([countdown.finished, left, lost(connection)]);
      await room.leave();
    },
  });
}

/** Checks the flags for the history of a room. */
function checkHistory(
  { last, since }: CommandInput<typeof JOIN_FLAGS>["flags"],
) {
  if (last === undefined || since === undefined) return { last, since };
  throw new UsageError("Use either --last or --since, not both.");
}

function printRoom(
  room: ClientRoom,
  countdown: Countdown,
  output: Output,
): void {
  room.receive(({ name, data, from, position }) =>
    countdown.print(() => {
      const details = { type: "message", name, from, position, data };
      const sender = from === null ? "" : ` from ${from}`;
      output.event(`${name}${sender}`, details, data);
    })
  );
  room.onGap(({ reason }) => {
    const label = `messages are missing: ${GAPS[reason]}`;
    output.event(label, { type: "gap", reason });
  });
}

/** What the reasons of a gap mean. */
const GAPS: Readonly<Record<GapReason, string>> = {
  broker: "the server has lost them",
  epoch: "the history has started again",
  expired: "the history is too short",
  limit: "the server does not send so many at once",
  slow: "this client has read too slowly",
};

function printMembers(change: MembersChange, output: Output): void {
  for (const type of ["joined", "left", "updated"] as const) {
    for (const { id, presence } of change[type] as readonly RoomMember[]) {
      output.event(`${type} ${id}`, { type, member: id, presence }, presence);
    }
  }
}

/** Rejects when the server has put the client out of the room. */
function leftRoom(room: ClientRoom): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  room.onLeft(({ reason, error }) =>
    reject(
      error ??
        new HoistError(`The client is no longer in the room: ${reason}.`),
    )
  );
  return promise;
}

/** Rejects when the connection has ended, and does not reconnect. */
async function lost({ closed, url }: Connection): Promise<never> {
  const { code, reason } = await closed;
  const detail = reason === "" ? "" : `, ${quote(reason)}`;
  throw new HoistError(
    `The connection to ${url} has ended (${code}${detail}).`,
  );
}

/** Prints at most a number of results. */
class Countdown {
  #left: number;
  readonly #finished = Promise.withResolvers<void>();

  constructor(count = Infinity) {
    this.#left = count;
  }

  /** Resolves after the last result. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  print(print: () => void): void {
    if (this.#left <= 0) return;
    print();
    if (--this.#left <= 0) this.#finished.resolve();
  }
}
