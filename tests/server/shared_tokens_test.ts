import assert from "node:assert/strict";
import type { Credential, TokenStore } from "../../server/credentials.ts";
import type { ServerNode } from "../../server/node.ts";
import { SharedTokens } from "../../server/shared_tokens.ts";

const [OLD, NEW, GONE] = ["a", "b", "c"].map((digit) => digit.repeat(64));

Deno.test("a token that cannot be forgotten does not keep a replaced one valid", async () => {
  const until = Date.now() - 31 * 86_400_000;
  const state = new Map([
    ["revoked-c", JSON.stringify({ name: "ci", digest: GONE, until })],
    [
      "rotation",
      JSON.stringify({ current: NEW, old: [{ digest: OLD, until }] }),
    ],
  ]);
  const shared = {
    list: (prefix: string) =>
      Promise.resolve(
        new Map([...state].filter(([key]) => key.startsWith(prefix))),
      ),
    delete: () => Promise.reject(new Error("NATS refuses this")),
  };
  const applied: string[] = [];
  const tokens = new SharedTokens(
    { shared } as unknown as ServerNode,
    {
      revokeDigest: (name: string) => void applied.push(name),
      follow: ({ current }: { readonly current: string }) => {
        applied.push(current);
        return { name: "old" } as unknown as Credential;
      },
    } as unknown as TokenStore,
    { onRevoked: () => {}, onRotated: () => applied.push("rotated") },
  );
  await assert.rejects(tokens.read(), { message: "NATS refuses this" });
  assert.deepEqual(applied, ["ci", NEW, "rotated"]);
});
