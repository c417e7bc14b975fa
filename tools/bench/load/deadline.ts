/**
 * Waiting, but never for ever.
 *
 * @module
 */

/**
 * Settles as `promise` does, or rejects when the time is up.
 *
 * @param limit How long, in milliseconds
 * @param describe What to say when the time is up
 */
export async function within<T>(
  promise: Promise<T>,
  limit: number,
  describe: () => string,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(describe())), limit);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets time pass. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
