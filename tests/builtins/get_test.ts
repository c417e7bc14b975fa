/** Which URLs a client may fetch, and what becomes of servers that lead it elsewhere. */

import assert from "node:assert/strict";
import { parseAllowedUrl } from "../../builtins/url_allowlist.ts";
import { fetchText, type Network } from "../../builtins/get.ts";
import { isPublicAddress } from "../../builtins/public_address.ts";
import { argumentErrorOf } from "../support/argument_error.ts";
import { runScript } from "../testdata/run_script.ts";
import { answerRaw, canBind, serve } from "../testdata/site.ts";

const NOT_ALLOWED = "is not among the allowed URLs";
const NOT_PUBLIC = "resolves to an address that is not public";
const UNREACHABLE = "could not be reached";
const MISLED = "was redirected to a URL that is not allowed";

/** What a test fetches by, where it differs from what most of them need. */
interface Fetching {
  readonly allow?: readonly string[];
  readonly maxSize?: number;
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  readonly network?: Network;
}

/** Fetches a URL; unless it is said, the one that is allowed is that itself. */
function get(url: string, fetching: Fetching = {}): Promise<string> {
  const { allow = [url], maxSize = 1_000, timeout = 60_000 } = fetching;
  const allowed = allow.map((entry) => parseAllowedUrl(entry)!);
  const options = { allowed, maxSize, timeout };
  return fetchText(url, options, fetching.signal, fetching.network);
}

/** Names that lead to this machine, which counts as the public internet. */
const HERE: Network = {
  resolve: (hostname) =>
    hostname.endsWith(".test")
      ? Promise.resolve(["127.0.0.1"])
      : Promise.reject(new Error(`nobody asked for ${hostname}`)),
  isPublic: (address) => address === "127.0.0.1",
};

/** Every name leads to these addresses. */
function leadingTo(...addresses: readonly string[]): Network {
  return {
    resolve: () => Promise.resolve(addresses),
    isPublic: isPublicAddress,
  };
}

/** What is wrong with the URL. */
function refusal(promise: Promise<string>): Promise<string> {
  return argumentErrorOf("url", promise);
}

function redirect(location: string, status = 302): Response {
  return new Response("gone", { status, headers: { location } });
}

Deno.test("get gives the text behind an allowed URL", async () => {
  await using site = serve(() => new Response("täxt"));
  assert.equal(await get(site.at("/data")), "täxt");
});

Deno.test("get asks for path and query, without the fragment", async () => {
  await using site = serve(({ url }) => new Response(url));
  const allow = [site.at("/data", "site.test")];
  const url = site.at("/data/ü?query=a%20b&c#fragment", "site.test");
  assert.equal(
    await get(url, { allow, network: HERE }),
    site.at("/data/%C3%BC?query=a%20b&c", "site.test"),
  );
});

Deno.test("get does not ask for a URL that is not allowed", async () => {
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
    const fetched = get(url, { allow, network: HERE });
    assert.equal(await refusal(fetched), NOT_ALLOWED, url);
  }
  assert.deepEqual(site.requests, []);
});

Deno.test("get finds an address however it is written", async () => {
  await using site = serve(() => new Response("text"));
  const allow = [site.at("/")];
  for (const hostname of ["2130706433", "0x7f.1", "0177.0.0.01", "127.1"]) {
    assert.equal(await get(site.at("/", hostname), { allow }), "text");
    const network = leadingTo("127.0.0.1");
    const other = get(site.at("/", hostname), {
      allow: [site.at("/", "site.test")],
      network,
    });
    assert.equal(await refusal(other), NOT_ALLOWED);
  }
});

Deno.test("get connects to localhost if the owner has named it", async () => {
  await using site = serve(() => new Response("text"));
  assert.equal(await get(site.at("/", "localhost")), "text");
});

