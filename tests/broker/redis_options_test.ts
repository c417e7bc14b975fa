/** The options of `redis`. */

import assert from "node:assert/strict";
import { redis, type RedisOptions } from "../../broker/redis.ts";
import { checkRedisOptions } from "../../broker/redis_options.ts";
import { makeCertificate } from "../support/certificate.ts";

Deno.test("redis() needs no options, and connects to nothing", async () => {
  const { host, port, isTls, username, password, prefix, timeout } =
    checkRedisOptions({});
  assert.deepEqual(
    { host, port, isTls, username, prefix, timeout },
    {
      ...{ host: "localhost", port: 6379, isTls: false },
      ...{ username: "default", prefix: "hoist", timeout: 5_000 },
    },
  );
  assert.equal(await password(), undefined);
  assert.equal(redis().name, "Redis");
  const { broker, cluster } = redis().open();
  await broker[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

Deno.test("redis() reads the address and the credentials in the URL", async () => {
  const settings = checkRedisOptions({
    url: "rediss://us%40er:p%3Aw@[::1]:7000/0",
  });
  assert.equal(settings.host, "::1");
  assert.equal(settings.port, 7_000);
  assert.equal(settings.isTls, true);
  assert.equal(settings.username, "us@er");
  assert.equal(await settings.password(), "p:w");
  const url = "redis://a:b@localhost";
  const other = checkRedisOptions({ url, username: "c", password: "d" });
  assert.equal(other.username, "c");
  assert.equal(await other.password(), "d");
});

const { cert } = makeCertificate();

for (
  const [options, expected] of [
    [{ urls: "" }, /unknown option 'urls'\. Did you mean 'url'\?/],
    [{ url: "" }, /'url' must be a non-empty string/],
    [{ url: 5 }, /'url' must be a non-empty string\. It is 5/],
    [{ url: "localhost:6379" }, /'url' must be a URL such as "redis:/],
    [{ url: "http://localhost" }, /'url' must be a URL such as "redis:/],
    [{ url: "http://a:s3cret@x" }, /'url' must be a URL such as "redis:/],
    [{ url: "redis://a:s3cret@:x" }, /'url' must be a URL such as "redis:/],
    [{ url: "redis://x/1" }, /must not name a database.*"\/1".*'prefix'/],
    [{ url: "redis://x?s3cret" }, /must not have a query or a fragment/],
    [{ url: "redis://:s3cret%@x" }, /not encoded correctly/],
    [{ username: "" }, /'username' must be a non-empty string/],
    [{ password: "" }, /'password' must be a non-empty string, or a function/],
    [{ password: ["s3cret"] }, /'password' must be a non-empty string, or/],
    [{ caCerts: cert, url: "rediss://x" }, /'caCerts' must be an array/],
    [{ caCerts: ["ca.pem"], url: "rediss://x" }, /'caCerts' must be an array/],
    [{ caCerts: [cert] }, /'caCerts' needs TLS\. Let 'url' begin/],
    [{ prefix: "a:b" }, /'prefix' must be 1 to 40 characters/],
    [{ prefix: "x".repeat(41) }, /'prefix' must be 1 to 40 characters/],
    [{ timeout: 99 }, /'timeout' must be a number of milliseconds from 100/],
    [{ timeout: "5" }, /'timeout' must be a number of milliseconds from 100/],
  ] as const
) {
  Deno.test(`redis(${Deno.inspect(options).slice(0, 50)}) is refused`, () => {
    assert.throws(
      () => redis(options as RedisOptions),
      (error: Error) => {
        assert(error instanceof TypeError || error instanceof RangeError);
        assert.match(error.message, /^Cannot use Redis: /);
        assert.match(error.message, expected);
        assert.doesNotMatch(error.message, /s3cret/);
        return true;
      },
    );
  });
}
