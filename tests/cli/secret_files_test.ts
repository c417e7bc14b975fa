/** Flags that name a file of a secret: users pass the secret itself by mistake. */

import assert from "node:assert/strict";
import { COMMANDS, runCommand } from "../../cli/commands.ts";
import { flagName } from "../../cli/parse.ts";
import { makeContext } from "../support/command_line.ts";

/** What users can pass instead of a path. */
const SECRETS = [
  "kYdhQwUAFcNpVJzGbTmLxEsRo",
  `eyJ.${"x".repeat(5_000)}`,
  "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n",
  "a\0secret",
  "etc/secret/",
];

/** The flags of all commands that name a file, with the command. */
const FLAGS = COMMANDS.flatMap(({ name, flags }) =>
  Object.entries(flags)
    .filter(([, { placeholder }]) => placeholder === "path")
    .map(([key]) => [name, `--${flagName(key)}`] as const)
);

/** Other flags and arguments without which a command does not read the file. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  "--cert": ["--key", "key.pem"],
  "--key": ["--cert", "cert.pem"],
  "--ca-cert": ["--token", "test"],
  "--versus-token-file": ["--token", "test", "--versus", ":1"],
};

/** Arguments of commands: a name, a room, or the id of a client. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  publish: ["room", "said"],
  "contract check": ["contract.json"],
};

/** Returns the arguments of a command. */
function argumentsOf(command: string, flag: string, value: string) {
  const needsWord = COMMANDS.some(({ name, arguments: [first] = [] }) =>
    name === command && first !== undefined && !first.isOptional
  );
  const words = WORDS[command] ?? (needsWord ? ["7"] : []);
  return [
    ...[...command.split(" "), ...words, ...NEEDED[flag] ?? []],
    `${flag}=${value}`,
  ];
}

/** The content of the other files. */
const CONTRACT = '{"messages":{},"events":{},"operations":{}}';

/** Reads only the file that the secret names. */
function readAs(secret: string, isAllowed: boolean) {
  return async (path: string): Promise<string> => {
    if (path !== secret) return CONTRACT;
    if (!isAllowed) throw new Deno.errors.NotCapable(`access to "${path}"`);
    return await Deno.readTextFile(path);
  };
}

for (const [command, flag] of FLAGS) {
  for (const isAllowed of [true, false]) {
    Deno.test(`${command} ${flag} never shows a secret in place of a path, ${isAllowed ? "with" : "without"} permission`, async () => {
      for (const secret of SECRETS) {
        const { context, errors, printed } = makeContext({
          readTextFile: readAs(secret, isAllowed),
          askSecret: () => Promise.resolve("test"),
        });
        const args = argumentsOf(command, flag, secret);
        const code = await runCommand(args, context);
        const output = [...errors, ...printed].join("\n");
        assert.equal(code, 1, output);
        assert(output.includes(`Cannot read the file of ${flag}: `), output);
        const shown = secret.replaceAll(/\W+/g, " ").trim().split(" ");
        for (const part of shown.filter(({ length }) => length > 3)) {
          assert(!output.includes(part.slice(0, 20)), output);
        }
      }
    });
  }
}

for (const path of ["token", "file", "e"]) {
  Deno.test(`the error about a file says what to do, although its words contain the path ${path}`, async () => {
    const readTextFile = (error: Error) => () => Promise.reject(error);
    const { NotCapable, NotFound } = Deno.errors;
    const errorOf = async (error: Error) => {
      const { context, errors } = makeContext({
        readTextFile: readTextFile(error),
      });
      await runCommand(["serve", "--token-file", path], context);
      return errors.join("\n");
    };
    const missing = await errorOf(new NotFound(`readfile '${path}'`));
    assert(missing.includes("the file does not exist"), missing);
    const denied = await errorOf(new NotCapable(`access to "${path}"`));
    assert(denied.includes("the permission is missing"), denied);
  });
}
