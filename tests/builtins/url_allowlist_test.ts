import assert from "node:assert/strict";
import {
  findAllowedUrl,
  parseAllowedUrl,
} from "../../builtins/url_allowlist.ts";

/** Returns the requested URL if it is allowed. */
function find(entries: readonly string[], text: string, base?: URL) {
  const allowed = entries.map((entry) => {
    const parsed = parseAllowedUrl(entry);
    assert(parsed, entry);
    return parsed;
  });
  return findAllowedUrl(text, allowed, base)?.href;
}

for (
  const [entry, origin, path] of [
    ["https://example.org", "https://example.org", "/"],
    ["https://example.org/", "https://example.org", "/"],
    ["HTTPS://Example.ORG:443/Data", "https://example.org", "/Data"],
    ["http://example.org:8080/data/", "http://example.org:8080", "/data/"],
    ["http://example.org/a/../data", "http://example.org", "/data"],
    ["http://2130706433/", "http://127.0.0.1", "/"],
    ["http://[0:0::1]:80", "http://[::1]", "/"],
    ["http://bücher.example", "http://xn--bcher-kva.example", "/"],
  ] as const
) {
  Deno.test(`parseAllowedUrl() parses ${entry} as ${origin}${path}`, () => {
    assert.deepEqual(parseAllowedUrl(entry), { origin, path });
  });
}

for (
  const entry of [
    "",
    "example.org",
    "//example.org",
    "/data",
    "ftp://example.org",
    "file:///etc",
    "data:text/plain,data",
    "blob:https://example.org/data",
    "https://user@example.org",
    "https://user:password@example.org",
    "https://:password@example.org",
    "https://example.org/?",
    "https://example.org/?query",
    "https://example.org/#",
    "https://example.org/#fragment",
    "https://*.example.org",
    "https://*",
    "https://example.org:99999",
  ]
) {
  Deno.test(`parseAllowedUrl() rejects ${JSON.stringify(entry)}`, () => {
    assert.equal(parseAllowedUrl(entry), undefined);
  });
}

for (
  const [entry, text, expected = text] of [
    ["https://example.org", "https://example.org/"],
    ["https://example.org", "https://example.org/any/path?query"],
    ["https://example.org", "https://example.org:443", "https://example.org/"],
    ["https://example.org", "HTTPS://EXAMPLE.ORG", "https://example.org/"],
    ["https://example.org", "https:example.org", "https://example.org/"],
    ["https://example.org", "https:\\\\example.org\\", "https://example.org/"],
    ["https://example.org", " https://exa\nmple.org/", "https://example.org/"],
    ["https://example.org", "https://example.org/a%2fb%2e%5c"],
    ["https://example.org", "https://example.org/..;/a"],
    ["https://example.org/data", "https://example.org/data"],
    ["https://example.org/data", "https://example.org/data/"],
    ["https://example.org/data", "https://example.org/data/x"],
    ["https://example.org/data", "https://example.org/data?query"],
    ["https://example.org/data", "https://example.org/data?../%2e%2e/"],
    ["https://example.org/data", "https://example.org/data#%2e%2e"],
    ["https://example.org/data", "https://example.org/data/a.b/.hidden/..."],
    ["https://example.org/data", "https://example.org/data/a%20b%252"],
    ["https://example.org/data", "https://example.org/data/a;b"],
    [
      "https://example.org/data",
      "https://example.org/x/../data/y",
      "https://example.org/data/y",
    ],
    [
      "https://example.org/data",
      "https://example.org/x/%2e%2e/data/y",
      "https://example.org/data/y",
    ],
    ["https://example.org/data/", "https://example.org/data/"],
    ["https://example.org/data/", "https://example.org/data/x"],
    ["https://example.org/a%2eb", "https://example.org/a%2eb/x"],
    ["http://[::1]", "http://[0:0:0:0:0:0:0:1]/", "http://[::1]/"],
    ["http://127.0.0.1", "http://2130706433/", "http://127.0.0.1/"],
    ["http://127.0.0.1", "http://0x7f.1/", "http://127.0.0.1/"],
    ["http://127.0.0.1", "http://0177.0.0.1/", "http://127.0.0.1/"],
    ["http://example.org", "http://ｅxample．org/", "http://example.org/"],
  ] as const
) {
  Deno.test(`${entry} allows ${JSON.stringify(text)}`, () => {
    assert.equal(find([entry], text), expected);
  });
}

