/**
 * The endpoints of a server that need a token: `GET /hoist/contract`, which describes its
 * contract, and `GET /hoist/metrics` for admins.
 *
 * @module
 */

import type { Contract } from "../contract/contract.ts";
import { HttpAuth, type HttpAuthOptions } from "./http_auth.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

/** What the endpoints need of their server. */
export interface EndpointsOptions extends HttpAuthOptions {
  readonly log: Log;
  /** The id of the server */
  readonly nodeId: string;
  /** The contract, if clients can read it; otherwise `undefined` */
  readonly contract: Contract | undefined;
  /** The metrics, if admins can read them over HTTP; otherwise `undefined` */
  readonly metrics: Metrics | undefined;
  /** Returns the response while the server cannot check tokens. */
  rejectUnready(): Response | undefined;
}

/** An endpoint, which responds to requests with a valid token. */
interface Endpoint {
  /** Whether only tokens of admins are valid */
  readonly isForAdmins: boolean;
  respond(): Response | Promise<Response>;
}

const JSON_HEADERS = {
  "content-type": "application/json",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

/** The endpoints of a server that need a token. */
export class Endpoints {
  readonly #auth: HttpAuth;
  readonly #rejectUnready: () => Response | undefined;
  readonly #byPath = new Map<string, Endpoint>();

  /** Constructs `Endpoints`, and begins to load what they need. */
  constructor(options: EndpointsOptions) {
    const { contract, metrics, nodeId, log } = options;
    this.#auth = new HttpAuth(options);
    this.#rejectUnready = options.rejectUnready;
    if (contract !== undefined) {
      this.#byPath.set("/hoist/contract", contractEndpoint(contract));
    }
    if (metrics !== undefined) {
      const endpoint = metricsEndpoint(metrics, nodeId, log);
      this.#byPath.set("/hoist/metrics", endpoint);
    }
  }

  /** Responds to a request; returns `undefined` if no endpoint has the path. */
  answer(
    pathname: string,
    request: Request,
    remote: Deno.Addr | undefined,
  ): Response | Promise<Response> | undefined {
    const endpoint = this.#byPath.get(pathname);
    return endpoint &&
      (this.#rejectUnready() ?? this.#answer(endpoint, request, remote));
  }

  /** Rejects the requests that wait for a login function. */
  close(): void {
    this.#auth.close();
  }

  async #answer(
    { isForAdmins, respond }: Endpoint,
    request: Request,
    remote: Deno.Addr | undefined,
  ): Promise<Response> {
    const login = await this.#auth.authorize(request, remote, isForAdmins);
    return login instanceof Response ? login : await respond();
  }
}

function contractEndpoint(contract: Contract): Endpoint {
  // Created by the first request, because some libraries are slow to describe schemas.
  let document: string | undefined;
  const respond = (): Response => {
    document ??= `${JSON.stringify(contract.describe(), null, 2)}\n`;
    return new Response(document, { headers: JSON_HEADERS });
  };
  return { isForAdmins: false, respond };
}

function metricsEndpoint(metrics: Metrics, node: string, log: Log): Endpoint {
  const loading = import("./prometheus.ts");
  loading.catch((error) =>
    log.exception("the format of the metrics could not be loaded", error)
  );
  const respond = async (): Promise<Response> => {
    const { respondWithMetrics } = await loading;
    return respondWithMetrics(metrics.snapshot(), node);
  };
  return { isForAdmins: true, respond };
}
