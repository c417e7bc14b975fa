/** What a collector of OpenTelemetry gets from the default logger. */

import assert from "node:assert/strict";
import { makeScript, Program } from "../support/program.ts";

/** A log record in the JSON of the OpenTelemetry Protocol. */
interface OtlpRecord {
  readonly severityText: string;
  readonly body: { readonly stringValue: string };
}

/** The body of a request that exports log records. */
interface OtlpLogs {
  readonly resourceLogs: readonly {
    readonly scopeLogs: readonly {
      readonly logRecords: readonly OtlpRecord[];
    }[];
  }[];
}

/** Runs a script whose telemetry is exported; returns its output and the records. */
async function runExported(source: string) {
  const records: OtlpRecord[] = [];
  await using collector = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const body: Partial<OtlpLogs> = await request.json();
      for (const { scopeLogs } of body.resourceLogs ?? []) {
        records.push(...scopeLogs.flatMap(({ logRecords }) => logRecords));
      }
      return Response.json({});
    },
  );
  await using script = await makeScript(source);
  await using program = new Program(["--allow-net", script.path], {
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
  });
  assert.equal(await program.ended, 0);
  return { lines: program.output.lines, records };
}

const OPTIONS = `{ hostname: "127.0.0.1", port: 0 }`;

const SERVER = `import { serve } from "${
  import.meta.resolve("../../server.ts")
}";`;

Deno.test("no collector gets a token from the startup line", async () => {
  const { lines, records } = await runExported(`${SERVER}
    await using generated = serve(${OPTIONS});
    await using given = serve("given-secret", { ...${OPTIONS}, showToken: true });
    await using json = serve({ ...${OPTIONS}, logFormat: "json" });
    await using _hidden = serve("hidden-secret", ${OPTIONS});
    console.log("tokens:", generated.token, json.token);
  `);
  const output = lines.join("\n");
  const [, generated = "", json = ""] = /tokens: (\w+) (\w+)/.exec(output) ??
    [];
  const startups = lines.filter((line) => line.includes("startup"));
  for (const token of [generated, "given-secret", json]) {
    assert(startups.some((line) => line.includes(` with token ${token}`)));
  }
  const exported = records.map(({ body }) => body.stringValue)
    .filter((body) => !body.startsWith("tokens:")).join("\n");
  assert.match(exported, /startup: starting server on [\d.:]+$/m);
  assert.match(exported, /shutdown: server closed/);
  assert.doesNotMatch(exported, /with token|-secret/);
});

const LOG = `import { Log } from "${
  import.meta.resolve("../../server/log.ts")
}";`;

Deno.test("the lines have the severity of their level", async () => {
  const { records } = await runExported(`${LOG}
    const log = new Log({ logLevel: "debug" });
    log.debug("key", () => "text");
    log.info("key", "text");
    log.warn("key", "text");
    log.error("key", "text");
  `);
  assert.deepEqual(
    records.map(({ severityText, body }) =>
      `${severityText}: ${
        body.stringValue.trim().split(" ").slice(1).join(" ")
      }`
    ),
    ["DEBUG", "INFO", "WARN", "ERROR"].map((level) =>
      `${level}: ${level} key: text`
    ),
  );
});

Deno.test("without telemetry, nothing is on standard output", async () => {
  await using script = await makeScript(`${LOG}
    globalThis[Symbol.for("opentelemetry.js.api.1")] = { trace: {} };
    const log = new Log({ logLevel: "debug" });
    log.debug("key", () => "text");
    log.info("key", "text");
  `);
  await using program = new Program([script.path]);
  assert.equal(await program.ended, 0);
  assert.equal(program.output.lines.length, 2);
  assert(program.output.lines.every((line) => line.startsWith("error ")));
});
