/** Redirects of `fetchUrl`. */

import assert from "node:assert/strict";
import type { Network } from "../../builtins/get.ts";
import {
  BAD_REDIRECT,
  get,
  NOT_PUBLIC,
  redirect,
  urlError,
} from "../support/fetching.ts";
import { serve } from "../support/site.ts";

for (const status of [301, 302, 303, 307, 308]) {
  Deno.test(`follows a redirect with status ${status} to an allowed URL`, async () => {
    await using other = serve(() => new Response("text"));
    await using site = serve(() => redirect(other.at("/data/there"), status));
    const allow = [site.at("/"), other.at("/data")];
    assert.equal(await get(site.at("/here"), { allow }), "text");
    assert.equal(other.requests[0]?.method, "GET");
    assert.equal(other.requests[0].headers.referer, undefined);
  });
}

Deno.test("follows a relative redirect", async () => {
  await using site = serve(({ url }) =>
    url.endsWith("/a/b") ? redirect("../c?d") : new Response(url)
  );
  const allow = [site.at("/")];
  assert.equal(await get(site.at("/a/b"), { allow }), site.at("/c?d"));
});

/** Redirects as often as the path says, and then responds. */
function countDown({ url }: Request): Response {
  const left = Number(new URL(url).pathname.slice(1));
  return left === 0 ? new Response("text") : redirect(`/${left - 1}`);
}

Deno.test("follows five redirects, and no more", async () => {
  await using site = serve(countDown);
  const allow = [site.at("/")];
  assert.equal(await get(site.at("/5"), { allow }), "text");
  assert.equal(site.requests.length, 6);
  assert.equal(
    await urlError(get(site.at("/6"), { allow })),
    "it redirects more than 5 times. Request the final URL.",
  );
  assert.equal(site.requests.length, 12);
});

Deno.test("ends a loop of redirects", async () => {
  await using site = serve(() => redirect(""));
  assert.equal(
    await urlError(get(site.at("/"))),
    "it redirects more than 5 times. Request the final URL.",
  );
});

Deno.test("does not follow a redirect to a URL that is not allowed", async () => {
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
    assert.equal(await urlError(fetched), BAD_REDIRECT, location);
    assert.equal(site.requests.length, 1);
  }
  assert.deepEqual(other.requests, []);
});

Deno.test("does not follow a redirect with credentials to an allowed URL", async () => {
  await using site = serve(({ url }) =>
    redirect(url.replace("//", "//user:password@"))
  );
  assert.equal(await urlError(get(site.at("/data"))), BAD_REDIRECT);
  assert.equal(site.requests.length, 1);
});

Deno.test("checks the address of each redirect", async () => {
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
  assert.equal(await urlError(fetched), NOT_PUBLIC);
  assert.equal(site.requests.length, 1);
});
