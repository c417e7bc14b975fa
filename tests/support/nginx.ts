/** Runs nginx in front of a server. */

import { join } from "node:path";
import { freePort } from "../../tools/lib/ports.ts";

const NGINX = "/usr/sbin/nginx";

/** Whether this machine has nginx */
export const hasNginx = await Deno.stat(NGINX).then(() => true, () => false);

if (!hasNginx) {
  console.error(
    `The tests with nginx are ignored: ${NGINX} is missing. Install the package nginx-light.`,
  );
}

/** An nginx that runs in a folder of its own */
export class Nginx implements AsyncDisposable {
  /** Where the first server of the configuration is */
  readonly url: string;
  readonly #folder: string;
  readonly #child: Deno.ChildProcess;

  private constructor(
    url: string,
    folder: string,
    child: Deno.ChildProcess,
  ) {
    this.url = url;
    this.#folder = folder;
    this.#child = child;
  }

  /**
   * Starts nginx, and waits until it listens.
   *
   * @param port A port that the configuration contains
   * @param servers Returns the content of `http {}`, for the folder of its files
   */
  static async start(
    port: number,
    servers: (folder: string) => string,
  ): Promise<Nginx> {
    const folder = await Deno.makeTempDir();
    const path = join(folder, "nginx.conf");
    await Deno.writeTextFile(path, configurationOf(folder, servers(folder)));
    const child = new Deno.Command(NGINX, {
      args: ["-p", folder, "-e", "stderr", "-c", path],
      stdout: "null",
      stderr: "null",
    }).spawn();
    const nginx = new Nginx(`http://127.0.0.1:${port}`, folder, child);
    await listens(port);
    return nginx;
  }

  /**
   * Starts nginx as a proxy.
   *
   * @param target The URL of the server
   * @param lines More lines for the location
   */
  static proxy(
    target: string,
    lines: readonly string[] = [],
  ): Promise<Nginx> {
    const port = freePort();
    const location = [`proxy_pass ${target};`, ...lines].join("\n");
    return Nginx.start(
      port,
      () => `server { listen 127.0.0.1:${port}; location / { ${location} } }`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
    await Deno.remove(this.#folder, { recursive: true });
  }
}

function configurationOf(folder: string, servers: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`).join("\n");
  return `
    daemon off;
    pid ${folder}/nginx.pid;
    error_log stderr notice;
    events {}
    http {
      access_log off;
      ${temporary}
      ${servers}
    }`;
}

/** Resolves when a program listens. */
async function listens(port: number): Promise<void> {
  for (;;) {
    const connection = await Deno.connect({ port }).catch(() => undefined);
    connection?.close();
    if (connection !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