Deno.test("get connects to an address of IPv6 that the owner has named", {
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
  Deno.test(`get does not connect to a name that leads to ${addresses.join(" and ")}`, async () => {
    await using site = serve(() => new Response("text"));
    const network = leadingTo(...addresses);
    for (const hostname of ["site.test", "localhost.", "a.localhost"]) {
      const fetched = get(site.at("/", hostname), { network });
      assert.equal(await refusal(fetched), NOT_PUBLIC);
    }
    assert.deepEqual(site.requests, []);
  });
}

Deno.test("get connects to the address that it has looked at, whatever the name leads to afterwards", async () => {
  await using site = serve(() => new Response("text"));
  const asked: string[] = [];
  const network: Network = {
    ...HERE,
    resolve(hostname) {
      asked.push(hostname);
      return Promise.resolve([asked.length === 1 ? "127.0.0.1" : "10.0.0.1"]);
    },
  };
  // Nobody but the resolver of this test knows the name.
  const url = site.at("/", "site.test");
  assert.equal(await get(url, { network }), "text");
  assert.deepEqual(asked, ["site.test"]);
  assert.equal(await refusal(get(url, { network })), NOT_PUBLIC);
});

for (const status of [301, 302, 303, 307, 308]) {
  Deno.test(`get follows a redirect with status ${status} to an allowed URL`, async () => {
    await using other = serve(() => new Response("text"));
    await using site = serve(() => redirect(other.at("/data/there"), status));
    const allow = [site.at("/"), other.at("/data")];
    assert.equal(await get(site.at("/here"), { allow }), "text");
    assert.equal(other.requests[0]?.method, "GET");
    assert.equal(other.requests[0].headers.referer, undefined);
  });
}

Deno.test("get follows a redirect that is relative", async () => {
  await using site = serve(({ url }) =>
    url.endsWith("/a/b") ? redirect("../c?d") : new Response(url)
  );
  const allow = [site.at("/")];
  assert.equal(await get(site.at("/a/b"), { allow }), site.at("/c?d"));
});

/** Redirects so many times, and then answers. */
function countDown({ url }: Request): Response {
  const left = Number(new URL(url).pathname.slice(1));
  return left === 0 ? new Response("text") : redirect(`/${left - 1}`);
}

Deno.test("get follows five redirects, and no more", async () => {
  await using site = serve(countDown);
  const allow = [site.at("/")];
  assert.equal(await get(site.at("/5"), { allow }), "text");
  assert.equal(site.requests.length, 6);
  assert.equal(
    await refusal(get(site.at("/6"), { allow })),
    "was redirected more than 5 times",
  );
  assert.equal(site.requests.length, 12);
});

Deno.test("get comes out of a circle of redirects", async () => {
  await using site = serve(() => redirect(""));
  assert.equal(
    await refusal(get(site.at("/"))),
    "was redirected more than 5 times",
  );
});

Deno.test("get does not follow a redirect to a URL that is not allowed", async () => {
  await using other = serve(() => new Response("text"));
  for (
    const location of [
      other.at("/data"),
      "//localhost/data",
      "/",
      "/database",
      "..",
      "/data/%2e%2e/x",
      "/data/..%2fx",
      "https://127.0.0.1/data",
      "http://user:password@127.0.0.1/data",
      "file:///etc/hosts",
      "data:text/plain,text",
      "http://",
      "http://169.254.169.254/latest/meta-data",
    ]
  ) {
    await using site = serve(() => redirect(location));
    const fetched = get(site.at("/data"));
    assert.equal(await refusal(fetched), MISLED, location);
    assert.equal(site.requests.length, 1);
  }
  assert.deepEqual(other.requests, []);
});

Deno.test("get does not follow a redirect with credentials to where it would without", async () => {
  await using site = serve(({ url }) =>
    redirect(url.replace("//", "//user:password@"))
  );
  assert.equal(await refusal(get(site.at("/data"))), MISLED);
  assert.equal(site.requests.length, 1);
});

Deno.test("get looks at the address of each redirect", async () => {
  await using site = serve(({ url }) =>
    redirect(url.replace("outer.test", "inner.test"))
  );
  const network: Network = {
    resolve: (hostname) =>
      Promise.resolve([hostname === "outer.test" ? "127.0.0.1" : "127.0.0.2"]),
    isPublic: (address) => address === "127.0.0.1",
  };
  const allow = [site.at("/", "outer.test"), site.at("/", "inner.test")];
  const fetched = get(site.at("/", "outer.test"), { allow, network });
  assert.equal(await refusal(fetched), NOT_PUBLIC);
  assert.equal(site.requests.length, 1);
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
  Deno.test(`get refuses an answer with status ${status}`, async () => {
    await using site = serve(() => new Response(null, { status, headers }));
    assert.equal(
      await refusal(get(site.at("/"))),
      `was answered with status ${status}`,
    );
    assert.equal(site.requests.length, 1);
  });
}

for (const status of [200, 201, 203, 204, 206]) {
  Deno.test(`get takes an answer with status ${status}`, async () => {
    const body = status === 204 ? null : "text";
    await using site = serve(() => new Response(body, { status }));
    assert.equal(await get(site.at("/")), body ?? "");
  });
}

for (const size of [1, 1_000, 200_000]) {
  Deno.test(`get takes an answer of ${size} bytes if that is the limit, and no more`, async () => {
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
        await refusal(get(site.at(`/?${size + 1}`), options)),
        `is larger than ${size} bytes`,
      );
    }
  });
}

