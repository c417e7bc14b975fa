/**
 * The output of `--help`.
 *
 * @module
 */

import { VERSION } from "../version.ts";

/** Describes the command line. Fits a terminal of 80 columns and 40 lines. */
export const HELP =
  `Hoist ${VERSION}: a token-protected WebSocket server for named messages

Usage: deno run -N jsr:@hoist/cli [serve] [options]

Options:
  -t, --token <token>            Token of the clients [default: random]
                                 Other users of this machine can read it in the
                                 process list. --token-file and HOIST_TOKEN are
                                 safer.
      --token-file <path>        Read the token from a file (needs -R)
  -H, --hostname <address>       Address to listen on [default: 0.0.0.0]
  -p, --port <port>              Port; 0 selects a free port [default: 5000]
  -m, --minimum-version <x.y.z>  Minimum version of a client
      --token-length <number>    Length of a random token [default: 25]
      --token-alphabet <string>  Characters of a random token [default: a-zA-Z]
      --hide-token               Omit a random token from the startup line
      --show-token               Show a given token in the startup line
      --cert <path>              TLS certificate chain, PEM (needs -R)
      --key <path>               TLS private key, PEM (needs -R)
  -l, --log-level <level>        debug, info, warn, error, critical
                                 [default: info]
      --log-format <format>      text or json [default: text]
      --debug                    Like --log-level debug, and log HTTP requests
      --trace                    Like --debug, with function names
  -v, --version                  Print the version
  -h, --help                     Print this help

Environment:
  HOIST_TOKEN    Token of the clients. Without --allow-env=HOIST_TOKEN, it is
                 ignored.

Examples:
  deno run -N jsr:@hoist/cli -H 127.0.0.1
  deno run -NR jsr:@hoist/cli --token-file token.txt -p 8080
  deno run -N --allow-env=HOIST_TOKEN jsr:@hoist/cli`;
