/**
 * The built-in operation `read`: the text of a file below a directory, and of none
 * elsewhere.
 *
 * @module
 */

import { constants, type FileHandle, lstat, open } from "node:fs/promises";
import { type ResolvedRead } from "./options.ts";
import {
  refuseArgument,
  type RequestError,
} from "../protocol/request_error.ts";
/** One answer to whatever is not there, so that nobody learns what is elsewhere. */
const NOT_THERE = "there is no such file below the root";

/** What the system says of a path that leads nowhere, or where nobody may look. */
const NOWHERE: ReadonlySet<unknown> = new Set([
  "EACCES",
  "ELOOP",
  "ENAMETOOLONG",
  "ENOENT",
  "ENOTDIR",
]);

// What became a FIFO after it was looked at must not block a thread until somebody
// writes to it, and what became a link must not be followed. Deno.open() cannot say
// either of them, and Windows has neither.
const FLAGS = constants.O_RDONLY |
  (constants.O_NOFOLLOW ?? 0) |
  (constants.O_NONBLOCK ?? 0);

/** How much is read at once, in bytes. */
const CHUNK = 65_536;

const SEPARATOR = Deno.build.os === "windows" ? "\\" : "/";

/**
 * Reads a file below the root.
 *
 * @param path Where, from the root on, with slashes
 * @param options The root, and how large a file may be
 *
 * @throws {RequestError} If there is no such file, or none that may be read
 */
export async function readFile(
  path: string,
  options: ResolvedRead,
): Promise<string> {
  if (!isPlainPath(path)) throw refuse(NOT_THERE);
  try {
    return await readBelow(path, options);
  } catch (error) {
    const { code }: { readonly code?: unknown } = Object(error);
    throw NOWHERE.has(code) ? refuse(NOT_THERE) : error;
  }
}

/**
 * Whether a path is made of names only, with no way to say where it begins and no way
 * upward.
 *
 * @param path What somebody else chose
 * @param os The system, as some names are none on Windows
 */
export function isPlainPath(
  path: string,
  os: string = Deno.build.os,
): boolean {
  if (/\\|^[a-z]:/i.test(path) || path.includes("\0")) return false;
  return path.split("/").every((name) =>
    name !== "" && name !== ".." && (os !== "windows" || !isSpecial(name))
  );
}

/** What Windows takes for a device, for a stream of a file, or for another name. */
function isSpecial(name: string): boolean {
  return /[:*?"<>|]/.test(name) || (name !== "." && /[. ]$/.test(name)) ||
    DEVICE.test(name);
}

const DEVICE =
  /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³]) *(?:\..*)?$/i;

async function readBelow(
  path: string,
  { root, maxSize }: ResolvedRead,
): Promise<string> {
  const real = await Deno.realPath(`${root}/${path}`);
  if (!isBelow(real, root)) throw refuse(NOT_THERE);
  // Before it is opened: that alone blocks at a FIFO, and does something at a device.
  const { isFile } = await Deno.lstat(real);
  if (!isFile) throw refuse(NOT_THERE);
  await using file = await open(real, FLAGS);
  await assertStillThere(file, real);
  return await readText(file, maxSize);
}

function isBelow(real: string, root: string): boolean {
  return real.startsWith(root.endsWith(SEPARATOR) ? root : root + SEPARATOR);
}

/**
 * Refuses what was opened if it is not the file that stands there, on a path which has
 * no links in it to this moment. What remains, for somebody who may write below the
 * root: to put a link in the place of a directory before the file is opened, to take it
 * away before the path is looked at, and to put it back before the file there is.
 */
async function assertStillThere(file: FileHandle, real: string): Promise<void> {
  const opened = await file.stat();
  const isSamePath = await Deno.realPath(real) === real;
  const found = await lstat(real);
  const isSame = opened.isFile() && opened.dev === found.dev &&
    opened.ino === found.ino;
  if (!isSame || !isSamePath) throw refuse(NOT_THERE);
}

async function readText(file: FileHandle, maxSize: number): Promise<string> {
  const { size } = await file.stat();
  if (size > maxSize) throw refuseSize(maxSize);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  for await (const chunk of chunksOf(file, maxSize)) {
    text += decode(decoder, chunk);
  }
  return text + decode(decoder);
}

/** A file may grow while it is read, and some have no size before that. */
async function* chunksOf(
  file: FileHandle,
  maxSize: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const buffer = new Uint8Array(CHUNK);
  for (let size = 0; size <= maxSize;) {
    const length = Math.min(CHUNK, maxSize + 1 - size);
    const { bytesRead } = await file.read(buffer, 0, length);
    if (bytesRead === 0) return;
    size += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
  throw refuseSize(maxSize);
}

function decode(decoder: TextDecoder, chunk?: Uint8Array<ArrayBuffer>): string {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch {
    throw refuse("is no text in UTF-8");
  }
}

function refuseSize(maxSize: number): RequestError {
  return refuse(`is larger than ${maxSize} bytes`);
}

function refuse(message: string): RequestError {
  return refuseArgument("path", message);
}
