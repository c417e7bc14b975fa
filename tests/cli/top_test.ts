/** Tests the live view `admin top`. */

import assert from "node:assert/strict";
import type { AdminClient, AdminStats } from "../../admin/types.ts";
import type { Terminal, TerminalSize } from "../../cli/terminal.ts";
import { TopView } from "../../cli/top_view.ts";
import { connect } from "../../client.ts";
import { settlesWithin } from "../../common/async.ts";
import { freePort } from "../../tools/lib/ports.ts";
import { run } from "../support/command_line.ts";
import { serveQuietly } from "../support/server.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

const SIZE: TerminalSize = { columns: 80, rows: 24 };

const STATS: AdminStats = {
  ...{ time: 1_000, node: "n1", version: "1.1.0", uptime: 3_700_000 },
  memory: { rss: 84e6, heapUsed: 3e7, heapTotal: 4e7, external: 1e6 },
  ...{ clients: 2, connections: 3, rooms: 1, pending: 4, buffered: 2_048 },
  ...{ lostUpgrades: 0, nodes: 0, broker: null },
};

function clientOf(id: number, changes: Partial<AdminClient> = {}): AdminClient {
  return {
    ...{ id, globalId: `n1.${id}`, address: "127.0.0.1:4000" },
    ...{ version: "1.1.0", name: `client ${id}`, user: null },
    ...{ isAdmin: false, isSelf: false },
    ...{ connectedAt: Date.now() - 1_000, rooms: 0, pending: 0, buffered: 0 },
    ...changes,
  };
}

function viewOf(clients: readonly AdminClient[]): TopView {
  const view = new TopView("http://localhost:5000");
  view.addStats(STATS);
  const count = clients.length;
  view.addClients({
    ...{ joined: clients, changed: [], left: [], count, isComplete: true },
  });
  return view;
}

/** Returns the names of the clients that the view shows. */
function shownIn(view: TopView, size = SIZE): readonly string[] {
  return view.render(size, false)
    .flatMap((line) => line.match(/client \d+(?= )/) ?? [])
    .filter((name) => name.startsWith("client "));
}

Deno.test("the view fills a terminal of any size, and no more", () => {
  const clients = Array.from(
    { length: 100 },
    (_, id) => clientOf(id, { name: "日本語のとても長い名前".repeat(9) }),
  );
  const view = viewOf(clients);
  for (const rows of [1, 2, 5, 7, 8, 24, 200]) {
    for (const columns of [1, 10, 80, 300]) {
      const lines = view.render({ columns, rows }, false);
      assert.equal(lines.length, rows, `${rows} rows`);
      for (const line of lines) {
        const wide = line.match(/[\u3040-\u9fff]/g)?.length ?? 0;
        assert(line.length + wide <= columns, `${columns}: ${line}`);
      }
    }
  }
});

Deno.test("the view shows the numbers of the server", () => {
  const lines = viewOf([clientOf(1)]).render(SIZE, false);
  assert.match(
    lines[0]!,
    /^Hoist 1\.1\.0 at http:\/\/localhost:5000, up 1 h 1 min/,
  );
  assert.match(
    lines[1]!,
    /^clients 2, connections 3, rooms 1, pending 4, buff/,
  );
  assert.match(lines[2]!, /^measuring the rates$/);
  assert.match(lines[3]!, /^memory 80\.1 MiB \(heap 28\.6 MiB\)$/);
  assert.match(lines.at(-1)!, /^clients 1 to 1 of 1, by pending \| s order/);
});

