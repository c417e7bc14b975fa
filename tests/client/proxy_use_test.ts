import assert from "node:assert/strict";
import { type ProxyUse, proxyUse } from "../../client/proxy_use.ts";
import { runScript } from "../support/run_script.ts";

/** The URL of a proxy, which the tests replace by one that they can see. */
const P = "http://proxy.invalid:8080";

const HOST = "ws://a.b.invalid:81/";
const SECURE = "wss://a.b.invalid/";
const ADDRESS = "ws://127.0.0.2:1/";
const IPV6 = "ws://[::1]:1/";

type Row = readonly [
  url: string,
  variables: Readonly<Record<string, string>>,
  use: ProxyUse,
];

/** What Deno does, which the last test of this file checks. */
const ROWS: readonly Row[] = [
  [HOST, {}, "direct"],
  [HOST, { HTTP_PROXY: P }, "proxy"],
  [HOST, { http_proxy: P }, "proxy"],
  [HOST, { HTTP_PROXY: "", http_proxy: P }, "proxy"],
  [HOST, { HTTPS_PROXY: P }, "direct"],
  [HOST, { ALL_PROXY: P }, "proxy"],
  [HOST, { all_proxy: P }, "proxy"],
  [SECURE, { HTTPS_PROXY: P }, "proxy"],
  [SECURE, { https_proxy: P }, "proxy"],
  [SECURE, { HTTP_PROXY: P }, "direct"],
  [HOST, { HTTP_PROXY: P, NO_PROXY: "*" }, "direct"],
  [HOST, { HTTP_PROXY: P, NO_PROXY: "a.b.invalid" }, "direct"],
  [HOST, { HTTP_PROXY: P, NO_PROXY: "x, b.invalid" }, "direct"],
  [HOST, { HTTP_PROXY: P, NO_PROXY: ".b.invalid" }, "direct"],
  [HOST, { HTTP_PROXY: P, NO_PROXY: ".a.b.invalid" }, "direct"],
  [HOST, { HTTP_PROXY: P, NO_PROXY: "*.b.invalid" }, "proxy"],
  [HOST, { HTTP_PROXY: P, NO_PROXY: "A.B.INVALID" }, "proxy"],
  [HOST, { HTTP_PROXY: P, NO_PROXY: "a.b.invalid:81" }, "proxy"],
  [HOST, { HTTP_PROXY: P, NO_PROXY: "inval" }, "proxy"],
  [HOST, { HTTP_PROXY: P, NO_PROXY: " " }, "proxy"],
  [HOST, { HTTP_PROXY: P, no_proxy: "b.invalid" }, "direct"],
  [HOST, { HTTP_PROXY: P, NO_PROXY: "", no_proxy: "b.invalid" }, "proxy"],
  [ADDRESS, { HTTP_PROXY: P }, "proxy"],
  [ADDRESS, { HTTP_PROXY: P, NO_PROXY: "127.0.0.2" }, "direct"],
  [ADDRESS, { HTTP_PROXY: P, NO_PROXY: "127.0.0.0/8" }, "direct"],
  [ADDRESS, { HTTP_PROXY: P, NO_PROXY: "10.0.0.0/8" }, "proxy"],
  [ADDRESS, { HTTP_PROXY: P, NO_PROXY: "127.0.0.2:1" }, "proxy"],
  [ADDRESS, { HTTP_PROXY: P, NO_PROXY: "0.2" }, "proxy"],
  [ADDRESS, { HTTP_PROXY: P, NO_PROXY: "*" }, "proxy"],
  [ADDRESS, { HTTP_PROXY: P, NO_PROXY: "127.0.0.0/8/8" }, "proxy"],
  [ADDRESS, { HTTP_PROXY: P, NO_PROXY: "127.0.0.0/33" }, "proxy"],
  [ADDRESS, { HTTP_PROXY: P, NO_PROXY: "127.0.0.0/" }, "proxy"],
  [ADDRESS, { HTTP_PROXY: P, NO_PROXY: "127.0.0.02" }, "proxy"],
  [ADDRESS, { HTTP_PROXY: P, NO_PROXY: "::/0" }, "proxy"],
  [ADDRESS, { HTTP_PROXY: P, NO_PROXY: "0.0.0.0/0" }, "direct"],
  [IPV6, { HTTP_PROXY: P, NO_PROXY: "*" }, "proxy"],
  [IPV6, { HTTP_PROXY: P, NO_PROXY: "::1" }, "direct"],
  [IPV6, { HTTP_PROXY: P, NO_PROXY: "0:0:0:0:0:0:0:1" }, "direct"],
  [IPV6, { HTTP_PROXY: P, NO_PROXY: "::/16" }, "direct"],
  [IPV6, { HTTP_PROXY: P, NO_PROXY: "0::1/128" }, "direct"],
  [IPV6, { HTTP_PROXY: P, NO_PROXY: "::/128" }, "proxy"],
  [IPV6, { HTTP_PROXY: P, NO_PROXY: "::1/129" }, "proxy"],
  [IPV6, { HTTP_PROXY: P, NO_PROXY: "FD00::/8" }, "proxy"],
  [IPV6, { HTTP_PROXY: P, NO_PROXY: "0.0.0.0/0" }, "proxy"],
  [IPV6, { HTTP_PROXY: P, NO_PROXY: "[::1]/128" }, "proxy"],
  [IPV6, { HTTP_PROXY: P, NO_PROXY: "[::1]" }, "proxy"],
];

for (const [url, variables, use] of ROWS) {
  Deno.test(`${url} with ${JSON.stringify(variables)}: ${use}`, () => {
    const actual = proxyUse(new URL(url), (name) => variables[name]);
    assert.equal(actual, use);
  });
}

for (
  const [what, readable, use] of [
    ["nothing can be read", {}, "unknown"],
    [
      "one variable cannot be read",
      { HTTP_PROXY: "", http_proxy: "" },
      "unknown",
    ],
    ["one variable names a proxy", { http_proxy: P }, "proxy"],
    [
      "a proxy is named and NO_PROXY cannot be read",
      { HTTP_PROXY: P },
      "proxy",
    ],
  ] as const
) {
  Deno.test(`without permissions: ${use} if ${what}`, () => {
    const variables: Readonly<Record<string, string>> = readable;
    const actual = proxyUse(new URL(HOST), (name) => variables[name] ?? null);
    assert.equal(actual, use);
  });
}

Deno.test("Deno's WebSocket uses a proxy for the same URLs", async () => {
  // A server that answers with an invalid response shows that it was asked.
  const asked = new Set<number>();
  for (const [index, [url, variables, use]] of ROWS.entries()) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accepting = (async () => {
      for await (const connection of listener) {
        asked.add(index);
        connection.close();
      }
    })();
    const proxy = `http://127.0.0.1:${listener.addr.port}`;
    const values = Object.entries(variables).map(([name, value]) =>
      [name, value === P ? proxy : value] as const
    );
    await runScript(
      ["--allow-net"],
      `const socket = new WebSocket("${url}");
      socket.onerror = () => {};
      await new Promise((resolve) => socket.onclose = resolve);`,
      Object.fromEntries(values),
    );
    listener.close();
    await accepting;
    assert.equal(
      asked.has(index) ? "proxy" : "direct",
      use,
      JSON.stringify([url, variables]),
    );
  }
});
