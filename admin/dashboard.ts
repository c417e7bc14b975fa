/**
 * The files of the dashboard, which a browser loads below `/hoist/dashboard/`. They contain no
 * data: the page logs in as an admin and gets everything over Hoist.
 *
 * @module
 */

import { CSS, HTML, SCRIPT } from "./dashboard_files.ts";

/** The path of the page without its slash at the end. */
const PATH = "/hoist/dashboard";

/**
 * The page can only run the script of the server, and only connect to the server. It sets no
 * HTML from strings, so that the policy allows no Trusted Types at all.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

const PLAIN = "text/plain; charset=utf-8";

/** A file that browsers load. */
class DashboardFile {
  readonly #type: string;
  readonly #text: string;
  #compressed: Promise<ArrayBuffer> | undefined;

  constructor(type: string, text: string) {
    this.#type = `${type}; charset=utf-8`;
    this.#text = text;
  }

  /** Compresses the file once, when the first browser needs it. */
  async respond(acceptsGzip: boolean): Promise<Response> {
    const vary = { vary: "accept-encoding" };
    if (!acceptsGzip) return respond(200, this.#type, this.#text, vary);
    const body = await (this.#compressed ??= gzip(this.#text));
    const headers = { ...vary, "content-encoding": "gzip" };
    return respond(200, this.#type, body, headers);
  }
}

function gzip(text: string): Promise<ArrayBuffer> {
  const stream = new Blob([text]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

const FILES: ReadonlyMap<string, DashboardFile> = new Map([
  ["/", new DashboardFile("text/html", HTML)],
  ["/dashboard.css", new DashboardFile("text/css", CSS)],
  ["/dashboard.js", new DashboardFile("text/javascript", SCRIPT)],
]);

/**
 * Answers a request for the dashboard.
 *
 * @param request The request
 * @param pathname Its path, which begins with `/hoist/dashboard`
 */
export function answerDashboard(
  { method, headers }: Request,
  pathname: string,
): Response | Promise<Response> {
  if (method !== "GET" && method !== "HEAD") {
    return respond(405, PLAIN, "Method not allowed\n", { allow: "GET, HEAD" });
  }
  const rest = pathname.slice(PATH.length);
  // A proxy can have removed a prefix of the path, which a relative URL keeps.
  if (rest === "") return respond(308, PLAIN, "", { location: "dashboard/" });
  const file = FILES.get(rest);
  return file === undefined
    ? respond(404, PLAIN, "Not found: the dashboard is at /hoist/dashboard/\n")
    : file.respond(acceptsGzip(headers.get("accept-encoding") ?? ""));
}

/** One entry of `Accept-Encoding`, such as `gzip` or `br;q=0.8`. */
const CODING =
  /^(?<name>[\w.*-]+)[ \t]*(?:;[ \t]*q=(?<weight>0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/i;

/** Returns whether gzip is what a client wants most: RFC 9110, section 12.5.3. */
function acceptsGzip(header: string): boolean {
  const weights = new Map(
    header.split(",").map((entry): [string, number] => {
      const { name = "", weight = "1" } = CODING.exec(entry.trim())?.groups ??
        {};
      return [name.toLowerCase(), Number(weight)];
    }),
  );
  const gzip = weights.get("gzip") ?? weights.get("*") ?? 0;
  return gzip > 0 && gzip >= (weights.get("identity") ?? 0);
}

function respond(
  status: number,
  type: string,
  body: string | ArrayBuffer,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(body, {
    status,
    headers: { ...HEADERS, "content-type": type, ...headers },
  });
}
