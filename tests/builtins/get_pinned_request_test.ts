/** Requests to fixed addresses. */

import assert from "node:assert/strict";
import { setDefaultAutoSelectFamily } from "node:net";
import { createServer } from "node:tls";
import { assertPermitted, request } from "../../builtins/get.ts";
import { makeCertificate } from "../support/certificate.ts";
import { runScript } from "../support/run_script.ts";
import { canBind, serve } from "../support/site.ts";

/** Returns the response body of a request to these addresses. */
async function ask(url: string, ...addresses: string[]): Promise<string> {
  const { signal } = new AbortController();
  const response = await request(new URL(url), addresses, signal);
  let text = "";
  for await (const chunk of response) text += chunk;
  return text;
}

Deno.test("connects to the address and sends the host name", async () => {
  await using site = serve(() => new Response("text"));
  // There is no such name anywhere: RFC 6761, section 6.2.
  const url = site.at("/path?query#fragment", "site.test");
  assert.equal(await ask(url, "127.0.0.1"), "text");
  assert.deepEqual(site.requests, [{
    method: "GET",
    url: site.at("/path?query", "site.test"),
    headers: {
      "accept-encoding": "identity",
      connection: "close",
      host: `site.test:${site.port}`,
      "user-agent": "hoist",
    },
  }]);
});

Deno.test("tries the next address if one cannot be reached", async () => {
  await using site = serve(() => new Response("text"));
  const url = site.at("/", "site.test");
  assert.equal(await ask(url, "::1", "127.0.0.1"), "text");
  setDefaultAutoSelectFamily(false);
  try {
    assert.equal(await ask(url, "::1", "127.0.0.1"), "text");
  } finally {
    setDefaultAutoSelectFamily(true);
  }
});

Deno.test("connects to an IPv6 address", {
  ignore: !canBind("::1"),
}, async () => {
  await using site = serve(() => new Response("text"), { hostname: "::1" });
  assert.equal(await ask(site.at("/"), "::1"), "text");
  assert.equal(await ask(site.at("/", "site.test"), "::1"), "text");
});

Deno.test("with TLS, sends the host name and verifies it", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const server = createServer({
    ...makeCertificate(),
    SNICallback: (name, callback) => {
      resolve(name);
      callback(null);
    },
  });
  await new Promise<void>((listening) =>
    server.listen(0, "127.0.0.1", listening)
  );
  const { port } = server.address() as { port: number };
  await assert.rejects(
    ask(`https://site.test:${port}`, "127.0.0.1"),
    ({ code }) => /CERT/.test(code),
  );
  assert.equal(await promise, "site.test");
  await new Promise((closed) => server.close(closed));
});

Deno.test("with TLS, sends nothing to a server without TLS", async () => {
  await using site = serve(() => new Response("text"));
  const url = site.at("/").replace("http", "https");
  await assert.rejects(ask(url, "127.0.0.1"), { name: "Error" });
  assert.deepEqual(site.requests, []);
});

/** Runs a request to this machine in a process with these flags. */
async function outcome(
  flags: readonly string[],
  url: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const module = import.meta.resolve("../../builtins/get.ts");
  const { stdout, stderr } = await runScript(
    flags,
    `import { request } from "${module}";
    const { signal } = new AbortController();
    try {
      const url = new URL("${url}");
      const response = await request(url, ["127.0.0.1"], signal);
      for await (const chunk of response) console.log(String(chunk));
    } catch ({ code, name, message }) {
      console.log(code ?? \`\${name}: \${message}\`);
    }`,
    env,
  );
  assert.equal(stderr, "");
  return stdout.trim();
}

Deno.test("with TLS, trusts the certificates that Deno trusts, and no others", async () => {
  const certificate = makeCertificate();
  await using site = serve(() => new Response("text"), certificate);
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, certificate.cert);
  const flags = ["--allow-net", `--cert=${path}`];
  const url = site.at("/path?query", "localhost");
  assert.equal(await outcome(flags, url), "text");
  assert.equal(site.requests[0]?.url, url);
  assert.equal(site.requests[0].headers.host, `localhost:${site.port}`);
  for (
    const failed of [
      await outcome(flags, site.at("/", "site.test")),
      await outcome(flags, site.at("/")),
      await outcome(["--allow-net"], url),
    ]
  ) assert.match(failed, /CERT/);
  assert.equal(site.requests.length, 1);
  await Deno.remove(path);
});

Deno.test("fails without the permission, and the process continues", async () => {
  await using site = serve(() => new Response("text"));
  const { port } = site;
  const url = site.at("/", "site.test");
  assert.equal(await outcome([`--allow-net=127.0.0.1:${port}`], url), "text");
  for (
    const flags of [
      [],
      ["--allow-net=site.test"],
      [`--allow-net=127.0.0.1:${port ^ 1}`],
      ["--allow-net", "--deny-net=127.0.0.1"],
    ]
  ) {
    assert.equal(
      await outcome(flags, url),
      `NotCapable: Cannot connect to 127.0.0.1:${port}: the permission is missing. Run with --allow-net=127.0.0.1:${port}`,
    );
  }
  assert.equal(site.requests.length, 1);
});

Deno.test("names the address without a permission", async () => {
  const { stdout } = await runScript(
    ["--allow-net=127.0.0.1"],
    `import { request } from "${import.meta.resolve("../../builtins/get.ts")}";
    const addresses = ["127.0.0.1", "::1"];
    const { signal } = new AbortController();
    for (const url of ["http://site.test", "https://site.test"]) {
      await request(new URL(url), addresses, signal)
        .catch(({ message }) => console.log(message));
    }`,
  );
  assert.deepEqual(stdout.trim().split("\n"), [
    "Cannot connect to [::1]:80: the permission is missing. Run with --allow-net=[::1]:80",
    "Cannot connect to [::1]:443: the permission is missing. Run with --allow-net=[::1]:443",
  ]);
});

Deno.test("assertPermitted() accepts a host name, and an address with a port", async () => {
  for (const host of ["site.test", "127.0.0.1:80", "[::1]:80"]) {
    await assertPermitted(host);
  }
});

Deno.test("uses no proxy, because a proxy would resolve the name again", async () => {
  await using site = serve(() => new Response("text"));
  await using proxy = serve(() => new Response("through a proxy"));
  const url = proxy.at("");
  for (
    const env of [
      { NODE_USE_ENV_PROXY: "1", HTTP_PROXY: url, HTTPS_PROXY: url },
      { NODE_USE_ENV_PROXY: "1", http_proxy: url, https_proxy: url },
      { HTTP_PROXY: url, HTTPS_PROXY: url, ALL_PROXY: url },
      { NO_PROXY: "*" },
    ]
  ) {
    const there = site.at("/", "site.test");
    assert.equal(await outcome(["--allow-net"], there, env), "text");
  }
  assert.deepEqual(proxy.requests, []);
});

Deno.test("with TLS, uses no proxy", async () => {
  const certificate = makeCertificate();
  await using site = serve(() => new Response("text"), certificate);
  await using proxy = serve(() => new Response("through a proxy"));
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, certificate.cert);
  const flags = ["--allow-net", `--cert=${path}`];
  const env = { NODE_USE_ENV_PROXY: "1", HTTPS_PROXY: proxy.at("") };
  assert.equal(await outcome(flags, site.at("/", "localhost"), env), "text");
  assert.deepEqual(proxy.requests, []);
  await Deno.remove(path);
});
