/**
 * Removes tokens from strings that come from outside, before they are logged. This is a
 * safety net: login frames and fields with the name `token` are never logged.
 *
 * @module
 */

import { escapeControls } from "../common/text.ts";
import { MIN_SECRET, REDACTED, type Secrets } from "../common/secrets.ts";

/** Replaces the secrets of a server in strings. */
export class Redactor implements Secrets {
  readonly #secrets: () => readonly string[];
  #known: readonly string[] = [];
  #forms = new Forms([]);

  /**
   * Constructs a `Redactor`.
   *
   * @param secrets Returns the secrets, and the same array while they do not change
   */
  constructor(secrets: () => readonly string[]) {
    this.#secrets = secrets;
  }

  /** The length of the longest form of a secret, in UTF-16 code units */
  get longest(): number {
    return this.#current.longest;
  }

  /**
   * Replaces the secrets in a string.
   *
   * @param text The string
   * @param secret Another secret
   */
  redact(text: string, secret = ""): string {
    const all = [this.#current];
    if (secret.length >= MIN_SECRET) all.push(new Forms([secret]));
    const forms = all.filter((each) => each.canOccurIn(text));
    return forms.length === 0 ? text : replaceForms(text, forms);
  }

  /**
   * Replaces the secrets in the message of an error, but not in its stack frames. A string
   * with a short token is omitted as a whole, because a gap would reveal the token.
   *
   * @param error The error with its stack
   * @param secret Another secret: a token that the client has sent
   */
  redactError(error: string, secret = ""): string {
    const lines = error.split("\n");
    const others = lines.filter((line) => !isFrame(line)).join("\n");
    if (
      isShort(secret) && formsOf(secret).some((form) => others.includes(form))
    ) {
      const frames = lines.filter(isFrame);
      return [
        "the error is not shown, because it contains the token",
        ...frames,
      ]
        .join("\n");
    }
    return groupLines(lines).map((group) =>
      isFrame(group) ? group : this.redact(group, secret)
    ).join("\n");
  }

  get #current(): Forms {
    const secrets = this.#secrets();
    if (secrets !== this.#known) {
      this.#known = secrets;
      this.#forms = new Forms(secrets);
    }
    return this.#forms;
  }
}

/** Returns whether a line is a frame of a stack. */
function isFrame(line: string): boolean {
  return line.startsWith("    ") && line.trimStart().startsWith("at ");
}

/** Joins the lines between stack frames, because a secret can contain a line break. */
function groupLines(lines: readonly string[]): readonly string[] {
  const groups: string[] = [];
  let isOpen = false;
  for (const line of lines) {
    const last = groups.length - 1;
    if (isFrame(line) || !isOpen) groups.push(line);
    else groups[last] += `\n${line}`;
    isOpen = !isFrame(line);
  }
  return groups;
}

function isShort({ length }: string): boolean {
  return length > 0 && length < MIN_SECRET;
}

/** With more forms, one pass over the string is faster than a search for each. */
const MAX_SEARCHES = 30;

/**
 * The forms of secrets, by their first characters. The time to find them does not depend
 * on the number of secrets.
 */
class Forms {
  /** The length of the longest form */
  readonly longest: number = 0;
  readonly #byStart = new Map<string, string[]>();
  /** The first code units of all forms, because the lookup of a string takes longer */
  readonly #firstUnits = new Set<number>();

  readonly #all: readonly string[];

  constructor(secrets: readonly string[]) {
    const long = secrets.filter(({ length }) => length >= MIN_SECRET);
    this.#all = long.flatMap(allFormsOf);
    for (const form of this.#all) {
      const start = form.slice(0, MIN_SECRET);
      const others = this.#byStart.get(start);
      if (others === undefined) this.#byStart.set(start, [form]);
      else others.push(form);
      this.#firstUnits.add(form.charCodeAt(0));
      this.longest = Math.max(this.longest, form.length);
    }
  }

  /** Whether a string can contain a form. A few native searches are fast. */
  canOccurIn(text: string): boolean {
    return this.#all.length > MAX_SEARCHES ||
      this.#all.some((form) => text.includes(form));
  }

  /** Returns the length of the longest form that begins at an index; 0 if there is none. */
  lengthAt(text: string, index: number): number {
    if (!this.#firstUnits.has(text.charCodeAt(index))) return 0;
    const start = text.slice(index, index + MIN_SECRET);
    let longest = 0;
    for (const form of this.#byStart.get(start) ?? []) {
      if (form.length > longest && text.startsWith(form, index)) {
        longest = form.length;
      }
    }
    return longest;
  }
}

function replaceForms(text: string, forms: readonly Forms[]): string {
  let replaced = "";
  let kept = 0;
  for (let index = 0; index + MIN_SECRET <= text.length; index++) {
    const length = longestAt(forms, text, index);
    if (length === 0) continue;
    replaced += text.slice(kept, index) + REDACTED;
    kept = index + length;
    index = kept - 1;
  }
  return replaced + text.slice(kept);
}

function longestAt(
  forms: readonly Forms[],
  text: string,
  index: number,
): number {
  let longest = 0;
  for (const each of forms) {
    longest = Math.max(longest, each.lengthAt(text, index));
  }
  return longest;
}

function allFormsOf(secret: string): readonly string[] {
  return [...new Set([...formsOf(secret), ...base64FormsOf(secret)])];
}

/** Returns a secret as it is, in JSON, in URLs and in messages of errors. */
function formsOf(secret: string): readonly string[] {
  const encoded = encodeURIComponent(secret.toWellFormed());
  return [
    secret,
    ...jsonFormsOf(secret),
    encoded,
    encoded.replaceAll("%20", "+"),
    // Messages of errors are escaped before they are logged.
    escapeControls(secret, Infinity),
  ];
}

/**
 * Returns a secret in JSON, where some characters are escaped: in the output of JavaScript and
 * `Deno.inspect`, and in that of Python, PHP and .NET, whose clients can send it.
 */
function jsonFormsOf(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const python = json.replaceAll(NOT_ASCII, escapeUnit);
  const dotNet = json.replaceAll('\\"', '"').replaceAll(
    NOT_DOT_NET,
    (unit) => `\\u${escapeUnit(unit).slice(2).toUpperCase()}`,
  );
  const escaped = [json, python].map((form) => form.replaceAll("/", "\\/"));
  return [json, python, dotNet, ...escaped];
}

const NOT_ASCII = /[^ -~]/g;

/** What .NET escapes in JSON besides */
const NOT_DOT_NET = /[^ -~]|["&'+<>`]/g;

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** The first character of base64 that depends on no byte before the secret. */
const FIRST_CHARACTER = [0, 2, 3] as const;

/** Returns what base64 contains of a secret, for each position of its first byte. */
function base64FormsOf(secret: string): readonly string[] {
  const bytes = new TextEncoder().encode(secret);
  return FIRST_CHARACTER.flatMap((first, offset) => {
    const padded = new Uint8Array(offset + bytes.length);
    padded.set(bytes, offset);
    const end = Math.floor(padded.length * 8 / 6);
    return (["base64", "base64url"] as const).map((alphabet) =>
      padded.toBase64({ alphabet }).slice(first, end)
    );
  });
}
