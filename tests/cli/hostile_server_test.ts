/** Commands against servers whose answers are malformed. */

import assert from "node:assert/strict";
import { COMMANDS } from "../../cli/commands.ts";
import { runAgainst } from "../support/client_command.ts";
import { ackResponse, fakeServer } from "../support/fake_server.ts";

/** The commands that talk to a server, with arguments. */
const CLIENT_COMMANDS = COMMANDS.filter(({ flags }) => "url" in flags)
  .map(({ name, arguments: words = [], flags }) =>
    [
      ...name.split(" "),
      ...words.filter(({ isOptional }) => !isOptional).map(({ name }) =>
        name === "FILE" ? "a.json" : "7"
      ),
      ...["--timeout", "300ms"],
      ...["count" in flags ? ["-n", "1"] : []],
      ...["seconds" in flags ? ["--seconds", "1", "-c", "1"] : []],
    ].flat()
  );

const SUCCESS = {
  ...{ success: true, error: null, code: 0, message: null, desc: null },
};

const FEATURES = ["heartbeat", "stream", "rooms", "done-id"];

const DEEP = `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`;

/** What the server answers to a request, as JSON without its id. */
const ANSWERS: Readonly<Record<string, string>> = mapJson({
  "no data": { ...SUCCESS, data: null },
  "an empty object": { ...SUCCESS, data: {} },
  "wrong types": {
    ...SUCCESS,
    data: {
      ...{ result: [{ toString: 1 }], id: 7, name: 7, members: 7, rooms: 7 },
      ...{ joined: 7, changed: "", left: {}, isComplete: 1 },
    },
  },
  "a deep result": { ...SUCCESS, data: { result: "deep" } },
  "deep items": {
    ...SUCCESS,
    message: "items",
    data: { items: ["deep"], ids: null },
  },
  "items of the wrong types": {
    ...SUCCESS,
    message: "items",
    data: { items: [null, 7, { toString: 1 }, { joined: 7 }], ids: 7 },
  },
  "a message of no room": { ...SUCCESS, message: "newmsg", data: {} },
  "an error without a known code": {
    ...{ success: false, code: 192, error: "A", message: "b", data: 7 },
  },
  "an error with a negative code": {
    ...{ success: false, code: -62, error: "A", message: "b", data: 7 },
  },
  "an error with half a code": {
    ...{ success: false, code: 1.5, error: "A", message: "b", data: 7 },
  },
  "a contract without schemas": {
    ...{ messages: { a: 7 }, events: { a: null }, operations: { a: {} } },
    rooms: { a: { events: { b: null } } },
  },
});

function mapJson(answers: Readonly<Record<string, object>>) {
  const entries = Object.entries(answers).map(([kind, answer]) => [
    kind,
    JSON.stringify(answer).replace('"deep"', DEEP),
  ]);
  return Object.fromEntries(entries);
}

/** Runs a command against a server that answers each request in the same way. */
async function runAgainstHostile(args: readonly string[], answer: string) {
  await using server = fakeServer(
    (socket, frame) => {
      const { id, end } = frame;
      if (end === true) return socket.close();
      const login = JSON.stringify({
        ...SUCCESS,
        data: { features: FEATURES },
      });
      const json = "token" in frame ? login : answer;
      socket.send(json.replace("{", `{"id":${id},`));
    },
    (request) =>
      new URL(request.url).pathname === "/hoist/contract"
        ? new Response(answer)
        : ackResponse(),
  );
  return await runAgainst(server, args, {
    readTextFile: () =>
      Promise.resolve('{"messages":{},"events":{},"operations":{}}'),
    // Some commands wait without an end.
    signal: AbortSignal.timeout(1_000),
  });
}

for (const [kind, answer] of Object.entries(ANSWERS)) {
  Deno.test(`no command blames the user for ${kind}`, async () => {
    await Promise.all(CLIENT_COMMANDS.map(async (args) => {
      const { code, errors } = await runAgainstHostile(args, answer);
      const output = `${args.join(" ")} ended with ${code}: ${errors}`;
      assert(Number.isInteger(code) && code !== 2, output);
      assert(code >= 0 && code <= 130, output);
      assert.doesNotMatch(output, /\n +at /);
    }));
  });
}
