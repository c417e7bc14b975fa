/** Networks that can be cut between a node and an engine. */

import assert from "node:assert/strict";
import { Process } from "../lib/process.ts";
import { pause, within } from "../lib/deadline.ts";
import { dialPort } from "../lib/relay.ts";
import { NamespaceNetwork } from "./namespaces.ts";
import { type Network, RelayNetwork } from "./network.ts";

/** Sends a line to an address each time it reads one, and prints the answers. */
const ECHO = `
  const [hostname, port] = Deno.args;
  const connection = await Deno.connect({ hostname, port: Number(port) });
  console.log("connected");
  connection.readable.pipeTo(Deno.stdout.writable);
  await Deno.stdin.readable.pipeTo(connection.writable);
`;

/** Starts an engine that sends back what it gets. */
function startEcho(): Deno.TcpListener {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  void (async () => {
    for await (const connection of listener) {
      void connection.readable.pipeTo(connection.writable).catch(() => {});
    }
  })();
  return listener;
}

/** Runs a program in a network. */
function start({ command, engine }: Network, script: string): Process {
  const [program, ...args] = [
    ...[...command, Deno.execPath(), "run", "--allow-net", script],
    ...[engine.hostname, String(engine.port)],
  ];
  return new Process({ command: program!, args });
}

/** Checks that nothing arrives while the network is cut, and everything later. */
async function checkCut(network: Network): Promise<void> {
  const script = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(script, ECHO);
  await using node = start(network, script);
  assert.equal(await node.next(10_000), "connected");
  assert.equal(await node.request(1, 5_000), 1);
  await network.cut();
  const arrived: number[] = [];
  const answer = node.request<number>(2, 20_000)
    .then((n) => void arrived.push(n));
  await pause(500);
  assert.deepEqual(arrived, []);
  await network.heal();
  await within(answer, 20_000, () => "nothing arrived after the cut");
  await Deno.remove(script);
}

Deno.test("a relay holds back what a node and its engine send", async () => {
  using echo = startEcho();
  const { port } = echo.addr as Deno.NetAddr;
  await using network = new RelayNetwork(dialPort(() => port));
  await checkCut(network);
});

Deno.test("a namespace drops what a node and its engine send", async (test) => {
  using echo = startEcho();
  const { port } = echo.addr as Deno.NetAddr;
  const network = await NamespaceNetwork.create(dialPort(() => port));
  if (network === undefined) {
    // Creating a namespace needs Linux, root and iproute2.
    await test.step({ name: "no namespaces here", ignore: true, fn() {} });
    return;
  }
  await using _network = network;
  await checkCut(network);
});
