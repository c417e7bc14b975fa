/** What the commands say if a server does not show its contract. */

import assert from "node:assert/strict";
import { makeCertificate } from "../support/certificate.ts";
import { runAgainst } from "../support/client_command.ts";
import { serveQuietly } from "../support/server.ts";

Deno.test("contract show says why a server does not answer", async () => {
  const { cert, key } = makeCertificate({});
  await using secure = serveQuietly({ cert, key });
  const localhost = secure.url.replace("127.0.0.1", "localhost");
  await using moved = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ url }) => Response.redirect(url.replace(/:\d+/, ":1/below"), 301),
  );
  const { port } = moved.addr;
  const show = (url: string) => runAgainst({ url }, ["contract", "show"]);
  for (
    const [url, message] of [
      [localhost, /certificate .* is not trusted\. .* with --ca-cert\./],
      [secure.url.replace("https", "http"), /Write https:|does not use HTTP/],
      [
        `http://127.0.0.1:${port}`,
        /redirects to http:\/\/127\.0\.0\.1:1\/below,/,
      ],
      ["http://127.0.0.1:25", /block port 25\./],
    ] as const
  ) {
    const { code, errors } = await show(url);
    assert.match(errors[0]!, message);
    assert.deepEqual([code, errors.length], [3, 1]);
  }
});
