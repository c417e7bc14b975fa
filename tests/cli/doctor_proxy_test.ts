/** Tests what the doctor says about proxies that do not forward WebSockets. */

import assert from "node:assert/strict";
import { findAll, findFailure, resultsOf } from "../support/doctor.ts";
import { DroppingProxy } from "../support/dropping_proxy.ts";
import { startProgram } from "../support/command_line.ts";
import { HttpProxy } from "../support/http_proxy.ts";
import { hasNginx, Nginx } from "../support/nginx.ts";
import { serveQuietly } from "../support/server.ts";

Deno.test("the doctor finds a proxy that drops the upgrade", async () => {
  await using server = serveQuietly();
  await using proxy = new DroppingProxy(server);
  const finding = await findFailure({ url: proxy.url, token: "test" });
  assert.equal(finding.step, "upgrade");
  assert.match(finding.detail, /a proxy probably removes the header Upgrade/);
  assert.match(finding.detail, /\(426\)/);
  assert.match(finding.remedy!, /^Let the proxy forward WebSockets/);
  assert.equal(finding.exitCode, 3);
});

for (
  const [answer, detail, remedy] of [
    [
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      /received no request for a WebSocket \(200\)/,
      /^Let the proxy forward WebSockets/,
    ],
    [
      "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
      /the HTTP status 400/,
      /^Let the proxy forward WebSockets/,
    ],
    [
      "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
      /forbids the WebSocket \(403\)/,
      /^Look at the log of the server/,
    ],
    [
      "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\n\r\n",
      /\(429\)/,
      /^Try again in 7 s/,
    ],
    [
      "",
      /closed the connection without an answer/,
      /^Check the URL, and the pr/,
    ],
  ] as const
) {
  const [line] = answer.split("\r\n");
  Deno.test(`the doctor explains the answer "${line}" to an upgrade`, async () => {
    await using server = serveQuietly();
    await using proxy = new DroppingProxy(server, answer);
    const finding = await findFailure({ url: proxy.url, token: "test" });
    assert.equal(finding.step, "upgrade");
    assert.match(finding.detail, detail);
    assert.match(finding.remedy!, remedy);
  });
}

Deno.test({
  name: "the doctor finds an nginx that drops the upgrade",
  ignore: !hasNginx,
  fn: async () => {
    await using server = serveQuietly();
    await using nginx = await Nginx.proxy(server.url);
    const finding = await findFailure({ url: nginx.url, token: "test" });
    assert.equal(finding.step, "upgrade");
    assert.match(finding.detail, /\(426\).*\(answered by nginx/);
    assert.match(finding.remedy!, /proxy_set_header Upgrade \$http_upgrade;/);
  },
});

Deno.test({
  name: "the doctor's advice for nginx is right",
  ignore: !hasNginx,
  fn: async () => {
    await using server = serveQuietly();
    const lines = [
      "proxy_http_version 1.1;",
      "proxy_set_header Upgrade $http_upgrade;",
      'proxy_set_header Connection "upgrade";',
    ];
    await using nginx = await Nginx.proxy(server.url, lines);
    const findings = await findAll({ url: nginx.url, token: "test" });
    assert.equal(resultsOf(findings)["large frame"], "ok");
    assert.match(findings.at(-1)!.detail, /another web server: server: nginx/);
  },
});

Deno.test("the doctor uses the proxy of the environment, as clients do", async () => {
  await using server = serveQuietly();
  await using proxy = new HttpProxy(server.addr.port);
  const args = ["doctor", "-u", server.url, "-t", "test"];
  const env = { HTTP_PROXY: proxy.url };
  const program = startProgram(["-N", "--allow-env"], args, env);
  const code = await program.ended;
  const text = program.output.lines.join("\n");
  assert.equal(code, 0, text);
  assert.match(
    text,
    /skip {2}network +name, TCP and TLS: a proxy of the envir/,
  );
  assert.match(text, /ok {4}large frame /);
  assert.equal(proxy.requests.length, 2);
});

Deno.test("the doctor mentions the proxy that it cannot see", async () => {
  const args = ["doctor", "-u", "http://host.invalid:5000"];
  const blind = startProgram(["-N"], args);
  assert.equal(await blind.ended, 3);
  const hint = /If this network has a proxy, run with --allow-env/;
  assert.match(blind.output.lines.join("\n"), hint);
  const seeing = startProgram(["-N", "--allow-env"], args, { NO_PROXY: "*" });
  assert.equal(await seeing.ended, 3);
  assert.doesNotMatch(seeing.output.lines.join("\n"), hint);
});
