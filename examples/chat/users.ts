/** The users of the chat: each variable `CHAT_TOKEN_<name>` is the token of one. */

const PREFIX = "CHAT_TOKEN_";

/** A user. The name is public, and the token is a secret between the user and the server. */
export interface User {
  readonly name: string;
  readonly token: string;
}

/** Reads the users from the environment, for example from the file `.env`. */
export function readUsers(): User[] {
  const users = Object.entries(Deno.env.toObject())
    .filter(([variable]) => variable.startsWith(PREFIX))
    .map(([variable, token]) => ({
      name: variable.slice(PREFIX.length),
      token,
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
  if (users.length > 0) return users;
  throw new Error(
    `No ${PREFIX}… is set. Write the tokens into the file '.env'.`,
  );
}
