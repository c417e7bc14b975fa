/** Serves the page. It bundles `page.ts` when it starts, so there is no build step. */

import html from "./index.html" with { type: "text" };
import { SERVER_URL, tokenOf } from "./settings.ts";

const hostname = "127.0.0.1";
const port = Number(Deno.env.get("SITE_PORT") ?? 8080);
const script = await bundle(`${import.meta.dirname}/page.ts`);

Deno.serve({ hostname, port, onListen: printUrl }, ({ url }) => {
  const { pathname } = new URL(url);
  if (pathname === "/") return respond(html, "text/html");
  if (pathname === "/page.js") return respond(script, "text/javascript");
  return new Response("Not found", { status: 404 });
});

async function bundle(path: string): Promise<string> {
  const { outputFiles, errors } = await Deno.bundle({
    entrypoints: [path],
    platform: "browser",
    write: false,
  });
  const [file] = outputFiles ?? [];
  if (file === undefined) throw new Error(errors[0]?.text);
  return file.text();
}

function respond(body: string, type: string): Response {
  const headers = { "content-type": `${type}; charset=utf-8` };
  return new Response(body, { headers });
}

/** Prints the URL with the token: browsers do not send the part after `#` to the site. */
function printUrl({ port }: Deno.NetAddr): void {
  const settings = { server: SERVER_URL, token: tokenOf("page") };
  const hash = new URLSearchParams(settings);
  console.log(`Open http://${hostname}:${port}/#${hash}`);
}
