/**
 * Waiting for a time or for a promise.
 *
 * @module
 */

/**
 * Settles like `promise`, or rejects at the deadline.
 *
 * @param timeout The time until the deadline, in milliseconds
 * @param describe Returns the message of the error at the deadline
 */
export async function within<T>(
  promise: Promise<T>,
  timeout: number,
  describe: () => string,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(describe())), timeout);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for a number of milliseconds. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
