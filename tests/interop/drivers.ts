/** Runs the Python programs of the tests, which read and write lines of JSON. */

import { connect } from "../../client.ts";
import type { Connection } from "../../client/connection.ts";
import type { ConnectOptions } from "../../client/options.ts";
import type { Json, JsonObject } from "../../common/json.ts";
import type { WireMessage } from "../../protocol/message.ts";
import type { Server } from "../../server.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { serveQuietly } from "../support/server.ts";
import { MissingPythonError, setUpPython } from "./setup.ts";

/** The path of the interpreter, or `undefined` if this machine has no python3. */
const interpreter = await findPython();

async function findPython(): Promise<string | undefined> {
  try {
    return await setUpPython();
  } catch (error) {
    if (!(error instanceof MissingPythonError)) throw error;
    const advice = "Then run 'deno task interop'.";
    console.error(`The tests are ignored. ${error.message} ${advice}`);
    return undefined;
  }
}

/** Registers a test that needs Python. Without python3, the test is ignored. */
export function testWithPython(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, ignore: interpreter === undefined });
}

/** The time limit of a test in milliseconds, far more than any test needs. */
const LIMIT = 60_000;

/** A running Python program. */
class Driver {
  readonly #script: string;
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #output: ReadableStreamDefaultReader<string>;
  readonly #errors: Promise<string>;
  #unread = "";

  constructor(script: string, args: readonly string[]) {
    this.#script = script;
    this.#process = new Deno.Command(interpreter!, {
      args: [`${import.meta.dirname}/${script}`, ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { stdin, stdout, stderr } = this.#process;
    this.#input = stdin.getWriter();
    this.#output = stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#errors = new Response(stderr).text();
  }

  /** Resolves to the next line of the program. */
  async next(): Promise<Json> {
    while (!this.#unread.includes("\n")) {
      const { done, value } = await this.#output.read();
      if (done) throw new Error(`${this.#script} ended before it answered`);
      this.#unread += value;
    }
    const end = this.#unread.indexOf("\n");
    const line = this.#unread.slice(0, end);
    this.#unread = this.#unread.slice(end + 1);
    return JSON.parse(line);
  }

  /** Sends a command to the program and returns its response. */
  async request(command: Json): Promise<Json> {
    const line = new TextEncoder().encode(`${JSON.stringify(command)}\n`);
    // If the program has ended, `next` reports it.
    await this.#input.write(line).catch(() => {});
    return await this.next();
  }

  /** Waits for the end of the program and throws if it fails. */
  async finish(): Promise<void> {
    await this.#input.close().catch(() => {});
    const { code } = await this.#process.status;
    if (code !== 0) throw new Error(`${this.#script} ended with code ${code}`);
  }

  /** Kills the program if it is running, and returns its standard error. */
  async kill(): Promise<string> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // The program has already ended.
    }
    await this.#process.status;
    await this.#input.close().catch(() => {});
    await this.#output.cancel();
    return await this.#errors;
  }
}

/** Runs a program during a test. */
async function withDriver(
  script: string,
  args: readonly string[],
  test: (driver: Driver) => Promise<void>,
): Promise<void> {
  const driver = new Driver(script, args);
  const expired = Promise.withResolvers<never>();
  const timer = setTimeout(
    () =>
      expired.reject(
        new Error(`The test did not end within ${LIMIT} ms: ${script}`),
      ),
    LIMIT,
  );
  const finished = test(driver).then(() => driver.finish());
  try {
    await Promise.race([finished, expired.promise]);
  } catch (error) {
    console.error(await driver.kill());
    throw error;
  } finally {
    clearTimeout(timer);
    await driver.kill();
  }
}

/** An exception of Python, as `<name of the class>: <message>`. */
export class PythonError extends Error {
  override name = "PythonError";
}

/** A Python client. */
export class PythonClient {
  readonly #driver: Driver;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  /** Connects. With `watched`, `close` waits for the Close frame of the server. */
  async connect(
    server: Server,
    options: {
      readonly token?: string;
      readonly watched?: boolean;
      readonly minimum_version?: string;
    } = {},
  ): Promise<void> {
    await this.#run("connect", { url: server.url, token: "test", ...options });
  }

