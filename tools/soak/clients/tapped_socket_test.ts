/** A WebSocket with a checker for its frames. */

import assert from "node:assert/strict";
import { connectTo, serveQuietly } from "../../../tests/support/server.ts";
import { FrameChecker } from "./frame_checker.ts";
import { Tally } from "./tally.ts";
import { SOCKETS, tappedSocket } from "./tapped_socket.ts";

for (const Base of SOCKETS) {
  Deno.test(`checks the frames of a ${Base.name} in both directions`, async () => {
    await using server = serveQuietly();
    server.operation("echo", (data) => data);
    const tally = new Tally();
    const problems: string[] = [];
    const report = (problem: string) => void problems.push(problem);
    const checker = new FrameChecker({ tally, report });
    await using connection = await connectTo(server, {
      WebSocket: tappedSocket(() => checker, Base),
    });
    await connection.operation("echo", { nonce: 1 });
    await connection.message("hello");
    assert.deepEqual([tally.requests, tally.answers], [3, 3]);
    await server.broadcast("gossip");
    await connection.message("hello");
    assert.match(problems.join(), /unexpected message .*gossip/);
  });
}
