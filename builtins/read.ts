/**
 * Reads files below a root directory, and no others: the work of the `readFile` handler.
 * This module is loaded at the first call.
 *
 * @module
 */

import { constants, type FileHandle, lstat, open } from "node:fs/promises";
import {
  invalidArgument,
  type RequestError,
} from "../protocol/request_error.ts";
import type { ResolvedReadFile } from "./options.ts";

// One message for all of these cases, so that a client cannot learn which files exist
// elsewhere.
const NOT_FOUND = "there is no such file below the root";

/** The error codes of the system for paths that do not exist or are not readable */
const NOT_FOUND_CODES: ReadonlySet<unknown> = new Set([
  "EACCES",
  "ELOOP",
  "ENAMETOOLONG",
  "ENOENT",
  "ENOTDIR",
]);

// The file can become a FIFO or a symbolic link after the check. Opening a FIFO must not
// block a thread, and the link must not be followed. Deno.open() has no such flags, and
// Windows has neither of them.
const FLAGS = constants.O_RDONLY |
  (constants.O_NOFOLLOW ?? 0) |
  (constants.O_NONBLOCK ?? 0);

/** The size of the read buffer in bytes */
const CHUNK = 65_536;

/**
 * Reads a file below the root.
 *
 * @param path The path relative to the root, with slashes
 * @param options The root and the maximum size
 *
 * @throws {RequestError} If the file does not exist, is too large or is not UTF-8
 */
export async function readFileBelow(
  path: string,
  options: ResolvedReadFile,
): Promise<string> {
  if (!isPlainPath(path)) throw refuse(NOT_FOUND);
  try {
    return await readBelow(path, options);
  } catch (error) {
    const { code }: { readonly code?: unknown } = Object(error);
    throw NOT_FOUND_CODES.has(code) ? refuse(NOT_FOUND) : error;
  }
}

/**
 * Returns whether a path consists of plain names: it is relative and has no `..`.
 *
 * @param path A path that a client chose
 * @param os The operating system, because Windows reserves some names
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

/** Returns whether Windows reads a name as a device, a file stream or another name. */
function isSpecial(name: string): boolean {
  return /[:*?"<>|]/.test(name) || (name !== "." && /[. ]$/.test(name)) ||
    DEVICE.test(name);
}

const DEVICE =
  /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³]) *(?:\..*)?$/i;

async function readBelow(
  path: string,
  { root, maxSize }: ResolvedReadFile,
): Promise<string> {
  const real = await Deno.realPath(`${root}/${path}`);
  if (!isBelow(real, root)) throw refuse(NOT_FOUND);
  // Checked before the file is opened, because opening a FIFO blocks and opening a device
  // can have an effect.
  const { isFile } = await Deno.lstat(real);
  if (!isFile) throw refuse(NOT_FOUND);
  await using file = await open(real, FLAGS);
  await assertSameFile(file, real);
  return await readText(file, maxSize);
}

function isBelow(real: string, root: string): boolean {
  const separator = Deno.build.os === "windows" ? "\\" : "/";
  return real.startsWith(root.endsWith(separator) ? root : root + separator);
}

/**
 * Checks that the opened file is still the file at this path and that the path still has
 * no symbolic links. One race remains for a program that can write below the root: it
 * replaces a directory by a link before `open`, restores the directory before `realPath`,
 * and puts the link back before `lstat`.
 */
async function assertSameFile(file: FileHandle, real: string): Promise<void> {
  const opened = await file.stat();
  const isSamePath = await Deno.realPath(real) === real;
  const found = await lstat(real);
  const isSame = opened.isFile() && opened.dev === found.dev &&
    opened.ino === found.ino;
  if (!isSame || !isSamePath) throw refuse(NOT_FOUND);
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

/** Reads the file piece by piece, because it can grow and some files report no size. */
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
    throw refuse("the file is not encoded as UTF-8");
  }
}

function refuseSize(maxSize: number): RequestError {
  return refuse(`the file is larger than ${maxSize} bytes`);
}

function refuse(message: string): RequestError {
  return invalidArgument("path", message);
}
