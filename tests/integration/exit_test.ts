/**
 * Programs that have closed their servers and connections end by themselves. Each of
 * their timers would otherwise keep them alive for an hour.
 */

import assert from "node:assert/strict";
import { makeScript, Program } from "../support/program.ts";

/** How long a program has to end, in milliseconds: much less than an hour. */
const PATIENCE = 30_000;

const IMPORTS = `
  import { connect, createConnection } from "${
  import.meta.resolve("../../client.ts")
}";
  import { memory } from "${import.meta.resolve("../../broker/memory.ts")}";
  import { defineContract, Server, serve } from "${
  import.meta.resolve("../../server.ts")
}";
  import { TcpPeer } from "${import.meta.resolve("../support/tcp_peer.ts")}";
  const HOUR = 3_600_000;
  const local = { hostname: "127.0.0.1", port: 0 };
  const tokens = [{ name: "guest", token: "a secret", expires: Date.now() + HOUR }];
  const forever = () => new Promise(() => {});
  const open = async (url) => {
    const socket = new WebSocket(url.replace("http", "ws") + "/hoist");
    await new Promise((resolve) => socket.onopen = resolve);
    return socket;
  };

  /** Removes the idle timers of Deno, which would run for 15 seconds. */
  const removeIdleTimers = () => {
    const { upgradeWebSocket } = Deno;
    Deno.upgradeWebSocket = (request) => upgradeWebSocket(request, { idleTimeout: 0 });
  };

  /** Starts a server with one client. */
  const serveOne = async () => {
    removeIdleTimers();
    const server = serve("test", local);
    return { server, peer: await TcpPeer.logIn(server) };
  };

  /** Starts a server whose login function never decides; "asked" resolves at a login. */
  const serveSlowLogin = () => {
    const { promise: asked, resolve } = Promise.withResolvers();
    const login = () => (resolve(), forever());
    const limits = { loginTimeout: HOUR };
    const contract = defineContract({});
    const options = { ...local, login, limits, contract, exposeContract: true };
    return { server: serve(options), asked };
  };
`;

