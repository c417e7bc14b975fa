/** The context of a message whose request is not under test. */

import { Message } from "../../protocol/message.ts";
import type { Client, MessageContext } from "../../server/message.ts";

/**
 * Creates the context of a message of the client 1.
 *
 * @param reply Called with each reply
 */
export function messageContext(
  reply: (name: string, data: unknown) => void = () => {},
): MessageContext {
  return {
    client: { id: 1 } as Client,
    signal: new AbortController().signal,
    deadline: undefined,
    errors: {},
    reply: (name, data) => {
      reply(name, data);
      return new Message({ message: name, data, id: 2, replying: null });
    },
  };
}
