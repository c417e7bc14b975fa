/** Tests of `client/runtime.ts`, with a document that is not of a browser. */

import assert from "node:assert/strict";
import { onOnline, onWake } from "../../client/runtime.ts";

/** A document that is hidden or visible. */
class FakeDocument extends EventTarget {
  visibilityState = "visible";

  show(state: string): void {
    this.visibilityState = state;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

/** Runs a function while the global object is that of a page. */
function inPage(fn: (document: FakeDocument) => void): void {
  const document = new FakeDocument();
  Object.assign(globalThis, { document });
  try {
    fn(document);
  } finally {
    Reflect.deleteProperty(globalThis, "document");
  }
}

Deno.test("a page wakes up when it is visible, shown or online, until the listener is removed", () => {
  inPage((document) => {
    let count = 0;
    const remove = onWake(() => void count++);
    const wake = () => {
      document.show("visible");
      dispatchEvent(new Event("pageshow"));
      dispatchEvent(new Event("online"));
    };
    wake();
    assert.equal(count, 3);
    document.show("hidden");
    assert.equal(count, 3);
    remove();
    wake();
    assert.equal(count, 3);
  });
});

Deno.test("a program without a page never wakes up", () => {
  const remove = onWake(() => assert.fail());
  dispatchEvent(new Event("pageshow"));
  dispatchEvent(new Event("online"));
  remove();
});

Deno.test("onOnline() needs no page", () => {
  let count = 0;
  const remove = onOnline(() => void count++);
  dispatchEvent(new Event("online"));
  remove();
  dispatchEvent(new Event("online"));
  assert.equal(count, 1);
});
