/**
 * The names of users, which logins choose.
 *
 * @module
 */

import { invalidType } from "../common/check.ts";
import { isRoomName, ROOM_NAME_FORM } from "../common/room_name.ts";
import { quote } from "../common/text.ts";

/**
 * Checks the name of a user.
 *
 * @param subject What could not be done, such as `Cannot set the user`
 * @param name The name
 *
 * @throws {TypeError} If the name is not a string, or has a lone surrogate
 * @throws {RangeError} If the name is empty, or has more than 200 bytes
 */
export function checkUser(
  subject: string,
  name: unknown,
): asserts name is string {
  if (isRoomName(name)) return;
  if (typeof name !== "string") {
    throw invalidType(subject, "the name", "a string", name);
  }
  if (!name.isWellFormed()) {
    throw new TypeError(
      `${subject}: the name must not contain a lone surrogate. It is ${
        quote(name)
      }.`,
    );
  }
  throw new RangeError(`${subject}: the name ${ROOM_NAME_FORM}.`);
}
