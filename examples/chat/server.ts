/** The chat: its users, its rooms, and its page. */

import { Server } from "@hoist/cli";
import { contract } from "./contract.ts";
import { createSite } from "./site.ts";
import { TOPICS } from "./topics.ts";
import { readUsers } from "./users.ts";

const hostname = "127.0.0.1";
const port = Number(Deno.env.get("CHAT_PORT") ?? 8080);
const users = readUsers();
const site = await createSite();

// The name of a token is the user: two tabs with the same token are one member.
const hoist = new Server({ contract, tokens: users });

hoist.defineRoom("chat:{topic}", {
  history: { size: 200, ttl: 7 * 24 * 3_600_000 }, // a week in milliseconds
  authorize: (_client, { params }) => isTopic(params.topic),
  // The data of a message is what its author sent, so its name is checked here.
  publish: ({ user }, { data }) => data.author === user,
  presence: ({ user = "" }, claimed) =>
    claimed !== false && { name: user, typing: claimed?.typing ?? false },
  onJoin: ({ user }, { name }) => console.log(`${user} joined ${name}`),
  onLeave: ({ user }, { name }) => console.log(`${user} left ${name}`),
});

Deno.serve({ hostname, port, onListen: printUrls }, (request, info) => {
  const { pathname } = new URL(request.url);
  return pathname.startsWith("/hoist")
    ? hoist.fetch(request, info)
    : site(pathname);
});

function isTopic(name: string | undefined): boolean {
  return TOPICS.some((topic) => topic === name);
}

/** Prints a URL for each user: browsers do not send the part after `#` to the server. */
function printUrls({ port }: Deno.NetAddr): void {
  for (const { name, token } of users) {
    const hash = new URLSearchParams({ user: name, token });
    console.log(`${name}: http://${hostname}:${port}/#${hash}`);
  }
}
