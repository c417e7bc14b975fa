/** Replaces `Deno.serve`, so that a test controls which ports can be bound. */

type ServeOptions = Deno.ServeTcpOptions & { readonly onListen?: unknown };

/** Replaces `Deno.serve` until the end of the block. */
export class FakePorts implements Disposable {
  /** The options of each call of `Deno.serve` */
  readonly calls: ServeOptions[] = [];
  /** Thrown by `Deno.serve`, if there is one */
  bindError: Error | undefined;
  #end = Promise.withResolvers<void>();
  readonly #original = Deno.serve;

  constructor() {
    const serve = (options: ServeOptions) => this.#serve(options);
    Object.assign(Deno, { serve });
  }

  /** Lets `accept()` fail with an error. */
  fail(error: Error): void {
    this.#end.reject(error);
  }

  /** Ends the server without an error. */
  end(): void {
    this.#end.resolve();
  }

  #serve(options: ServeOptions) {
    this.calls.push(options);
    if (this.bindError !== undefined) throw this.bindError;
    this.#end = Promise.withResolvers();
    options.signal?.addEventListener("abort", () => this.end());
    const { hostname = "0.0.0.0", port = 0 } = options;
    const addr = { transport: "tcp", hostname, port: port || 4_000 };
    return { addr, finished: this.#end.promise };
  }

  [Symbol.dispose](): void {
    Object.assign(Deno, { serve: this.#original });
  }
}
