/** Accounts and users of NATS that log in with keys. */

import { nkeys } from "../../broker/nats_client.ts";

type KeyPair = ReturnType<typeof nkeys.createUser>;

/** A user with an nkey. */
export interface NatsUser {
  readonly publicKey: string;
  readonly seed: string;
}

/** Makes a user. */
export function makeUser(): NatsUser {
  const pair = nkeys.createUser();
  return { publicKey: pair.getPublicKey(), seed: seedOf(pair) };
}

/** Makes a configuration with an account, and the .creds file of a user of it. */
export function makeAccount(): {
  readonly config: string;
  readonly credentials: string;
} {
  const operator = nkeys.createOperator();
  const account = nkeys.createAccount();
  const user = nkeys.createUser();
  const system = nkeys.createAccount();
  const unlimited = { subs: -1, data: -1, payload: -1 };
  const limits = {
    ...unlimited,
    ...{ imports: -1, exports: -1, conn: -1, leaf: -1, wildcards: true },
  };
  const storage = { mem_storage: -1, disk_storage: -1, streams: -1 };
  const tokens = [
    [account, { ...limits, ...storage, consumer: -1 }] as const,
    [system, limits] as const,
  ].map(([pair, limits]) =>
    `${pair.getPublicKey()}: "${
      sign(operator, pair, { type: "account", limits })
    }"`
  );
  const operatorJwt = sign(operator, operator, { type: "operator" });
  const userJwt = sign(account, user, {
    ...{ type: "user", pub: {}, sub: {} },
    ...unlimited,
  });
  return {
    // JetStream needs an account for the server itself.
    config: [
      `operator: "${operatorJwt}"`,
      `system_account: ${system.getPublicKey()}`,
      "resolver: MEMORY",
      `resolver_preload: { ${tokens.join(", ")} }`,
    ].join("\n"),
    credentials:
      `-----BEGIN NATS USER JWT-----\n${userJwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${
        seedOf(user)
      }\n------END USER NKEY SEED------\n`,
  };
}

/** Makes a token that one key has signed about another one. */
function sign(issuer: KeyPair, subject: KeyPair, nats: object): string {
  const header = { typ: "JWT", alg: "ed25519-nkey" };
  const claims = {
    jti: crypto.randomUUID(),
    iat: Math.floor(Date.now() / 1_000),
    iss: issuer.getPublicKey(),
    name: "test",
    sub: subject.getPublicKey(),
    nats: { ...nats, version: 2 },
  };
  const content = [header, claims].map((part) =>
    base64(new TextEncoder().encode(JSON.stringify(part)))
  ).join(".");
  const signature = issuer.sign(new TextEncoder().encode(content));
  return `${content}.${base64(signature)}`;
}

function seedOf(pair: KeyPair): string {
  return new TextDecoder().decode(pair.getSeed());
}

function base64(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
