/**
 * Revokes and replaces the tokens of one server, and on all others.
 *
 * @module
 */

import { HoistError } from "../common/errors.ts";
import type { JsonObject } from "../common/json.ts";
import type { Credential, TokenStore } from "./credentials.ts";
import { countIn } from "./node_messages.ts";
import { LEDGER_TIMEOUT } from "./ledger.ts";
import type { Log } from "./log.ts";
import type { ServerNode } from "./node.ts";
import { SharedTokens } from "./shared_tokens.ts";

/** What has become of a token that was revoked or replaced */
export interface TokenResult {
  /** The number of connections that were closed, on all servers that have answered */
  readonly closed: number;
  /**
   * The ids of the servers that have not answered. They read the shared state before they accept
   * any client
   */
  readonly silentNodes: readonly string[];
}

/** What the control of the tokens needs of its server. */
export interface TokenHost {
  readonly log: Log;
  readonly credentials: TokenStore;
  readonly node: ServerNode | undefined;
  /** Closes the connections that used a token; returns their number. */
  closeAllOf(credential: Credential, reason: string): number;
  /** Asks the clients that used a token for the next one, before it expires. */
  renewAllOf(credential: Credential): void;
}

/** The message that asks other servers to read the shared state. */
const TOKENS = "tokens";

/** Revokes and replaces tokens. */
export class TokenControl {
  readonly #host: TokenHost;
  readonly #shared: SharedTokens | undefined;
  /** The number of connections that were closed because of their token */
  #closed = 0;

  /** Constructs a `TokenControl`, which follows the other servers. */
  constructor(host: TokenHost) {
    this.#host = host;
    const { node, credentials } = host;
    if (node === undefined) return;
    this.#shared = new SharedTokens(node, credentials, {
      onRevoked: (credential) => this.#onRevoked(credential),
      onRotated: (old) => this.#onRotated(old),
    });
    node.onConnected(() => this.#sync());
    node.handle(TOKENS, () => this.#read());
  }

  /** Called with each token that expires. */
  onExpired(credential: Credential): void {
    this.#closed += this.#host.closeAllOf(credential, "token expired");
  }

  /**
   * Stops accepting a named token, and closes the connections that used it.
   *
   * @throws {TypeError} If the token does not exist
   * @throws {HoistError} If the other servers could not be notified
   */
  async revoke(name: string): Promise<TokenResult> {
    const { credentials, log, closeAllOf } = this.#host;
    const credential = credentials.revoke(name);
    log.info("revoke", `token ${name} revoked`);
    const closed = closeAllOf(credential, "token revoked");
    if (this.#shared === undefined) return { closed, silentNodes: [] };
    const storing = this.#shared.revoke(name, credential);
    return await this.#tell("revoked", closed, storing);
  }

  /**
   * Replaces the token.
   *
   * @param token The new token
   * @param grace How long the old one is accepted, in milliseconds
   *
   * @throws {TypeError} If the new token is empty or already in use
   * @throws {HoistError} If the other servers could not be notified
   */
  async rotate(token: string, grace: number): Promise<TokenResult> {
    const { credentials, log } = this.#host;
    const before = this.#closed;
    const old = credentials.rotate(token, grace);
    if (old !== undefined && grace > 0) this.#host.renewAllOf(old);
    const rest = grace === 0
      ? ""
      : `: the old token is accepted for another ${grace} ms`;
    log.info("rotate", `token replaced${rest}`);
    const closed = this.#closed - before;
    if (old === undefined || this.#shared === undefined) {
      return { closed, silentNodes: [] };
    }
    const storing = this.#shared.rotate(credentials.main!, old);
    return await this.#tell("replaced", closed, storing);
  }

  /** Waits until a change is stored, and lets the other servers read it. */
  async #tell(
    what: string,
    closed: number,
    storing: Promise<void>,
  ): Promise<TokenResult> {
    const node = this.#host.node!;
    try {
      await storing;
    } catch (cause) {
      throw new HoistError(
        `The token is ${what} on this server, but the other servers do not know this yet: ${node.engine} cannot be reached. This server notifies them as soon as it is connected again.`,
        { cause },
      );
    }
    const survey = await node.survey(TOKENS, {}, LEDGER_TIMEOUT);
    const others = [...survey.answers.values()]
      .map((fields) => countIn(fields, "closed") ?? 0);
    const all = others.reduce((sum, each) => sum + each, closed);
    return { closed: all, silentNodes: survey.silent };
  }

  /** Learns what has changed while this server was not connected, and reports what it changed. */
  async #sync(): Promise<void> {
    const shared = this.#shared!;
    const isNews = await shared.saveRest();
    await shared.read();
    if (isNews) this.#host.node!.notify(TOKENS, {});
  }

  /** Reads a change of another server; returns how many connections were closed. */
  async #read(): Promise<JsonObject> {
    const before = this.#closed;
    try {
      await this.#shared!.read();
    } catch (error) {
      // Nobody repeats the message.
      this.#host.node!.syncAgain();
      throw error;
    }
    return { closed: this.#closed - before };
  }

  #onRevoked(credential: Credential): void {
    const { closeAllOf, log } = this.#host;
    log.info(
      "revoke",
      `token ${credential.identity!.name} revoked by another server`,
    );
    this.#closed += closeAllOf(credential, "token revoked");
  }

  #onRotated(old: Credential): void {
    this.#host.log.info("rotate", "token replaced by another server");
    if (old.expires > Date.now()) this.#host.renewAllOf(old);
  }
}