Deno.test("get counts bytes and not characters", async () => {
  await using site = serve(() => new Response("üü"));
  assert.equal(await get(site.at("/"), { maxSize: 4 }), "üü");
  assert.equal(
    await refusal(get(site.at("/"), { maxSize: 3 })),
    "is larger than 3 bytes",
  );
});

/** A body that never ends, and whether it was cut. */
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
    ["is too large", {}, "is larger than 10000 bytes"],
    ["is none", { status: 404 }, "was answered with status 404"],
    [
      "is compressed",
      { headers: { "content-encoding": "br" } },
      "was answered in an encoding that was not requested",
    ],
    ["leads elsewhere", { status: 302, headers: { location: "/" } }, MISLED],
  ] as const
) {
  Deno.test(`get cuts an answer that ${name} and never ends`, async () => {
    const { body, cut } = endless();
    await using site = serve(() => new Response(body, init));
    const fetched = get(site.at("/data"), { maxSize: 10_000 });
    assert.equal(await refusal(fetched), message);
    await cut;
  });
}

Deno.test("get refuses an answer that is compressed all the same", async () => {
  const zeros = new Blob([new Uint8Array(1_000_000)]).stream();
  const body = await new Response(
    zeros.pipeThrough(new CompressionStream("gzip")),
  ).bytes();
  const headers = { "content-encoding": "gzip" };
  await using site = serve(() => new Response(body, { headers }));
  assert.equal(
    await refusal(get(site.at("/"), { maxSize: 10_000 })),
    "was answered in an encoding that was not requested",
  );
});

Deno.test("get takes an answer that says it is not compressed", async () => {
  const headers = { "content-encoding": "Identity" };
  await using site = serve(() => new Response("text", { headers }));
  assert.equal(await get(site.at("/")), "text");
});

for (
  const [name, bytes, text] of [
    ["what is no UTF-8", [0x61, 0xff, 0x62], "a\ufffdb"],
    ["half a character", [0x61, 0xc3], "a\ufffd"],
    ["a byte order mark", [0xef, 0xbb, 0xbf, 0x61], "a"],
    ["NUL", [0x00], "\0"],
  ] as const
) {
  Deno.test(`get makes a text of ${name}`, async () => {
    const body = new Uint8Array(bytes);
    await using site = serve(() => new Response(body));
    assert.equal(await get(site.at("/")), text);
  });
}

Deno.test("get joins the characters that arrive in two pieces", async () => {
  // Whatever the pieces are, their ends do not all lie between two of these.
  const text = "€😀".repeat(100_000);
  await using site = serve(() => new Response(text));
  assert.equal(await get(site.at("/"), { maxSize: 1_000_000 }), text);
});

const HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";

for (
  const [name, answer] of [
    ["never answers", ""],
    ["stops in its head", HEAD.slice(0, 20)],
    ["stops after its head", HEAD],
    ["stops in its body", `${HEAD}tex`],
    ["stops in a body without a length", "HTTP/1.0 200 OK\r\n\r\ntex"],
    ["goes on with something else first", "HTTP/1.1 103 Early Hints\r\n\r\n"],
  ] as const
) {
  Deno.test(`get gives up on a server that ${name}`, async () => {
    await using site = answerRaw(answer);
    assert.equal(
      await refusal(get(site.url, { timeout: 50 })),
      "was not answered within 50 ms",
    );
  });

  Deno.test(`get leaves a server that ${name} when its caller has gone`, async () => {
    await using site = answerRaw(answer);
    const controller = new AbortController();
    const fetched = get(site.url, { signal: controller.signal });
    await site.answered;
    const reason = new Error("the client has gone");
    controller.abort(reason);
    await assert.rejects(fetched, reason);
    await site.closed;
  });
}

