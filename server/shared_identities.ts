/**
 * Recognizes the clients of rooms after a reconnect to any server of the deployment.
 *
 * The public ids are keyed hashes: of the secret that only the client and its server know, and of
 * the name of the user. The servers share the key, so they agree without remembering any client.
 * The ids reveal neither the secret nor the name.
 *
 * @module
 */

import type { JsonObject } from "../common/json.ts";
import type {
  Identities,
  IdentityOwner,
  RoomIdentity,
} from "./room_identities.ts";
import type { ServerNode } from "./node.ts";
import { countIn, DONE, stringIn } from "./node_messages.ts";

/** The key in the shared state. */
const KEY = "identity-key";

/** The form of the key: 256 bits as hexadecimal digits. */
const KEY_FORM = /^[0-9a-f]{64}$/;

/** The message that a client has come to another server. */
const CLAIMED = "claimed";

/** How long the message can be on its way, in milliseconds. */
const MAX_DELAY = 3_000;

/** The length of a public id: 96 bits as base64url. */
const ID_LENGTH = 16;

/** The bits of a secret, as bytes. */
const SECRET_BYTES = 16;

/** The newest connection with an identity. */
interface Claim {
  readonly owner: IdentityOwner;
  /** When it came, in milliseconds since 1970 */
  readonly at: number;
}

/** The identities of the clients of a server that is not alone. */
export class SharedIdentities implements Identities {
  readonly #node: ServerNode;
  readonly #claims = new Map<string, Claim>();
  #key = randomBytes(32).toHex();

  /** Constructs `SharedIdentities`, which get their key when the server connects. */
  constructor(node: ServerNode) {
    this.#node = node;
    node.onConnected(() => this.#agree());
    node.handle(CLAIMED, (fields) => this.#onClaimed(fields));
  }

  claim(
    owner: IdentityOwner,
    user: string | undefined,
    known: string | undefined,
  ): RoomIdentity {
    const secret = known ?? toText(randomBytes(SECRET_BYTES));
    const connection = this.#idOf("connection", secret, user);
    const member = user === undefined ? connection : this.#idOf("user", user);
    const previous = this.#claims.get(connection);
    const at = Date.now();
    this.#claims.set(connection, { owner, at });
    previous?.owner.onReplaced();
    // The old connection can still seem to be open on another server.
    if (known !== undefined) this.#node.notify(CLAIMED, { connection, at });
    const isRecognized = known !== undefined;
    return { secret, connection, member, user, isRecognized };
  }

  release(owner: IdentityOwner, { connection }: RoomIdentity): void {
    if (this.#claims.get(connection)?.owner === owner) {
      this.#claims.delete(connection);
    }
  }

  forget({ connection }: RoomIdentity): void {
    this.#claims.delete(connection);
  }

  close(): void {
    this.#claims.clear();
  }

  /** Agrees on a key with the other servers. */
  async #agree(): Promise<void> {
    const key = await this.#node.shared.create(KEY, this.#key);
    if (KEY_FORM.test(key)) this.#key = key;
    else this.#node.warn(`ignored an invalid "${KEY}" of the shared state`);
  }

  #onClaimed(fields: JsonObject): typeof DONE | undefined {
    const connection = stringIn(fields, "connection");
    if (connection === undefined) return undefined;
    const claim = this.#claims.get(connection);
    if (claim === undefined || isOlder(fields, claim)) return DONE;
    this.#claims.delete(connection);
    claim.owner.onReplaced();
    return DONE;
  }

  /** Returns a public id: a keyed hash (HMAC with SHA-256), shortened. */
  #idOf(...parts: readonly (string | undefined)[]): string {
    // `import()` would end Deno if no file descriptor is left.
    const { createHmac } = globalThis.process.getBuiltinModule("node:crypto");
    const hmac = createHmac("sha256", this.#key);
    // JSON separates the parts, whatever they contain.
    const digest = hmac.update(JSON.stringify(parts)).digest("base64url");
    return digest.slice(0, ID_LENGTH);
  }
}

/**
 * Whether a client has come back from another server before the message about its connection there
 * arrived. The clocks of two servers differ, so they decide only if the message can be late.
 */
function isOlder(fields: JsonObject, claim: Claim): boolean {
  const at = countIn(fields, "at");
  const isRecent = Date.now() - claim.at < MAX_DELAY;
  return at !== undefined && isRecent && at < claim.at;
}

function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

function toText(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