  /** Calls an operation and returns the result. */
  operation(name: string, data: JsonObject = {}): Promise<Json> {
    return this.#run("operation", name, data);
  }

  /** Calls `Connection.print`, `Connection.read` or `Connection.get`. */
  shortcut(name: "print" | "read" | "get", argument: string): Promise<Json> {
    return this.#run("shortcut", name, argument);
  }

  /** Calls the operation `add` with a number that JSON does not have. */
  addNotANumber(): Promise<Json> {
    return this.#run("add_not_a_number");
  }

  /** Sends a message and returns it. */
  async message(name: string, data: Json = {}): Promise<WireMessage> {
    return await this.#run("message", name, data) as unknown as WireMessage;
  }

  /** Registers a listener that replies to every message of a name. */
  async answer(question: string, name: string, data: Json): Promise<void> {
    await this.#run("answer", question, name, data);
  }

  /** Returns the messages that the listeners received since the last call. */
  async received(): Promise<WireMessage[]> {
    return await this.#run("received") as unknown as WireMessage[];
  }

  /** Closes the connection and returns the close code if it was opened `watched`. */
  close(): Promise<Json> {
    return this.#run("close");
  }

  async #run(...command: readonly Json[]): Promise<Json> {
    const answer = await this.#driver.request(command) as JsonObject;
    if (typeof answer.error !== "string") return answer.result ?? null;
    throw new PythonError(answer.error);
  }
}

/** Runs a Python client during a test, and throws if the client fails. */
export function withPythonClient(
  test: (python: PythonClient) => Promise<void>,
): Promise<void> {
  const run = (driver: Driver) => test(new PythonClient(driver));
  return withDriver("client.py", [], run);
}

/** Runs a Python client that is connected to a server during a test. */
export function withConnectedClient(
  server: Server,
  test: (python: PythonClient) => Promise<void>,
): Promise<void> {
  return withPythonClient(async (python) => {
    await python.connect(server);
    await test(python);
  });
}

/** A Python server. */
export class PythonServer {
  readonly url: string;
  readonly #driver: Driver;

  constructor(driver: Driver, url: string) {
    this.#driver = driver;
    this.url = url;
  }

  /** Connects a client of this package. */
  connect(
    options: ConnectOptions & { token?: string } = {},
  ): Promise<Connection> {
    const { token = "test", ...rest } = options;
    return connect(token, { url: this.url, ...rest });
  }

  /** Closes the server. */
  async close(): Promise<void> {
    await this.#driver.request("close");
  }
}

/** Runs a Python server during a test, and throws if the server fails. */
export function withPythonServer(
  test: (python: PythonServer) => Promise<void>,
  options: { readonly minimum_version?: string; readonly eager?: boolean } = {},
): Promise<void> {
  const port = freePort();
  const args = [String(port), JSON.stringify(options)];
  return withDriver("server.py", args, async (driver) => {
    await driver.next();
    await test(new PythonServer(driver, `http://127.0.0.1:${port}`));
  });
}

/** A metric, as the parser of `prometheus_client` reads it. */
export interface PythonMetric {
  /** Without the suffix `_total` of counters */
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly (readonly [
    name: string,
    labels: Readonly<Record<string, string>>,
    value: number,
  ])[];
}

/** Reads the metrics of a server with the package `prometheus_client`. */
export async function readMetricsWithPython(
  { url }: { readonly url: string },
  token: string,
): Promise<readonly PythonMetric[]> {
  let metrics: unknown;
  await withDriver("metrics.py", [], async (driver) => {
    metrics = await driver.request({ url: `${url}/hoist/metrics`, token });
  });
  return metrics as readonly PythonMetric[];
}

/** Starts a server with an operation that shows that a connection works. */
export function serveAdd(
  options: Parameters<typeof serveQuietly>[0] = {},
): Server {
  const server = serveQuietly(options);
  server.operation("add", ({ a, b }) => Number(a) + Number(b));
  return server;
}

/** Returns the error that a Python client raises with this message. */
export function raised(message: string): PythonError {
  return new PythonError(message);
}