Deno.test("the view shows for how long it has no answer", () => {
  const view = viewOf([clientOf(1)]);
  const notice = () => view.render(SIZE, false)[4];
  assert.equal(notice(), "");
  view.noteSilence(5_900);
  assert.equal(notice(), "no answer for 5 s: these numbers are old");
  const bar = "no answer for 5 s: these numbers are old".padEnd(80);
  assert.equal(view.render(SIZE, true)[4], `\x1b[7m${bar}\x1b[0m`);
  assert.equal(
    view.render({ columns: 12, rows: 24 }, false)[4],
    "no answer f…",
  );
  view.addStats(STATS);
  assert.equal(notice(), "");
  view.noteSilence(5_900);
  view.reset("the connection was lost");
  assert.equal(notice(), "");
  view.noteSilence(1_000);
  assert.equal(notice(), "no answer for 1 s");
});

Deno.test("the view ignores metrics of the wrong types", () => {
  const view = viewOf([clientOf(1)]);
  const name = "hoist_messages_total";
  for (
    const [index, metrics] of [
      {},
      { counters: null },
      { counters: { [name]: 5 } },
      { counters: { [name]: [null, { value: "5" }, {}] } },
    ].entries()
  ) {
    view.addStats({ ...STATS, time: index * 1_000, metrics: metrics as never });
    assert.match(view.render(SIZE, false)[2]!, /^(0 requests\/s|measuring)/);
  }
});

Deno.test("the view keeps only so many clients, and no long strings", () => {
  const view = viewOf([]);
  const name = "x".repeat(1_000_000);
  const all = Array.from(
    { length: 100_010 },
    (_, id) => clientOf(id, { name }),
  );
  const rest = { changed: [], left: [], count: 1, isComplete: true };
  view.addClients({ joined: all, ...rest });
  assert.match(view.render(SIZE, false).at(-1)!, / of 100000, /);
  const half = all.slice(0, 50_000).map(({ id }) => id);
  view.addClients({ ...rest, joined: [], left: half });
  view.addClients({ ...rest, joined: [clientOf(200_000)] });
  assert.match(view.render(SIZE, false).at(-1)!, / of 50001, /);
});

Deno.test("the view calculates rates from two snapshots", () => {
  const metrics = (count: number) => ({
    counters: {
      hoist_messages_total: [{ value: count }, { value: 2 * count }],
      hoist_operations_total: [{ value: count }],
      hoist_received_bytes_total: [{ value: 1_000 * count }],
    },
  } as unknown as NonNullable<AdminStats["metrics"]>);
  const view = new TopView("http://localhost:5000");
  view.addStats({ ...STATS, time: 1_000, metrics: metrics(0) });
  view.addStats({ ...STATS, time: 3_000, metrics: metrics(10) });
  const line = view.render(SIZE, false)[2];
  assert.equal(line, "20 requests/s, in 4.9 KiB/s, out 0 B/s");
});

Deno.test("the view escapes and shortens what clients send", () => {
  const hostile = `\x1b[2J\u202e${"x".repeat(200)}`;
  const view = viewOf([
    clientOf(1, { name: hostile, version: hostile, user: hostile }),
  ]);
  view.addStats({ ...STATS, version: hostile });
  const text = view.render(SIZE, false).join("");
  assert(!text.includes("\x1b") && !text.includes("\u202e"), text);
});

Deno.test("the key s changes the order of the clients", () => {
  const now = Date.now();
  const view = viewOf([
    clientOf(1, { pending: 9, connectedAt: now - 3_000 }),
    clientOf(2, { buffered: 9, connectedAt: now - 1_000 }),
    clientOf(3, { rooms: 9, connectedAt: now - 2_000 }),
  ]);
  const orders = [];
  for (let n = 0; n < 6; n++) {
    orders.push(shownIn(view).map((name) => name.slice(-1)).join(""));
    assert.equal(view.onKey("s", SIZE), false);
  }
  assert.deepEqual(orders, ["123", "213", "312", "231", "132", "123"]);
});

