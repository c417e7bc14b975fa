/** What a page in headless Chromium learns if it cannot connect, or loses its connection. */

import assert from "node:assert/strict";
import { join } from "node:path";
import {
  bundle,
  open,
  servePage,
  testWithBrowser,
} from "../support/browser.ts";
import { fakeServer, successFrame } from "../support/fake_server.ts";
import { serveQuietly } from "../support/server.ts";

/** The page calls `visit` with these URLs, separated by spaces. */
const PAGE = `
  import { connect } from "@hoist/cli/client";
  export async function visit(urls: string) {
    const errors: string[] = [];
    const fail = (error: Error) => errors.push(error.message);
    const logger = { warn: () => {}, error: () => {} };
    for (const url of urls.split(" ")) {
      const options = { url, maxPayload: 1_000, logger };
      await connect("test", options)
        .then((connection) => connection.operation("large"))
        .catch(fail);
    }
    return errors;
  }`;

/** Returns headers that let every page read a response. */
const FOR_ALL = { "access-control-allow-origin": "*" };

testWithBrowser("a page learns why it cannot connect", async (browser) => {
  const directory = await Deno.makeTempDir();
  const script = join(directory, "page.ts");
  await Deno.writeTextFile(script, PAGE);
  await bundle(script);
  await using strict = serveQuietly({
    allowedOrigins: ["https://a.example"],
  });
  const location = "https://a.example/hoist/ack";
  const redirect = (headers: Record<string, string>) => () =>
    new Response(null, { status: 302, headers: { ...headers, location } });
  await using redirecting = fakeServer(() => {}, redirect(FOR_ALL));
  await using unreadable = fakeServer(() => {}, redirect({}));
  await using failing = fakeServer(
    () => {},
    () => new Response("", { headers: FOR_ALL, status: 502 }),
  );
  await using large = fakeServer(
    (socket, { id, token }) =>
      socket.send(
        token === undefined
          ? successFrame(Number(id), null, { result: "x".repeat(1_000) })
          : successFrame(0, null),
      ),
    () => Response.json({ version: "1.0.0" }, { headers: FOR_ALL }),
  );
  const urls = [strict, redirecting, unreadable, failing, large].map((
    { url },
  ) => url);
  const blocked = "http://127.0.0.1:6667";
  await using site = servePage(
    script.replace(/\.ts$/, ".mjs"),
    [...urls, blocked].join(" "),
  );
  try {
    const origin = `http://127.0.0.1:${site.addr.port}`;
    const { result } = await open(browser, `${origin}/`);
    const causes = [
      `does not allow this page (add ${origin} to 'allowedOrigins')`,
      "the server redirects to another URL, and a WebSocket cannot follow",
      "or a proxy answers in its place, and this page cannot read that",
      "a proxy got no valid answer from the server (502).",
      "the connection is closed (1009, \"a frame of the server was larger than 'maxPayload', 1000 bytes\")",
      "fetch and browsers block port 6667.",
    ];
    const errors = result as string[];
    assert.equal(errors.length, causes.length, errors.join("\n"));
    for (const [index, cause] of causes.entries()) {
      assert(errors[index]!.includes(cause), errors[index]);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
