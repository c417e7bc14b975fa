/** Programs in Node that use the client. */

import { join } from "node:path";
import type { Server } from "../../server.ts";
import { run } from "./process.ts";

const ROOT = new URL("../../", import.meta.url);

/** The modules that only Deno loads: docs/guide/browser.md. */
const FOR_DENO = "*/deno_socket_opener.ts";

/** A folder with the client, bundled for a browser, and the WebSocket of npm's `ws`. */
export class NodeProgram implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Bundles the client as `client.js`, and installs `ws`. */
  static async create(): Promise<NodeProgram> {
    const node = new NodeProgram(await Deno.makeTempDir());
    await node.bundle("client.js", "--external", FOR_DENO);
    await Deno.writeTextFile(
      join(node.#folder, "package.json"),
      JSON.stringify({ type: "module", dependencies: { ws: "8.18.3" } }),
    );
    await run(Deno.execPath(), ["install"], { cwd: node.#folder });
    return node;
  }

  /** Bundles the client for browsers into a file of the folder. */
  async bundle(name: string, ...flags: string[]): Promise<void> {
    const output = ["--output", join(this.#folder, name)];
    const args = ["bundle", "--platform", "browser", ...flags, ...output];
    await run(Deno.execPath(), [...args, "client.ts"], { cwd: ROOT });
  }

  /** Returns the code of a bundle. The examples in comments import `node:assert`. */
  async readCode(name: string): Promise<string> {
    const code = await Deno.readTextFile(join(this.#folder, name));
    return code.replaceAll(/^\s*\*.*$/gm, "");
  }

  /** Runs code with a connection to a server; returns what it prints. */
  runClient(server: Server, code: string): Promise<unknown> {
    return this.runScript(
      server.url,
      `const connection = await connect("test", { url, WebSocket });
      ${code}
      await connection.close();`,
    );
  }

  /** Runs code with the client; returns what it prints. */
  async runScript(url: string, code: string): Promise<unknown> {
    const script =
      `import { ConnectError, connect, LoginError, ResponseError } from "./client.js";
      import { WebSocket } from "ws";
      const print = (value) => console.log(JSON.stringify(value));
      ${url === "" ? "" : "const url = process.env.HOIST_URL;"}
      ${code}`;
    const args = ["--input-type=module", "--eval", script];
    const env = { HOIST_URL: url };
    return JSON.parse(await run("node", args, { cwd: this.#folder, env }));
  }

  /** Removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}
