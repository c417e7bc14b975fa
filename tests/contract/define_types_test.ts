/** Tests of the errors of TypeScript for an invalid contract. */

import assert from "node:assert/strict";
import { cleanEnvironment } from "../support/environment.ts";

const CONFIG = new URL("../deno.json", import.meta.url).pathname;
const HEAD = `
import { defineContract } from "@hoist/cli";
import { z } from "zod";
`;

const WRONG = [
  {
    part: "operations: { add: { inpt: z.object(), output: z.number() } }",
    place: "inpt",
    why:
      "unknown key: the keys are 'input', 'output', 'yields', 'errors' and 'requires'",
  },
  {
    part: "operations: { rows: { output: z.number(), yields: z.number() } }",
    place: "yields",
    why: "an operation has either 'output' or 'yields'",
  },
  {
    part: "operations: { sum: { input: z.array(z.number()) } }",
    place: "input",
    why: "data must be an object: wrap the array in an object",
  },
  {
    part: "messages: { hello: { data: z.object(), reply: {} } }",
    place: "reply",
    why: "unknown key: the keys are 'data', 'replies', 'errors' and 'requires'",
  },
  {
    part: "events: { news: { requires: {} } }",
    place: "requires",
    why: "events require nothing: the server sends them",
  },
  {
    part: "operations: { buy: { errors: { sold_out: z.array(z.number()) } } }",
    place: "sold_out",
    why: "data must be an object: wrap the array in an object",
  },
  {
    part: "events: { news: { data: z.object(), errors: {} } }",
    place: "errors",
    why: "events have no errors: clients do not send any",
  },
  {
    part: "rooms: { lobby: { events: {}, evnt: {} } }",
    place: "evnt",
    why:
      "unknown key: the keys are 'events', 'publishes', 'presence' and 'claims'",
  },
  {
    part:
      "rooms: { lobby: { events: { hi: { data: z.object(), reply: {} } } } }",
    place: "reply",
    why: "unknown key: the keys are 'data' and 'latest'",
  },
  {
    part: "rooms: { lobby: { publishes: ['hi'] } }",
    place: "publishes",
    why: "the room has no events",
  },
  {
    part: "rooms: { lobby: { events: { hi: z.array(z.number()) } } }",
    place: "hi",
    why: "data must be an object: wrap the array in an object",
  },
  {
    part: "rooms: { lobby: { presence: z.array(z.number()) } }",
    place: "presence",
    why: "data must be an object: wrap the array in an object",
  },
  {
    part:
      "rooms: { lobby: { events: { hi: { data: z.object({ n: z.string().transform(Number) }) } } } }",
    place: "data",
    why:
      "events of rooms keep their type: use a schema that does not transform its input",
  },
];

/** Mistakes in `publishes` and `latest`, and a part of the error. */
const MISTAKEN = [
  [
    "{ events: { hello: z.object() }, publishes: ['helo'] }",
    "Type '\"helo\"' is not assignable to type '\"hello\"'",
  ],
  [
    "{ events: { move: { data: z.object({ id: z.number() }), latest: ({ ide }) => ide } } }",
    "Property 'ide' does not exist on type '{ id: number; }'",
  ],
  [
    "{ events: { move: { data: z.object({ id: z.number() }), latest: () => true } } }",
    "Type 'boolean' is not assignable to type 'string | number'",
  ],
] as const;

/** Returns the errors of TypeScript for a module, without colors. */
async function errorsOf(code: string): Promise<string> {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, code);
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--config", CONFIG, "--no-lock", path],
      ...cleanEnvironment({ NO_COLOR: "1" }),
    }).output();
    return new TextDecoder().decode(stderr);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("TypeScript reports the position and the reason of an invalid contract", async () => {
  const lines = WRONG.map(({ part }) => `defineContract({ ${part} });`);
  const text = await errorsOf(HEAD + lines.join("\n"));
  for (const [index, { place, why }] of WRONG.entries()) {
    const line = lines[index]!;
    assert(text.includes(`is not assignable to type '"${why}"'`), text);
    const marked = " ".repeat(line.indexOf(place)) + "~".repeat(place.length);
    assert(text.includes(`${line}\n${marked}\n`), text);
  }
  assert(text.includes(`Found ${WRONG.length} errors`), text);
});

Deno.test("TypeScript reports unknown events in `publishes`, and an invalid `latest`", async () => {
  const lines = MISTAKEN.map(([room]) =>
    `defineContract({ rooms: { lobby: {}, room: ${room} } });`
  );
  const text = await errorsOf(HEAD + lines.join("\n"));
  for (const [_, why] of MISTAKEN) assert(text.includes(why), text);
  assert(text.includes(`Found ${MISTAKEN.length} errors`), text);
});
