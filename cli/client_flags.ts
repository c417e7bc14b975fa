/**
 * The flags of the commands that talk to a server.
 *
 * @module
 */

import { duration, text, toggle, wholeNumber } from "./flags.ts";
import { type Argument, type FlagValues, UsageError } from "./parse.ts";

const TOKEN = {
  short: "t",
  placeholder: "token",
  help:
    "Token of the server. Other users of this machine can read it in the process list",
};

/** The flags of every command that sends requests to a server. */
export const SERVER_FLAGS = {
  url: text({
    short: "u",
    placeholder: "url",
    shownDefault: "HOIST_URL, or http://localhost:5000",
    help: "URL of the server",
  }),
  token: text({ ...TOKEN, shownDefault: "HOIST_TOKEN, or a question" }),
  tokenFile: text({
    placeholder: "path",
    help: "Read the token from a file (needs -R)",
  }),
  caCert: text({
    placeholder: "path",
    help: "Also trust this certificate authority, PEM (needs -R)",
  }),
  timeout: duration({
    placeholder: "time",
    default: "10s",
    help: "How long to wait for each answer, such as 500ms, 5s or 2m",
  }),
  json: toggle({ help: "Print one line of JSON for each result" }),
  quiet: toggle({ short: "q", help: "Print only results and errors" }),
};

/** The values of the flags of every command that sends requests to a server. */
export type ServerFlags = FlagValues<typeof SERVER_FLAGS>;

/** Checks the flags together. */
export function refineServerFlags<Flags extends ServerFlags>(
  flags: Flags,
): Flags {
  if (flags.token === undefined || flags.tokenFile === undefined) return flags;
  throw new UsageError("Use either --token or --token-file, not both.");
}

/** The flags of the commands that send data. */
export const DATA_FLAGS = {
  ...SERVER_FLAGS,
  data: text({
    short: "d",
    placeholder: "json",
    help:
      "The data as a JSON object; @path reads it from a file (needs -R), and - from the standard input",
  }),
};

/** The values of the flags of the commands that send data. */
export type DataFlags = FlagValues<typeof DATA_FLAGS>;

const COUNT = {
  count: wholeNumber({
    short: "n",
    placeholder: "number",
    min: 1,
    help: "End after this number of results",
  }),
};

/** The flags of the command `stream`. */
export const STREAM_FLAGS = {
  ...DATA_FLAGS,
  ...COUNT,
  resume: toggle({
    help:
      "Continue the stream after a reconnect. The handler has to yield tracked items",
  }),
};

/** The flags of the command `listen`. */
export const LISTEN_FLAGS = { ...SERVER_FLAGS, ...COUNT };

/** The flags of the command `join`. */
export const JOIN_FLAGS = {
  ...LISTEN_FLAGS,
  last: wholeNumber({
    placeholder: "number",
    max: 1_000,
    help: "Print this number of messages of the history first",
  }),
  since: text({
    placeholder: "position",
    help:
      "Print the messages of the history after this position first, which --json shows with each message",
  }),
  members: toggle({ help: "Print the members, and who joins and leaves" }),
  hidden: toggle({ help: "Do not show this client to the other members" }),
};

/** The flags of the command `doctor`. */
export const DOCTOR_FLAGS = {
  ...SERVER_FLAGS,
  // The doctor never asks for a token.
  token: text({ ...TOKEN, shownDefault: "HOIST_TOKEN" }),
  origin: text({
    placeholder: "origin",
    help:
      "Also check whether a web page of this origin can connect, such as https://example.org",
  }),
};

/** The flags of the command `ping`. */
export const PING_FLAGS = {
  ...SERVER_FLAGS,
  ...COUNT,
  interval: duration({
    short: "i",
    placeholder: "time",
    default: "1s",
    help:
      "The time between two pings. More than one ping per second counts for the limit maxRate",
  }),
};

/** The flags of the command `bench`. */
export const BENCH_FLAGS = {
  ...DATA_FLAGS,
  message: toggle({ help: "NAME is a message, and not an operation" }),
  size: wholeNumber({
    placeholder: "bytes",
    max: 100_000_000,
    default: 32,
    help: "Length of the data, if there is no other",
  }),
  connections: wholeNumber({
    short: "c",
    placeholder: "number",
    ...{ min: 1, max: 10_000, default: 10 },
    help: "Connections at the same time",
  }),
  concurrency: wholeNumber({
    placeholder: "number",
    ...{ min: 1, max: 10_000, default: 10 },
    help: "Requests in progress on each connection",
  }),
  rate: wholeNumber({
    placeholder: "number",
    min: 1,
    help:
      "Requests per second of all connections together, whose latencies begin when they are due",
  }),
  seconds: wholeNumber({
    placeholder: "number",
    ...{ min: 1, max: 86_400, default: 10 },
    help: "Duration for each server",
  }),
  versus: text({
    placeholder: "url",
    help: "Compare with a second server",
  }),
  versusTokenFile: text({
    placeholder: "path",
    help: "The token of the second server, if it differs",
  }),
};

/** The flags of the command `admin disconnect`. */
export const DISCONNECT_FLAGS = {
  ...SERVER_FLAGS,
  code: wholeNumber({
    placeholder: "number",
    ...{ min: 1_000, max: 4_999, default: 1_000 },
    help: "Close code: 1000, or 3000 to 4999",
  }),
  reason: text({
    placeholder: "string",
    help: "Reason that the client receives",
  }),
};

/** The flags of the command `admin top`. */
export const TOP_FLAGS = {
  ...SERVER_FLAGS,
  interval: duration({
    short: "i",
    placeholder: "time",
    default: "1s",
    help: "The time between two updates, at least 100ms",
  }),
};

/** The flags of the command `token`. */
export const TOKEN_FLAGS = {
  tokenLength: wholeNumber({
    placeholder: "number",
    shownDefault: "25",
    help: "How many characters",
  }),
  tokenAlphabet: text({
    placeholder: "string",
    shownDefault: "a-zA-Z",
    help: "The characters",
  }),
};

/** The flags of the command `completions`: none of its own. */
export const COMPLETION_FLAGS = {};

/** The shells that `completions` knows. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** The argument that names what the server has. */
export const NAME: Argument = { name: "NAME", help: "its name" };

/** The arguments with the data. */
export const DATA: Argument = {
  name: "DATA",
  help: "fields of the data: KEY=VALUE for a string, KEY:=JSON for any JSON",
  isOptional: true,
  isRepeated: true,
};