Deno.test("keys scroll, but not beyond the clients", () => {
  const view = viewOf(Array.from({ length: 50 }, (_, id) => clientOf(id)));
  const first = () => shownIn(view)[0];
  assert.equal(first(), "client 0");
  view.onKey("\x1b[A", SIZE);
  assert.equal(first(), "client 0");
  view.onKey("\x1b[B", SIZE);
  view.onKey("j", SIZE);
  assert.equal(first(), "client 2");
  view.onKey("\x1b[6~", SIZE);
  assert.equal(first(), "client 18");
  for (let n = 0; n < 9; n++) view.onKey(" ", SIZE);
  assert.equal(shownIn(view).at(-1), "client 49");
  view.onKey("k", SIZE);
  assert.equal(shownIn(view).at(-1), "client 48");
  view.onKey("g", SIZE);
  assert.equal(first(), "client 0");
});

Deno.test("the keys q and Ctrl-C end the view", () => {
  const view = viewOf([]);
  const ending = ["q", "Q", "\x03"];
  for (const key of ending) assert.equal(view.onKey(key, SIZE), true);
  for (const key of ["x", "\x1b", ""]) {
    assert.equal(view.onKey(key, SIZE), false);
  }
});

Deno.test("clients change and leave", () => {
  const view = viewOf([clientOf(1), clientOf(2)]);
  const rest = { count: 1, isComplete: true };
  const changed = [clientOf(2, { pending: 1 })];
  view.addClients({ joined: [clientOf(3)], changed, left: [1], ...rest });
  assert.deepEqual(shownIn(view), ["client 2", "client 3"]);
  view.reset("the connection was lost");
  assert.deepEqual(shownIn(view), []);
  assert.match(view.render(SIZE, false)[1]!, /the connection was lost/);
});

/** A terminal that a test controls. */
class TestTerminal implements Terminal {
  size = SIZE;
  screens: string[] = [];
  isStarted = false;
  isDisposed = false;
  press = (_key: string): void => {};
  resize = (): void => {};
  onDraw = (_screen: string): void => {};

  start(): void {
    this.isStarted = true;
  }

  draw(lines: readonly string[]): void {
    assert(this.isStarted && !this.isDisposed);
    const screen = lines.join("\n");
    this.screens.push(screen);
    this.onDraw(screen);
  }

  onKey(listener: (key: string) => void): void {
    this.press = listener;
  }

  onResize(listener: () => void): void {
    this.resize = listener;
  }

  [Symbol.dispose](): void {
    this.isDisposed = true;
  }

  /** Resolves when the screen matches. */
  shows(pattern: RegExp): Promise<void> {
    return new Promise((resolve) => {
      this.onDraw = (screen) => pattern.test(screen) && resolve();
      this.onDraw(this.screens.at(-1) ?? "");
    });
  }
}

const TOKENS = [
  { name: "ops", token: "secret of ops", admin: true },
  { name: "web", token: "secret of web" },
];

function runTop(url: string, terminal: Terminal | null, ...args: string[]) {
  const all = ["admin", "top", "-u", url, "-t", "secret of ops", "-i", "100ms"];
  return run([...all, ...args], {
    openTerminal: () => Promise.resolve(terminal),
  });
}

Deno.test("top shows the clients of a server until q", async () => {
  await using server = serveQuietly({ tokens: TOKENS });
  const terminal = new TestTerminal();
  const ended = runTop(server.url, terminal);
  await terminal.shows(/ops \(this\) +\d+ s/);
  await using client = await connect("secret of web", { url: server.url });
  await terminal.shows(/web +\d+ s/);
  await client.close();
  await terminal.shows(/clients 1 to 1 of 1/);
  terminal.size = { columns: 40, rows: 10 };
  terminal.resize();
  assert.equal(terminal.screens.at(-1)!.split("\n").length, 10);
  terminal.press("q");
  const { code, printed, errors } = await ended;
  assert.deepEqual([code, printed, errors], [0, [], []]);
  assert(terminal.isDisposed);
});

