/** The errors of connect() if the server has a certificate that the client rejects. */

import assert from "node:assert/strict";
import { type Flaws, makeCertificate } from "../support/certificate.ts";
import { runScript } from "../support/run_script.ts";
import { serveQuietly } from "../support/server.ts";

/** Connects to a server with a certificate and returns the error. */
async function failure(flaws: Flaws, isTrusted: boolean): Promise<string> {
  const { cert, key } = makeCertificate(flaws);
  await using server = serveQuietly({ cert, key });
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, cert);
    const url = `https://localhost:${server.addr.port}`;
    const { stdout } = await runScript(
      ["--allow-net", ...(isTrusted ? ["--cert", file] : [])],
      `
      import { connect } from "@hoist/cli";
      await connect("test", { url: "${url}" }).catch((error) => {
        console.log(error.name, error.message);
      });
      Deno.exit();
    `,
    );
    return stdout.replace(url, "URL").trimEnd();
  } finally {
    await Deno.remove(file);
  }
}

const PREFIX =
  "ConnectError Cannot connect to URL: the TLS certificate of the server ";

for (
  const [what, flaws, isTrusted, reason] of [
    [
      "that is not trusted",
      {},
      false,
      "is not trusted. Add its certificate authority to the option 'caCerts'.",
    ],
    [
      "of a certificate authority",
      { isAuthority: true },
      true,
      "is the certificate of a certificate authority (CaUsedAsEndEntity). Use a certificate that the authority has issued, or create it with basicConstraints=CA:FALSE.",
    ],
    [
      "that has expired",
      { end: "210101000000Z" },
      true,
      "has expired. Renew it, or check the clock of this device.",
    ],
    [
      "for another host",
      { host: "a.example" },
      true,
      "is for another host name. Use the name of the certificate in the URL.",
    ],
  ] as readonly [string, Flaws, boolean, string][]
) {
  Deno.test(`connect() reports a certificate ${what}`, async () => {
    assert.equal(await failure(flaws, isTrusted), PREFIX + reason);
  });
}