for (
  const [entry, text] of [
    ["https://example.org", ""],
    ["https://example.org", "example.org"],
    ["https://example.org", "/"],
    ["https://example.org", "https://"],
    ["https://example.org", "http://example.org"],
    ["https://example.org", "wss://example.org"],
    ["https://example.org", "ftp://example.org"],
    ["https://example.org", "file://example.org/"],
    ["https://example.org", "blob:https://example.org/"],
    ["https://example.org", "data:text/plain,https://example.org/"],
    ["https://example.org", "https://example.org:444"],
    ["https://example.org", "https://example.org."],
    ["https://example.org", "https://www.example.org"],
    ["https://example.org", "https://example.org.evil.org"],
    ["https://example.org", "https://evil-example.org"],
    ["https://example.org", "https://evil.org/https://example.org"],
    ["https://example.org", "https://evil.org#https://example.org"],
    ["https://example.org", "https://evil.org?https://example.org"],
    ["https://example.org", "https://evil.org\\@example.org"],
    ["https://example.org", "https://example.org@evil.org"],
    ["https://example.org", "https://example.org:443@evil.org"],
    ["https://example.org", "https://user@example.org"],
    ["https://example.org", "https://user:password@example.org"],
    ["https://example.org", "https://:password@example.org"],
    ["https://example.org", "https://exаmple.org"], // with a Cyrillic a
    ["https://example.org/data", "https://example.org/"],
    ["https://example.org/data", "https://example.org/database"],
    ["https://example.org/data", "https://example.org/Data"],
    ["https://example.org/data", "https://example.org//data"],
    ["https://example.org/data", "https://example.org/x/data"],
    ["https://example.org/data", "https://example.org/data/../x"],
    ["https://example.org/data", "https://example.org/data\\..\\x"],
    ["https://example.org/data", "https://example.org/data/%2e%2e/x"],
    ["https://example.org/data", "https://example.org/data/.%2E/x"],
    ["https://example.org/data", "https://example.org/data%2fx"],
    ["https://example.org/data", "https://example.org/data/..%2fx"],
    ["https://example.org/data", "https://example.org/data/x%2F..%2F..%2Fx"],
    ["https://example.org/data", "https://example.org/data/x%5c..%5c..%5Cx"],
    ["https://example.org/data", "https://example.org/data/..%5cx"],
    ["https://example.org/data", "https://example.org/data/..%5Cx"],
    ["https://example.org/data", "https://example.org/data/x%2ey"],
    ["https://example.org/data", "https://example.org/data/%252e%252e/x"],
    ["https://example.org/data", "https://example.org/data/%25252E/x"],
    ["https://example.org/data", "https://example.org/data/%252fx"],
    ["https://example.org/data", "https://example.org/data/..;/x"],
    ["https://example.org/data", "https://example.org/data/..;a=b/x"],
    ["https://example.org/data", "https://example.org/data/.;/x"],
    ["https://example.org/data", "https://example.org/data/..%00/x"],
    ["https://example.org/data", "https://example.org/data/..%20/x"],
    ["https://example.org/data/", "https://example.org/data"],
    ["https://example.org/data/", "https://example.org/data/..;/x"],
    ["https://example.org/a%2eb", "https://example.org/a.b"],
    ["http://127.0.0.1", "http://localhost/"],
    ["http://127.0.0.1", "http://[::ffff:127.0.0.1]/"],
    ["http://localhost", "http://127.0.0.1/"],
    ["http://[::1]", "http://[::1%25eth0]/"],
  ] as const
) {
  Deno.test(`${entry} does not allow ${JSON.stringify(text)}`, () => {
    assert.equal(find([entry], text), undefined);
  });
}

Deno.test("one entry is enough, and no entry allows nothing", () => {
  const entries = ["https://example.org/a", "http://example.org/b"];
  assert.equal(find(entries, "http://example.org/b"), "http://example.org/b");
  assert.equal(find(entries, "http://example.org/a"), undefined);
  assert.equal(find([], "http://example.org/a"), undefined);
});

for (
  const [location, expected] of [
    ["x", "https://example.org/data/x"],
    ["?query", "https://example.org/data/here?query"],
    ["", "https://example.org/data/here"],
    ["/data/y", "https://example.org/data/y"],
    ["//example.org/data/y", "https://example.org/data/y"],
    ["https://example.org/data/z", "https://example.org/data/z"],
    ["..", undefined],
    ["/", undefined],
    ["/data/%2e%2e/x", undefined],
    ["//evil.org/data/y", undefined],
    ["\\\\evil.org\\data\\y", undefined],
    ["//user@example.org/data/y", undefined],
    ["http://example.org/data/here", undefined],
    ["https://", undefined],
  ] as const
) {
  Deno.test(`the redirect ${JSON.stringify(location)} resolves to ${expected}`, () => {
    const base = new URL("https://example.org/data/here");
    assert.equal(find(["https://example.org/data"], location, base), expected);
  });
}