Deno.test("top restores the terminal when it cannot log in", async () => {
  await using server = serveQuietly();
  const terminal = new TestTerminal();
  const { code } = await runTop(server.url, terminal);
  assert.equal(code, 4);
  assert(terminal.isDisposed);
});

Deno.test("top continues after a restart of the server", async () => {
  const port = freePort();
  const first = serveQuietly({ tokens: TOKENS, port });
  const terminal = new TestTerminal();
  const ended = runTop(first.url, terminal);
  await terminal.shows(/ops \(this\) +\d+ s/);
  await first.close();
  await terminal.shows(/the connection was lost, connecting again/);
  await using second = serveQuietly({ tokens: TOKENS, port });
  await terminal.shows(/ops \(this\) +\d+ s/);
  assert.equal(second.clients.size, 1);
  terminal.press("q");
  assert.equal((await ended).code, 0);
});

Deno.test("top ends at q right after the server has closed", async () => {
  await using server = serveQuietly({ tokens: TOKENS });
  const terminal = new TestTerminal();
  const ended = runTop(server.url, terminal);
  await terminal.shows(/ops \(this\) +\d+ s/);
  await server.close();
  // The view waits a moment for the end of the connection, which has closed meanwhile.
  terminal.press("q");
  assert(await settlesWithin(ended, 20_000));
  assert.equal((await ended).code, 0);
});

Deno.test("top shows that a server does not answer, while the connection is open", async () => {
  await using server = serveQuietly({ tokens: TOKENS });
  await using proxy = new TcpProxy(server);
  const terminal = new TestTerminal();
  const ended = runTop(proxy.url, terminal);
  await terminal.shows(/ops \(this\) +\d+ s/);
  proxy.freeze();
  await terminal.shows(/no answer for \d+ s: these numbers are old/);
  assert.match(terminal.screens.at(-1)!, /ops \(this\) +\d+ s/);
  proxy.thaw();
  await terminal.shows(/^(?![^]*no answer)[^]*ops \(this\) +\d+ s/);
  terminal.press("q");
  assert.equal((await ended).code, 0);
});

Deno.test("top ends when its token is revoked", async () => {
  await using server = serveQuietly({ tokens: TOKENS });
  const terminal = new TestTerminal();
  const ended = runTop(server.url, terminal);
  await terminal.shows(/ops \(this\) +\d+ s/);
  await server.revoke("ops");
  const { code } = await ended;
  assert.notEqual(code, 0);
  assert(terminal.isDisposed);
});

Deno.test("top prints lines if there is no terminal", async () => {
  await using server = serveQuietly({ tokens: TOKENS });
  const stop = new AbortController();
  const printed: string[] = [];
  const all = ["admin", "top", "-u", server.url, "-t", "secret of ops"];
  const { code } = await run([...all, "-i", "100ms"], {
    signal: stop.signal,
    print: (line) => {
      printed.push(line);
      if (printed.length === 3) stop.abort();
    },
  });
  assert.equal(code, 130);
  assert.match(
    printed[0]!,
    /^\d\d:\d\d:\d\d clients 1, connections 1, rooms 0/,
  );
  assert.match(printed[2]!, / requests\/s, in [\d.]+ (Ki)?B\/s, out /);
});

Deno.test("top prints JSON, also on a terminal", async () => {
  await using server = serveQuietly({ tokens: TOKENS });
  const stop = new AbortController();
  const terminal = new TestTerminal();
  const printed: string[] = [];
  const all = ["admin", "top", "-u", server.url, "-t", "secret of ops"];
  await run([...all, "-i", "100ms", "--json"], {
    openTerminal: () => Promise.resolve(terminal),
    signal: stop.signal,
    print: (line) => {
      printed.push(line);
      stop.abort();
    },
  });
  const stats: AdminStats = JSON.parse(printed[0]!);
  assert.equal(stats.clients, 1);
  assert.equal(stats.metrics, undefined);
  assert.deepEqual(terminal.screens, []);
});