/** The programs by what they leave behind. */
const PROGRAMS: Readonly<Record<string, string>> = {
  "a server that never listened and whose token expires": `
    new Server({ tokens });
  `,
  "a server with an admin that reads its numbers once in an hour": `
    const admins = [{ name: "ops", token: "a secret", admin: true }];
    const server = serve({ ...local, tokens: admins });
    const ops = await connect("a secret", { url: server.url });
    const input = { interval: HOUR };
    for await (const _ of ops.stream("hoist.admin.stats", input)) break;
    const stats = ops.stream("hoist.admin.stats", input)[Symbol.asyncIterator]();
    await stats.next();
    const next = stats.next().catch(() => {});
    await server.close();
    await next;
    await ops.close();
  `,
  "a server with a broker whose port is in use": `
    const listener = Deno.listen(local);
    const { port } = listener.addr;
    try {
      serve("test", { ...local, port, broker: memory() });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
    listener.close();
  `,
  "a server with a broker that never listened": `
    new Server("test", { broker: memory() });
  `,
  "closed servers with members in the same room": `
    const broker = memory();
    const servers = [serve("test", { ...local, broker }), serve("test", { ...local, broker })];
    for (const server of servers) {
      server.defineRoom("a", { authorize: () => true });
      const connection = await connect("test", { url: server.url });
      await connection.join("a");
    }
    await servers[0].room("a").broadcast("hi", {}, { ledger: true });
    for (const server of servers) await server.close();
  `,
  "a server that was closed before it was connected": `
    const broker = { name: "x", open: () => {
      const connection = memory().open();
      connection.cluster.start = () => Promise.reject(new Error("not now"));
      return connection;
    } };
    const server = serve("test", { ...local, broker });
    setTimeout(() => server.close(), 500);
    await server.cluster.ready;
  `,
  "a server that looks for the servers of other threads for an hour": `
    delete console.createTask;
    const { setTimeout } = globalThis;
    globalThis.setTimeout = (run) => setTimeout(run, HOUR);
    new Server("test");
  `,
  "a closed server and clients that used rooms": `
    const server = serve("test", local);
    server.defineRoom("a", { history: { size: 9 }, authorize: () => true, publish: true });
    const options = { url: server.url, reconnect: true };
    const connection = await connect("test", options);
    const room = await connection.join("a", { since: "other.1.a" });
    await room.publish("hi");
    const lost = await connect("test", options);
    await lost.join("a");
    lost.reconnect();
    await server.room("a").broadcast("hi");
    await Promise.all([connection.close(), lost.close()]);
    await server.close();
  `,
  "a closed server whose token expires": `
    const server = serve("test", { ...local, tokens });
    await server.close();
  `,
  "a closed server whose old token is still accepted": `
    const server = serve("test", local);
    await server.rotate("next", { grace: HOUR });
    await server.close();
    await server.rotate("another", { grace: HOUR });
  `,
  "a closed server that was about to listen again": `
    const { serve: listen } = Deno;
    const lost = Promise.reject(new Error("Too many open files"));
    const port = { addr: { hostname: "127.0.0.1", port: 4_000 }, finished: lost };
    Deno.serve = () => {
      Deno.serve = listen;
      return port;
    };
    const logger = { ...console, error() {} };
    const server = serve("test", { ...local, logger });
    await new Promise((resolve) => logger.error = resolve);
    await server.close();
  `,
  "a closed server with clients that have not logged in": `
    const server = serve("test", { ...local, limits: { loginTimeout: HOUR } });
    await open(server.url);
    await server.close();
  `,
  "a closed server with rejected logins": `
    const server = serve("test", { ...local, limits: { loginFailureWindow: HOUR } });
    for (let n = 0; n < 3; n++) {
      await connect("wrong", { url: server.url }).catch(() => {});
    }
    await server.close();
  `,
  "a closed server whose login function never decided": `
    const { server, asked } = serveSlowLogin();
    connect("test", { url: server.url }).catch(() => {});
    await asked;
    await server.close();
  `,
  "a closed server whose login function never decided about an HTTP request": `
    const { server, asked } = serveSlowLogin();
    const headers = { authorization: "Bearer test" };
    fetch(server.url + "/hoist/contract", { headers }).catch(() => {});
    await asked;
    await server.close();
  `,
  "a closed server that began to decide about a login while it closed": `
    removeIdleTimers();
    let decide;
    const { promise: asked, resolve } = Promise.withResolvers();
    const login = () => (resolve(), new Promise((resolve) => decide ??= resolve));
    // At most one decision at a time
    const limits = { loginTimeout: HOUR, maxLoginFailures: 1 };
    const server = serve({ ...local, login, limits });
    // The server closes the first 64 connections in one turn, and the others later.
    for (let n = 0; n < 64; n++) await open(server.url);
    for (let n = 0; n < 2; n++) {
      const socket = await open(server.url);
      socket.send(JSON.stringify({ id: 0, token: "x", version: "1.0.0" }));
    }
    await asked;
    // The second login arrives before this connection.
    await open(server.url);
    const closed = server.close();
    decide(true);
    await closed;
  `,
  "a closed server whose onConnect never finished": `
    removeIdleTimers();
    const { promise: called, resolve } = Promise.withResolvers();
    const onConnect = () => (resolve(), forever());
    const limits = { loginTimeout: HOUR };
    const server = serve("test", { ...local, limits, onConnect });
    await TcpPeer.logIn(server);
    await called;
    await server.close({ timeout: 1 });
  `,
  "a closed server whose onDisconnect never finished": `
    removeIdleTimers();
    const server = serve("test", { ...local, closeTimeout: 1, onDisconnect: forever });
    await TcpPeer.logIn(server);
    await server.close();
  `,
  "a closed server with a client whose login expires": `
    const login = (_server, _token, context) => (context.expireAt(Date.now() + HOUR), true);
    const server = serve({ ...local, login });
    await connect("test", { url: server.url });
    await server.close();
  `,
  "a closed server with requests in progress": `
    const server = serve("test", local);
    const connection = await connect("test", { url: server.url });
    connection.receive("wait", forever);
    for (const client of server.clients) {
      client.request("wait", {}, { timeout: HOUR });
    }
    await server.close({ timeout: 1 });
  `,
  "a closed server that waited for a handler": `
    const server = serve("test", { ...local, closeTimeout: HOUR });
    let finish;
    server.operation("wait", () => new Promise((resolve) => finish = resolve));
    const connection = await connect("test", { url: server.url });
    const done = connection.operation("wait");
    await connection.message("anything");
    const closed = server.close();
    finish();
    await closed;
    await done;
  `,
  "a closed server with a stream that nobody reads": `
    const server = serve("test", local);
    server.operation("count", async function* () {
      for (let n = 0;; n++) yield "x".repeat(10_000);
    });
    const connection = await connect("test", { url: server.url });
    await connection.stream("count", {}, { buffer: 1_000 }).next();
    await server.close({ timeout: 1 });
  `,
  "a closed server whose client has vanished": `
    const { server, peer } = await serveOne();
    peer[Symbol.dispose]();
    while (server.clients.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await server.close();
  `,
  "a closed server whose client with heartbeats has vanished": `
    // A timer of Deno would keep the program alive for half of this time.
    const server = serve("test", { ...local, idleTimeout: HOUR });
    const headers = ["Sec-WebSocket-Protocol: hoist.v1, hoist.heartbeat"];
    const peer = await TcpPeer.logIn(server, { headers });
    peer[Symbol.dispose]();
    while (server.clients.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await server.close();
  `,
  "a heartbeat whose WebSocket does not keep the program alive": `
    const { Heartbeat } = await import("${
    import.meta.resolve("../../client/heartbeat.ts")
  }");
    const target = { socket: {}, ping() {}, onSilent() {} };
    new Heartbeat({ interval: HOUR, timeout: HOUR }, target);
  `,
  "a closed server whose client vanished after its goodbye": `
    const { server, peer } = await serveOne();
    await peer.send({ end: true });
    peer[Symbol.dispose]();
    await server.close();
  `,
  "a closed server whose client answered the Close frame with another frame": `
    const { server, peer } = await serveOne();
    const closed = server.close();
    await peer.closed();
    await peer.send({ id: 1, action: "message", message: "late", data: {} });
    peer[Symbol.dispose]();
    await closed;
  `,
  "a closed server whose client ignored the Close frame": `
    const { server, peer } = await serveOne();
    await server.close();
    peer[Symbol.dispose]();
  `,
  "a closed connection": `
    await using server = serve("test", local);
    const connection = await connect("test", { url: server.url, timeout: HOUR });
    await connection.close();
  `,
  "a closed connection with requests in progress": `
    await using server = serve("test", { ...local, closeTimeout: 1 });
    server.operation("wait", forever);
    const connection = await connect("test", { url: server.url });
    connection.operation("wait", {}, { timeout: HOUR });
    connection.stream("wait").next();
    await connection.close();
  `,
  "a closed connection that waited to reconnect": `
    // The delay is random.
    Math.random = () => 1;
    const server = serve("test", local);
    const reconnect = { minDelay: HOUR, maxDelay: HOUR };
    const connection = await connect("test", { url: server.url, reconnect });
    const waiting = new Promise((resolve) =>
      connection.onState(({ delay }) => delay === HOUR && resolve()));
    await server.close();
    await waiting;
    connection.operation("wait", {}, { timeout: HOUR });
    connection.operation("wait", {}, { timeout: HOUR, idempotent: true });
    await connection.close();
  `,
  "a closed connection that never opened": `
    Math.random = () => 1;
    const reconnect = { minDelay: HOUR, maxDelay: HOUR };
    const options = { url: "http://127.0.0.1:1", reconnect, timeout: HOUR };
    const connection = createConnection("test", options);
    const waiting = new Promise((resolve) =>
      connection.onState(({ delay }) => delay === HOUR && resolve()));
    connection.operation("wait", {}, { timeout: HOUR });
    await waiting;
    await connection.close();
  `,
  "a closed connection whose token function never settles": `
    const connection = createConnection(forever, { timeout: HOUR });
    await Promise.resolve();
    await connection.close();
  `,
  "an attempt to connect that was aborted": `
    const listener = Deno.listen(local);
    const url = "http://127.0.0.1:" + listener.addr.port;
    const controller = new AbortController();
    const { signal } = controller;
    const attempt = connect("test", { url, timeout: HOUR, signal });
    const connection = await listener.accept();
    controller.abort();
    await attempt.catch(() => {});
    listener.close();
    connection.close();
  `,
};

for (const [name, source] of Object.entries(PROGRAMS)) {
  Deno.test(`a program ends after ${name}`, async () => {
    await using script = await makeScript(IMPORTS + source);
    await using program = new Program([
      "--no-check",
      "--allow-net",
      script.path,
    ]);
    let timer: number | undefined;
    const late = new Promise<string>((resolve) => {
      timer = Number(setTimeout(() => resolve("alive"), PATIENCE));
    });
    const code = await Promise.race([program.ended, late]);
    clearTimeout(timer);
    assert.equal(code, 0, program.output.lines.join("\n"));
  });
}
