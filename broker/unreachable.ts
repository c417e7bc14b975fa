/**
 * The errors of requests to other nodes.
 *
 * @module
 */

import { TimeoutError } from "../common/errors.ts";
import { NoNodeError } from "../common/hoist_error.ts";
import { quote } from "../common/text.ts";

/** Returns the error of a request to a node that has ended. */
export function noNode(node: string): NoNodeError {
  return new NoNodeError(
    `Cannot reach the server ${quote(node)}: it has ended.`,
  );
}

/**
 * Returns the error of a request that a node has not answered.
 *
 * @param node The id of the node
 * @param timeout How long the caller has waited, in milliseconds
 */
export function silentNode(node: string, timeout: number): TimeoutError {
  return new TimeoutError(
    `The server ${quote(node)} did not answer within ${timeout} ms.`,
  );
}
