import assert from "node:assert/strict";
import { endpointsOf, resolveHeaders } from "../../client/http_options.ts";

/** Resolves headers of any type. */
const resolve = (headers: unknown) => resolveHeaders("Cannot connect", headers);

const SECRET = "s3same-s3same";

Deno.test("copies an object and Headers, with names in lower case", () => {
  const own = { "X-Access": "let me in", cookie: "a=1; b=2" };
  const expected = { "x-access": "let me in", cookie: "a=1; b=2" };
  assert.deepEqual(resolve(own), expected);
  assert.deepEqual(resolve(new Headers(own)), expected);
  assert.deepEqual(resolve({ "A-b": "1", "a-B": "2" }), { "a-b": "1, 2" });
});

Deno.test("copies a map, and the Headers of another implementation", () => {
  const expected = { authorization: SECRET };
  const map = new Map([["Authorization", SECRET]]);
  assert.deepEqual(resolve(map), expected);
  class OtherHeaders {
    readonly get = (name: string) => map.get(name);
    readonly #map = map;
    entries() {
      return this.#map.entries();
    }
  }
  assert.deepEqual(resolve(new OtherHeaders()), expected);
  assert.throws(() => resolve(new Map([[5, SECRET]])), (error: Error) => {
    assert.match(error.message, /5 in 'headers' is not a valid name/);
    return true;
  });
});

Deno.test("returns undefined if there are no headers", () => {
  for (const headers of [undefined, {}, new Headers()]) {
    assert.equal(resolve(headers), undefined);
  }
});

Deno.test("ignores what an object inherits", () => {
  const inherited = Object.create({ host: "a.example" });
  assert.equal(resolve(inherited), undefined);
});

for (
  const name of [
    ...["Host", "connection", "UPGRADE", "Content-Length", "Transfer-Encoding"],
    ...["Sec-WebSocket-Key", "sec-websocket-anything", "TE", "expect"],
  ]
) {
  Deno.test(`rejects the header ${name}`, () => {
    for (
      const headers of [{ [name]: SECRET }, new Headers({ [name]: SECRET })]
    ) {
      assert.throws(() => resolve(headers), (error: Error) => {
        assert(error instanceof TypeError);
        assert.match(
          error.message,
          /^Cannot connect: 'headers' must not contain "[\w-]+", because the runtime sets this header\. Remove it\.$/,
        );
        assert(!error.message.includes(SECRET));
        return true;
      });
    }
  });
}

for (const name of ["", "a b", "a:", "a\r\nb", "ä", "host\0"]) {
  Deno.test(`rejects the name ${JSON.stringify(name)}`, () => {
    assert.throws(() => resolve({ [name]: SECRET }), (error: Error) => {
      assert(error instanceof TypeError);
      assert.match(
        error.message,
        /in 'headers' is not a valid name of a header\.$/,
      );
      assert(
        !error.message.includes(SECRET) && !/[\r\n\0]/.test(error.message),
      );
      return true;
    });
  });
}

for (
  const value of [
    ...[`${SECRET}\r\nHost: b`, `${SECRET}\n`, `${SECRET}\0`, `${SECRET}€`],
    ...[5, null, undefined, [SECRET], { secret: SECRET }],
  ]
) {
  Deno.test(`rejects the value ${Deno.inspect(value)} without showing it`, () => {
    assert.throws(() => resolve({ authorization: value }), {
      name: "TypeError",
      message:
        'Cannot connect: the header "authorization" must be a string of Latin-1 characters without line breaks.',
    });
  });
}

for (const headers of [null, SECRET, 5, [["authorization", SECRET]]]) {
  Deno.test(`rejects ${Deno.inspect(headers)} without showing it`, () => {
    assert.throws(() => resolve(headers), (error: Error) => {
      assert(error instanceof TypeError);
      assert.match(
        error.message,
        /'headers' must be an object of strings, or Headers\./,
      );
      assert(!error.message.includes(SECRET));
      return true;
    });
  });
}

Deno.test("rejects headers in a browser", () => {
  const agent = Object.getOwnPropertyDescriptor(
    Navigator.prototype,
    "userAgent",
  )!;
  const userAgent = { ...agent, get: () => "Mozilla/5.0 (X11) Chrome/1" };
  Object.defineProperty(Navigator.prototype, "userAgent", userAgent);
  try {
    assert.throws(() => resolve({ a: "b" }), {
      name: "TypeError",
      message:
        "Cannot connect: browsers cannot send 'headers' with a WebSocket. Pass the data in the token.",
    });
    assert.equal(resolve(undefined), undefined);
  } finally {
    Object.defineProperty(Navigator.prototype, "userAgent", agent);
  }
});

for (
  const [url, base, ack, socket] of [
    ["http://a", "http://a", "http://a/hoist/ack", "ws://a/hoist"],
    ["https://a:8/", "https://a:8", "https://a:8/hoist/ack", "wss://a:8/hoist"],
    [
      "ws://a/below",
      "ws://a/below",
      "http://a/below/hoist/ack",
      "ws://a/below/hoist",
    ],
    [
      "wss://a/b/?c#d",
      "wss://a/b/",
      "https://a/b/hoist/ack",
      "wss://a/b/hoist",
    ],
    [
      "http://a/b?c=/d#e",
      "http://a/b",
      "http://a/b/hoist/ack",
      "ws://a/b/hoist",
    ],
    [
      new URL("http://[::1]:5"),
      "http://[::1]:5",
      "http://[::1]:5/hoist/ack",
      "ws://[::1]:5/hoist",
    ],
  ] as const
) {
  Deno.test(`endpointsOf() appends the paths to ${url}`, () => {
    const endpoints = endpointsOf(url);
    assert.deepEqual(
      [endpoints.base, endpoints.ack.href, endpoints.socket.href],
      [base, ack, socket],
    );
  });
}

Deno.test("endpointsOf() keeps the password for the requests, and hides it in errors", () => {
  const { base, ack, socket } = endpointsOf("http://ada:s3same@a/b?key=s3same");
  assert.equal(base, "http://a/b");
  assert.equal(ack.href, "http://ada:s3same@a/b/hoist/ack");
  assert.equal(socket.href, "ws://ada:s3same@a/b/hoist");
});

for (const url of ["htp://ada:s3same@a/b", "http://[a/b?key=s3same#s3same"]) {
  Deno.test(`endpointsOf() hides what is secret in the invalid URL ${url}`, () => {
    assert.throws(() => endpointsOf(url), ({ message }: Error) => {
      assert.match(message, /'url' must be .+ It is ".+a\/b.*"\.$/);
      return !message.includes("s3same");
    });
  });
}
