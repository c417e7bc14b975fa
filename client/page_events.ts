/**
 * The events of a web page that concern its connections.
 *
 * @module
 */

/** The part of the global object that only browsers and Deno have */
interface EventSource {
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
}

/** The part of the document of a page */
interface PageDocument extends EventSource {
  readonly visibilityState?: string;
}

/** The global object, which has a document only in a page */
interface Page extends EventSource {
  readonly document?: PageDocument;
}

/**
 * Calls a listener when the device is connected to a network again.
 *
 * @returns Removes the listener
 */
export function onOnline(listener: () => void): () => void {
  return listen(globalThis, "online", listener);
}

/**
 * Calls a listener when the page may have been asleep: it is visible again, it comes back
 * from the cache of the browser, or the device is connected to a network again. Nothing
 * calls it where there is no page.
 *
 * @returns Removes the listener
 */
export function onWake(listener: () => void): () => void {
  const { document }: Page = globalThis;
  if (document === undefined) return () => {};
  const onVisibility = () => {
    if (document.visibilityState === "visible") listener();
  };
  const removers = [
    listen(document, "visibilitychange", onVisibility),
    listen(globalThis, "pageshow", listener),
    onOnline(listener),
  ];
  return () => removers.forEach((remove) => remove());
}

function listen(
  source: EventSource,
  type: string,
  listener: () => void,
): () => void {
  source.addEventListener?.(type, listener);
  return () => source.removeEventListener?.(type, listener);
}
