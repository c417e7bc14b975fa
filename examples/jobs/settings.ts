/** What all programs read from the environment, for example from the file `.env`. */

export const SERVER_URL = Deno.env.get("SERVER_URL") ?? "http://127.0.0.1:5000";

/** Reads the token of a role: `WORKER_TOKEN` or `PAGE_TOKEN`. */
export function tokenOf(role: "worker" | "page"): string {
  const variable = `${role.toUpperCase()}_TOKEN`;
  const token = Deno.env.get(variable);
  if (token) return token;
  throw new Error(`${variable} is not set. Write it into the file '.env'.`);
}
