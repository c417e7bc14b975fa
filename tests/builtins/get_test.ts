/** Requests of `fetchUrl`: addresses, sizes, encodings and permissions. */

import assert from "node:assert/strict";
import type { Network } from "../../builtins/get.ts";
import {
  BAD_REDIRECT,
  get,
  LOOPBACK,
  NOT_ALLOWED,
  NOT_PUBLIC,
  resolvingTo,
  urlError,
} from "../support/fetching.ts";
import { runScript } from "../support/run_script.ts";
import { canBind, serve } from "../support/site.ts";

Deno.test("fetches an allowed URL", async () => {
  await using site = serve(() => new Response("täxt"));
  assert.equal(await get(site.at("/data")), "täxt");
});

Deno.test("sends the path and the query without the fragment", async () => {
  await using site = serve(({ url }) => new Response(url));
  const allow = [site.at("/data", "site.test")];
  const url = site.at("/data/ü?query=a%20b&c#fragment", "site.test");
  assert.equal(
    await get(url, { allow, network: LOOPBACK }),
    site.at("/data/%C3%BC?query=a%20b&c", "site.test"),
  );
});

Deno.test("does not request a URL that is not allowed", async () => {
  await using site = serve(() => new Response("text"));
  const { port } = site;
  const allow = [site.at("/data"), site.at("/data", "site.test")];
  for (
    const url of [
      "",
      "text",
      "/data",
      site.at("/"),
      site.at("/database"),
      site.at("/data/../x"),
      site.at("/data/..%2fx"),
      site.at("/data/%252e%252e/x"),
      site.at("/data", "user:password@127.0.0.1"),
      site.at("/data", "site.test@evil.test"),
      site.at("/data", "site.test.evil.test"),
      site.at("/data", "evil.test"),
      site.at("/data", "localhost"),
      site.at("/data", "[::ffff:127.0.0.1]"),
      site.at("/data").replace("http", "https"),
      site.at("/data").replace("http", "ftp"),
      `http://127.0.0.1/data`,
      `http://127.0.0.1:${port ^ 1}/data`,
      `data:text/plain,text`,
      import.meta.url,
    ]
  ) {
    const fetched = get(url, { allow, network: LOOPBACK });
    assert.equal(await urlError(fetched), NOT_ALLOWED, url);
  }
  assert.deepEqual(site.requests, []);
});

Deno.test("accepts every spelling of an address", async () => {
  await using site = serve(() => new Response("text"));
  const allow = [site.at("/")];
  for (const hostname of ["2130706433", "0x7f.1", "0177.0.0.01", "127.1"]) {
    assert.equal(await get(site.at("/", hostname), { allow }), "text");
    const network = resolvingTo("127.0.0.1");
    const other = get(site.at("/", hostname), {
      allow: [site.at("/", "site.test")],
      network,
    });
    assert.equal(await urlError(other), NOT_ALLOWED);
  }
});

Deno.test("connects to localhost if it is allowed", async () => {
  await using site = serve(() => new Response("text"));
  assert.equal(await get(site.at("/", "localhost")), "text");
});

Deno.test("connects to an IPv6 address that is allowed", {
  ignore: !canBind("::1"),
}, async () => {
  await using site = serve(() => new Response("text"), {
    hostname: "::1",
  });
  assert.equal(await get(site.at("/")), "text");
  assert.equal(site.requests[0]?.headers.host, `[::1]:${site.port}`);
});

for (
  const addresses of [
    ["127.0.0.1"],
    ["127.0.0.2"],
    ["0.0.0.0"],
    ["10.0.0.1"],
    ["169.254.169.254"],
    ["192.168.0.1"],
    ["::1"],
    ["::"],
    ["::ffff:127.0.0.1"],
    ["64:ff9b::7f00:1"],
    ["fd00::1"],
    ["fe80::1%eth0"],
    ["8.8.8.8", "127.0.0.1"],
    ["127.0.0.1", "8.8.8.8"],
    ["2606:4700:4700::1111", "::1", "8.8.8.8"],
    ["nonsense"],
    [""],
  ]
) {
  Deno.test(`does not connect to a name that resolves to ${addresses.join(" and ")}`, async () => {
    await using site = serve(() => new Response("text"));
    const network = resolvingTo(...addresses);
    for (const hostname of ["site.test", "localhost.", "a.localhost"]) {
      const fetched = get(site.at("/", hostname), { network });
      assert.equal(await urlError(fetched), NOT_PUBLIC);
    }
    assert.deepEqual(site.requests, []);
  });
}

Deno.test("connects to the checked address, even if the name resolves to another one later", async () => {
  await using site = serve(() => new Response("text"));
  const asked: string[] = [];
  const network: Network = {
    ...LOOPBACK,
    resolve(hostname) {
      asked.push(hostname);
      return Promise.resolve([asked.length === 1 ? "127.0.0.1" : "10.0.0.1"]);
    },
  };
  // Only the resolver of this test knows the name.
  const url = site.at("/", "site.test");
  assert.equal(await get(url, { network }), "text");
  assert.deepEqual(asked, ["site.test"]);
  assert.equal(await urlError(get(url, { network })), NOT_PUBLIC);
});

