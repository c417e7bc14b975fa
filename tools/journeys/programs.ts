/**
 * The journeys: short programs that run a server and a client in one process.
 *
 * @module
 */

/** The name of a journey, as the table shows it. */
export type JourneyName = keyof typeof JOURNEYS;

/** A program that repeats one journey a number of times. */
export type Program = (library: Library, count: number) => Promise<void>;

/**
 * The entry module of the package. The checkout that is measured can be an older one,
 * so nothing is known about its types.
 */
// deno-lint-ignore no-explicit-any -- the types of another checkout are unknown here
export type Library = any;

/** The token of the server. */
const TOKEN = "journeys";

/** All journeys, in the order of the table. */
export const JOURNEYS = {
  "login (HTTP ack, upgrade, login, close)": logIn,
  "message -> listener -> 1 reply -> done": sendMessage,
  "operation": callOperation,
  "broadcast to one client": broadcast,
  "one more stream item": readStream,
} satisfies Record<string, Program>;

/** Starts the server of a journey on a free port. */
export function startServer({ serve }: Library): Library {
  const server = serve(TOKEN, {
    hostname: "127.0.0.1",
    port: 0,
    logLevel: "warn",
  });
  server.receive("hello", (message: Library) => message.reply("hi"));
  server.operation("add", ({ a, b }: Library) => a + b);
  server.operation("numbers", async function* ({ count }: Library) {
    for (let n = 0; n < count; n++) {
      yield n;
      // Without a pause, several items travel in one frame.
      await pause(1);
    }
  });
  return server;
}

/** Connects a client to the server on a port of this machine. */
export function openConnection(
  { connect }: Library,
  port: number,
): Promise<Library> {
  return connect(TOKEN, { url: `http://127.0.0.1:${port}` });
}

async function logIn(library: Library, count: number): Promise<void> {
  const server = startServer(library);
  for (let times = 0; times < count; times++) {
    const connection = await openConnection(library, server.addr.port);
    await connection.close();
    while (server.clients.size > 0) await pause(1);
  }
  await server.close();
}

function sendMessage(library: Library, count: number): Promise<void> {
  return withConnection(library, async ({ connection }) => {
    for (let times = 0; times < count; times++) {
      await connection.message("hello");
    }
  });
}

function callOperation(library: Library, count: number): Promise<void> {
  return withConnection(library, async ({ connection }) => {
    for (let times = 0; times < count; times++) {
      await connection.operation("add", { a: 1, b: 2 });
    }
  });
}

function broadcast(library: Library, count: number): Promise<void> {
  return withConnection(library, async ({ server, connection }) => {
    let onNews = (): void => {};
    connection.receive("news", () => onNews());
    for (let times = 0; times < count; times++) {
      const received = new Promise<void>((resolve) => onNews = resolve);
      await server.broadcast("news");
      await received;
    }
  });
}

function readStream(library: Library, count: number): Promise<void> {
  return withConnection(library, async ({ connection }) => {
    for await (const _ of connection.stream("numbers", { count })) {
      // Only the items on their way are of interest.
    }
  });
}

async function withConnection(
  library: Library,
  run: (ends: { server: Library; connection: Library }) => Promise<void>,
): Promise<void> {
  const server = startServer(library);
  const connection = await openConnection(library, server.addr.port);
  await run({ server, connection });
  await connection.close();
  await server.close();
}

/** Waits for a number of milliseconds. */
export function pause(duration: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration));
}
