/**
 * The commands that send one request: `call`, `send`, `request` and `publish`.
 *
 * @module
 */

import type { ServerMessage } from "../client.ts";
import type { JsonObject } from "../common/json.ts";
import { checkRoomName } from "../common/room_name.ts";
import { describeRoom } from "../common/text.ts";
import type { DATA_FLAGS, DataFlags } from "./client_flags.ts";
import type { CommandInput } from "./command.ts";
import { answerWithin, type Connected, withConnection } from "./connect.ts";
import type { CommandContext } from "./context.ts";
import { explainStrings, readData } from "./data.ts";
import type { Output } from "./output.ts";
import { explained } from "./server_contract.ts";

/** What the user passed. */
type Input = CommandInput<typeof DATA_FLAGS>;

/** Calls an operation, and prints its result. */
export async function call(
  { flags, words: [name = "", ...data] }: Input,
  context: CommandContext,
): Promise<number> {
  return await sendOne({ flags, data }, context, async (data, connected) => {
    const { connection, output, signal } = connected;
    const options = { timeout: flags.timeout, signal };
    const result = connection.operation(name, data, options);
    output.value(await explained(result, "operations", name, connected));
  });
}

/** The answer of a server does not show whether it has a listener. */
const SENT =
  "sent, without a reply. Servers accept messages without a listener, too";

/** Sends a message, waits for the listeners, and prints the replies. */
export async function send(
  { flags, words: [name = "", ...data] }: Input,
  context: CommandContext,
): Promise<number> {
  return await sendOne({ flags, data }, context, async (data, connected) => {
    const { connection, output, signal } = connected;
    const sent = connection.message(name, data, {
      timeout: flags.timeout,
      signal,
      onReply: (reply) => printReply(reply, output),
    });
    const { replies } = await explained(sent, "messages", name, connected);
    if (replies.length === 0) output.progress(SENT);
  });
}

/** Sends a message, and prints the first reply. */
export async function request(
  { flags, words: [name = "", ...data] }: Input,
  context: CommandContext,
): Promise<number> {
  return await sendOne({ flags, data }, context, async (data, connected) => {
    const { connection, output, signal } = connected;
    const options = { timeout: flags.timeout, signal };
    const answer = connection.request(name, data, options);
    const reply = await explained(answer, "messages", name, connected);
    if (output.isJson) printReply(reply, output);
    else output.value(reply.data);
  });
}

/** How `publish` joins: the room does not show it, and sends it as little as possible. */
const UNSEEN = { presence: false, echo: false, members: false } as const;

/** Publishes a message in a room. */
export async function publish(
  { flags, words: [room = "", name = "", ...data] }: Input,
  context: CommandContext,
): Promise<number> {
  const subject = `Cannot join ${describeRoom(room)}`;
  const check = () => checkRoomName(subject, room);
  const input = { flags, data, check };
  return await sendOne(input, context, async (data, connected) => {
    const { connection, output, signal } = connected;
    const options = { timeout: flags.timeout, signal };
    // A member that nobody sees, and that receives nothing.
    await using joined = await answerWithin(
      connection.join(room, UNSEEN),
      subject,
      options,
    );
    const result = await joined.publish(name, data, options);
    if (output.isJson) return output.line(result);
    const { position } = result;
    output.progress(
      position === null ? "published" : `published at the position ${position}`,
    );
  });
}

/** Reads the data, connects, and sends one request. */
async function sendOne(
  { flags, data, check }: {
    readonly flags: DataFlags;
    readonly data: readonly string[];
    /** Checks the other arguments */
    readonly check?: () => void;
  },
  context: CommandContext,
  use: (data: JsonObject, connected: Connected) => Promise<void>,
): Promise<number> {
  const prepare = () => {
    check?.();
    return readData(data, flags.data, context);
  };
  return await withConnection(flags, context, {
    prepare,
    use: (object, connected) => explainStrings(use(object, connected), data),
  });
}

function printReply({ name, data }: ServerMessage, output: Output): void {
  if (output.isJson) output.line({ name, data });
  else output.event(name, {}, data);
}