for (
  const [status, headers] of [
    [300, { location: "/" }],
    [302, {}],
    [304, { location: "/" }],
    [400, {}],
    [401, { "www-authenticate": "Basic" }],
    [404, {}],
    [418, { location: "/" }],
    [500, {}],
    [503, { "retry-after": "0" }],
  ] as const
) {
  Deno.test(`rejects a response with status ${status}`, async () => {
    await using site = serve(() => new Response(null, { status, headers }));
    assert.equal(
      await urlError(get(site.at("/"))),
      `the response has the status ${status}`,
    );
    assert.equal(site.requests.length, 1);
  });
}

for (const status of [200, 201, 203, 204, 206]) {
  Deno.test(`accepts a response with status ${status}`, async () => {
    const body = status === 204 ? null : "text";
    await using site = serve(() => new Response(body, { status }));
    assert.equal(await get(site.at("/")), body ?? "");
  });
}

for (const size of [1, 1_000, 200_000]) {
  Deno.test(`accepts a response of ${size} bytes if that is the limit, and no larger one`, async () => {
    for (const isStreamed of [false, true]) {
      await using site = serve(({ url }) => {
        const { body } = new Response("a".repeat(Number(url.split("?")[1])));
        const length = url.split("?")[1]!;
        return isStreamed
          ? new Response(body)
          : new Response(body, { headers: { "content-length": length } });
      });
      const options = { allow: [site.at("/")], maxSize: size };
      const text = await get(site.at(`/?${size}`), options);
      assert.equal(text.length, size);
      assert.equal(
        await urlError(get(site.at(`/?${size + 1}`), options)),
        `the response is larger than ${size} bytes`,
      );
    }
  });
}

Deno.test("counts bytes instead of characters", async () => {
  await using site = serve(() => new Response("üü"));
  assert.equal(await get(site.at("/"), { maxSize: 4 }), "üü");
  assert.equal(
    await urlError(get(site.at("/"), { maxSize: 3 })),
    "the response is larger than 3 bytes",
  );
});

/** Returns a body that never ends, and a promise for its end. */
function endless(): {
  readonly body: ReadableStream;
  readonly cut: Promise<void>;
} {
  const { promise: cut, resolve } = Promise.withResolvers<void>();
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(1_000)),
    cancel: () => resolve(),
  });
  return { body, cut };
}

for (
  const [name, init, message] of [
    ["is too large", {}, "the response is larger than 10000 bytes"],
    ["has the status 404", { status: 404 }, "the response has the status 404"],
    [
      "is compressed",
      { headers: { "content-encoding": "br" } },
      "the response has a content encoding that was not requested",
    ],
    [
      "is a redirect",
      { status: 302, headers: { location: "/" } },
      BAD_REDIRECT,
    ],
  ] as const
) {
  Deno.test(`closes an endless response that ${name}`, async () => {
    const { body, cut } = endless();
    await using site = serve(() => new Response(body, init));
    const fetched = get(site.at("/data"), { maxSize: 10_000 });
    assert.equal(await urlError(fetched), message);
    await cut;
  });
}

Deno.test("rejects a response that is compressed without a request for it", async () => {
  const zeros = new Blob([new Uint8Array(1_000_000)]).stream();
  const body = await new Response(
    zeros.pipeThrough(new CompressionStream("gzip")),
  ).bytes();
  const headers = { "content-encoding": "gzip" };
  await using site = serve(() => new Response(body, { headers }));
  assert.equal(
    await urlError(get(site.at("/"), { maxSize: 10_000 })),
    "the response has a content encoding that was not requested",
  );
});

Deno.test("accepts the encoding identity", async () => {
  const headers = { "content-encoding": "Identity" };
  await using site = serve(() => new Response("text", { headers }));
  assert.equal(await get(site.at("/")), "text");
});

for (
  const [name, bytes, text] of [
    ["an invalid byte", [0x61, 0xff, 0x62], "a\ufffdb"],
    ["half a character", [0x61, 0xc3], "a\ufffd"],
    ["a byte order mark", [0xef, 0xbb, 0xbf, 0x61], "a"],
    ["NUL", [0x00], "\0"],
  ] as const
) {
  Deno.test(`decodes ${name}`, async () => {
    const body = new Uint8Array(bytes);
    await using site = serve(() => new Response(body));
    assert.equal(await get(site.at("/")), text);
  });
}

Deno.test("decodes characters across two chunks", async () => {
  // At least one chunk ends inside of a character.
  const text = "€😀".repeat(100_000);
  await using site = serve(() => new Response(text));
  assert.equal(await get(site.at("/"), { maxSize: 1_000_000 }), text);
});

Deno.test("does not hide an error of the server itself", async () => {
  const error = new TypeError("a mistake");
  const network = { ...LOOPBACK, resolve: () => Promise.reject(error) };
  await assert.rejects(get("http://site.test", { network }), error);
});

Deno.test("fails if the permission to resolve the name is missing", async () => {
  const { stdout, stderr } = await runScript(
    ["--allow-net=127.0.0.1"],
    `import { fetchText } from "${
      import.meta.resolve("../../builtins/get.ts")
    }";
    for (const origin of ["http://localhost", "http://[::1]"]) {
      const allowed = [{ origin, path: "/" }];
      const options = { allowed, maxSize: 1_000, timeout: 60_000 };
      await fetchText(origin, options)
        .catch(({ name, message }) => console.log(\`\${name}: \${message}\`));
    }`,
  );
  assert.equal(stderr, "");
  assert.deepEqual(stdout.trim().split("\n"), [
    "NotCapable: Cannot connect to localhost: the permission is missing. Run with --allow-net=localhost",
    "NotCapable: Cannot connect to [::1]:80: the permission is missing. Run with --allow-net=[::1]:80",
  ]);
});
