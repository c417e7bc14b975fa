/** The page. It is bundled when the server starts, so there is no build step. */

import html from "./index.html" with { type: "text" };

/** Returns a function that answers the requests for the page. */
export async function createSite(): Promise<(path: string) => Response> {
  const script = await bundle(`${import.meta.dirname}/page.ts`);
  return (path) => {
    if (path === "/") return respond(html, "text/html");
    if (path === "/page.js") return respond(script, "text/javascript");
    return new Response("Not found", { status: 404 });
  };
}

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
