/**
 * The presence that a client claims in a room.
 *
 * @module
 */

/** A caller that waits until the server knows a presence */
interface Waiting {
  readonly version: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Remembers what the client claims and what the server knows. Only the newest claim is sent:
 * a claim that was replaced before it was sent succeeds or fails with the newest one.
 */
export class OwnPresence {
  #json: string | undefined;
  #version = 0;
  /** The newest version that the server has answered */
  #answered = 0;
  /** The presence that the server has accepted */
  #accepted: string | undefined;
  #waiting: Waiting[] = [];

  /** Constructs an `OwnPresence` with a presence as JSON; `undefined` claims nothing. */
  constructor(json: string | undefined) {
    this.#json = json;
    this.#accepted = json;
  }

  /** The newest claim as JSON */
  get json(): string | undefined {
    return this.#json;
  }

  /** The number of the newest claim */
  get version(): number {
    return this.#version;
  }

  /** Whether the server has to be told */
  get isPending(): boolean {
    return this.#version > this.#answered;
  }

  /** Replaces the claim. Resolves when the server has accepted this claim or a newer one. */
  set(json: string): Promise<void> {
    this.#json = json;
    const version = ++this.#version;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ version, resolve, reject });
    });
  }

  /** The server has accepted a version, and with it all earlier ones. */
  accept(version: number, json: string | undefined): void {
    this.#accepted = json;
    for (const { resolve } of this.#answer(version)) resolve();
  }

  /** The server has refused a version, so that a rejoin must not repeat it. */
  refuse(version: number, error: unknown): void {
    if (version === this.#version) this.#json = this.#accepted;
    for (const { reject } of this.#answer(version)) reject(error);
  }

  #answer(version: number): readonly Waiting[] {
    this.#answered = Math.max(this.#answered, version);
    const done = this.#waiting.filter((entry) => entry.version <= version);
    this.#waiting = this.#waiting.filter((entry) => entry.version > version);
    return done;
  }
}