Deno.test("get gives up on a name of which nobody knows the address", async () => {
  const network = { ...HERE, resolve: () => new Promise<never>(() => {}) };
  assert.equal(
    await refusal(get("http://site.test", { network, timeout: 1 })),
    "was not answered within 1 ms",
  );
});

Deno.test("get counts the time of redirects", async () => {
  await using last = answerRaw("");
  await using site = serve(() => redirect(last.url));
  const allow = [site.at("/"), last.url];
  assert.equal(
    await refusal(get(site.at("/"), { allow, timeout: 50 })),
    "was not answered within 50 ms",
  );
});

Deno.test("get asks for nothing when its caller has gone before", async () => {
  await using site = serve(() => new Response("text"));
  const reason = new Error("the client has gone");
  const signal = AbortSignal.abort(reason);
  await assert.rejects(get(site.at("/"), { signal }), reason);
  assert.deepEqual(site.requests, []);
});

Deno.test("get lets go of the signal of its caller", async () => {
  await using site = serve(() => new Response("text"));
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: [string, never]) => {
    listeners.add(args[1]);
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: [string, never]) => {
    listeners.delete(args[1]);
    removeEventListener.apply(signal, args);
  };
  assert.equal(await get(site.at("/"), { signal }), "text");
  await refusal(get(site.at("/"), { signal, maxSize: 1 }));
  assert.equal(listeners.size, 0);
});

for (
  const [name, answer] of [
    ["says nothing", ""],
    ["does not speak HTTP", "SSH-2.0-server\r\n"],
    ["ends in its head", HEAD.slice(0, 20)],
    ["ends in its body", `${HEAD}tex`],
    [
      "ends in a chunk",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ntex",
    ],
    [
      "sends a chunk without a length",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\ntext\r\n",
    ],
    [
      "has two lengths",
      "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\ntext",
    ],
    [
      "has a head without an end",
      `HTTP/1.1 200 OK\r\n${"Name: value\r\n".repeat(10_000)}`,
    ],
    [
      "changes to another protocol",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n",
    ],
  ] as const
) {
  Deno.test(`get does not reach what it asks for on a server that ${name}`, async () => {
    await using site = answerRaw(answer, { isHeldOpen: false });
    assert.equal(await refusal(get(site.url)), UNREACHABLE);
  });
}

Deno.test("get does not hang on a server that changes to another protocol and stays", async () => {
  await using site = answerRaw(
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\nhello",
  );
  assert.equal(await refusal(get(site.url)), UNREACHABLE);
});

Deno.test("get reads to the end of a connection where there is no length", async () => {
  await using site = answerRaw("HTTP/1.0 200 OK\r\n\r\ntext", {
    isHeldOpen: false,
  });
  assert.equal(await get(site.url), "text");
});

Deno.test("get refuses an answer with a status that there is none of", async () => {
  const answer = "HTTP/1.1 099 Odd\r\nContent-Length: 4\r\n\r\ntext";
  await using site = answerRaw(answer, { isHeldOpen: false });
  assert.equal(await refusal(get(site.url)), "was answered with status 99");
});

Deno.test("get does not reach a port on which nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  assert.equal(await refusal(get(`http://127.0.0.1:${port}`)), UNREACHABLE);
});

Deno.test("get does not reach a name that does not exist", async () => {
  // A name that never exists: RFC 6761, section 6.4. The resolver of the system says so.
  const unknown = Object.assign(new Error("ENOTFOUND"), { code: "ENOTFOUND" });
  for (
    const resolve of [
      () => Promise.reject(unknown),
      () => Promise.resolve([]),
    ]
  ) {
    const network = { ...HERE, resolve };
    assert.equal(
      await refusal(get("http://name.invalid", { network })),
      UNREACHABLE,
    );
  }
});

Deno.test("get does not hide what went wrong in the server itself", async () => {
  const error = new TypeError("a mistake");
  const network = { ...HERE, resolve: () => Promise.reject(error) };
  await assert.rejects(get("http://site.test", { network }), error);
});

Deno.test("get fails, and refuses nothing, where Deno does not permit to look for the name", async () => {
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
