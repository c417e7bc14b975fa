/** How a server logs in to NATS, and what it does when NATS refuses it. */

import assert from "node:assert/strict";
import { NatsCluster } from "../../broker/nats_cluster.ts";
import type { NatsCredentials } from "../../broker/nats_options.ts";
import { NatsEngine } from "../../tools/engines/nats.ts";
import { makeCertificate } from "../support/certificate.ts";
import { withEngine } from "../support/engines.ts";
import { linkTo } from "../support/nats.ts";
import { makeAccount, makeUser } from "../support/nats_accounts.ts";
import { NatsBench } from "../support/nats_bench.ts";
import { Node } from "./cluster_bench.ts";

const SECRET = "a secret of ada";

const TOKEN = `authorization { token: "${SECRET}" }`;

function loginTest(
  what: string,
  { config, credentials }: {
    readonly config: string;
    readonly credentials: NatsCredentials;
  },
): void {
  Deno.test(`NATS: logs in with ${what}, and not without`, async () => {
    await using engine = await NatsEngine.start({ config });
    await using bench = await NatsBench.start(engine, { credentials });
    await bench.publish("a", "1");
    await assert.rejects(NatsBench.start(engine), {
      name: "PublishError",
      outcome: "none",
      message: /refused the login: .*Check the option 'credentials'/,
    });
  });
}

function assertHidden(errors: readonly (Error | undefined)[]): void {
  const texts = errors.map((error) => Deno.inspect(error, { depth: 10 }));
  assert(!texts.join("\n").includes(SECRET));
}

await withEngine("the login of NATS", () => {
  loginTest("a token", { config: TOKEN, credentials: { token: SECRET } });
  loginTest("a password", {
    config: `authorization { user: "ada", password: "${SECRET}" }`,
    credentials: { user: "ada", password: SECRET },
  });
  const user = makeUser();
  loginTest("an nkey", {
    config: `authorization { users: [{ nkey: "${user.publicKey}" }] }`,
    credentials: user.seed,
  });
  loginTest("a .creds file", makeAccount());

  Deno.test("NATS: reports a refused login at the start, and later", async () => {
    await using engine = await NatsEngine.start({ config: TOKEN });
    const wrong = new NatsCluster(
      linkTo(engine, { credentials: { token: `not ${SECRET}` } }),
    );
    const refused = new Node("refused", wrong);
    await assert.rejects(wrong.start("refused", refused), {
      name: "PublishError",
      message: /refused the login/,
    });
    assert.deepEqual(refused.states, ["refused"]);
    await wrong[Symbol.asyncDispose]();

    await using bench = await NatsBench.start(engine, {
      credentials: { token: SECRET },
    });
    await engine.reload('authorization { token: "another" }');
    await bench.until(() => bench.states.at(-1) === "refused");
    await assert.rejects(bench.publish("a", "1"), { outcome: "none" });
    await bench.until(() => bench.errors.length >= 3);
    assertHidden([...refused.errors, ...bench.errors]);
    await bench.restartedBy(() => engine.reload(TOKEN));
    await bench.publish("a", "1");
  });

  Deno.test("NATS: encrypts with TLS, and refuses an unknown authority", async () => {
    const { cert, key } = makeCertificate();
    const directory = await Deno.makeTempDir();
    await Deno.writeTextFile(`${directory}/cert.pem`, cert);
    await Deno.writeTextFile(`${directory}/key.pem`, key);
    const config =
      `tls { cert_file: "${directory}/cert.pem", key_file: "${directory}/key.pem" }`;
    await using engine = await NatsEngine.start({ config });
    const servers = [`tls://localhost:${engine.port}`];
    await using bench = await NatsBench.start(engine, {
      servers,
      caCerts: [cert],
    });
    await bench.publish("a", "1");
    const other = makeCertificate();
    for (const caCerts of [undefined, [other.cert]]) {
      await assert.rejects(NatsBench.start(engine, { servers, caCerts }), {
        name: "PublishError",
        message: /UnknownIssuer|CaUsedAsEndEntity|BadSignature|invalid peer/,
      });
    }
    await Deno.remove(directory, { recursive: true });
  });

  Deno.test("NATS: sends no login without TLS if the URL demands it", async () => {
    await using engine = await NatsEngine.start({ config: TOKEN });
    const servers = [`tls://127.0.0.1:${engine.port}`];
    await assert.rejects(
      NatsBench.start(engine, { servers, credentials: { token: SECRET } }),
      { message: /offers no TLS, but its URL begins with tls:/ },
    );
  });

  Deno.test("NATS: says that JetStream is missing", async () => {
    await using engine = await NatsEngine.start({ jetStream: false });
    await assert.rejects(NatsBench.start(engine), {
      name: "PublishError",
      message: /no JetStream for this account: .*Enable jetstream/,
    });
  });

  Deno.test("NATS: says that it is not there", async () => {
    const engine = await NatsEngine.start();
    await engine[Symbol.asyncDispose]();
    await assert.rejects(NatsBench.start(engine), {
      name: "PublishError",
      outcome: "none",
      message: /Cannot reach NATS at nats:\/\/127\.0\.0\.1:\d+: /,
    });
  });

  Deno.test("NATS: tries the other servers of the cluster", async () => {
    await using engine = await NatsEngine.start();
    const servers = ["nats://127.0.0.1:1", engine.url];
    for (let n = 0; n < 5; n++) {
      await using bench = await NatsBench.start(engine, { servers });
      await bench.publish("a", "1");
    }
  });
});

Deno.test("NATS: says that it is too old, and ends the connection", async () => {
  await assert.rejects(startAt('{"version":"2.10.9","max_payload":9}'), {
    message: /NATS 2\.10\.9 is too old\. Update it to 2\.11\.0 or later/,
  });
});

Deno.test("NATS: says that a server is none of NATS", async () => {
  for (const line of ["SSH-2.0-OpenSSH_9.2", "INFO nonsense", "INFO {x}"]) {
    await assert.rejects(startAt(line), { name: "PublishError" });
  }
});

/** Starts a broker with a server that begins with a line, and answers pings. */
async function startAt(line: string): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    using connection = await listener.accept();
    const first = line.startsWith("{") ? `INFO ${line}` : line;
    await connection.write(new TextEncoder().encode(`${first}\r\n`));
    const buffer = new Uint8Array(4_096);
    while (await connection.read(buffer).catch(() => null) !== null) {
      await connection.write(new TextEncoder().encode("PONG\r\n"))
        .catch(() => {});
    }
  })();
  const { port } = listener.addr;
  const engine = { url: `nats://127.0.0.1:${port}` } as NatsEngine;
  try {
    await using _bench = await NatsBench.start(engine);
  } finally {
    await serving;
  }
}
