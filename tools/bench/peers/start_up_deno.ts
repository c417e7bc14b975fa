/** The smallest server that answers `/hoist/ack`, for the start-up. */

const port = Number(Deno.args[0] ?? 0);

Deno.serve(
  { hostname: "127.0.0.1", port, onListen: () => {} },
  () => Response.json({ version: "1.0.0" }),
);
