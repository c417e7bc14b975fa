/**
 * Sends the requests of the application.
 *
 * @module
 */

import { ignorable } from "../common/ignorable.ts";
import type { JsonObject } from "../common/json.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { Requests } from "./requests.ts";

/**
 * Sends a request of the application, whose types the methods of `Connection` check.
 *
 * @param parts The parts of the connection
 * @param kind The kind of the request
 * @param name The name of the message or operation
 * @param data The data
 * @param options The options, which are checked
 * @returns What the request resolves to
 */
export function sendRequest(
  { dispatcher, requests }: {
    readonly dispatcher: Dispatcher;
    readonly requests: Requests;
  },
  kind: "message" | "request" | "operation",
  name: string,
  data: unknown,
  options: unknown,
): Promise<unknown> {
  dispatcher.open();
  const result: Promise<unknown> = requests[kind](
    name,
    data as JsonObject,
    options as object,
  );
  return ignorable(result);
}
