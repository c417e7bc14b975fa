/**
 * The whole terminal, for a live view.
 *
 * @module
 */

/** The size of a terminal, in characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A terminal that shows a live view until it is disposed. */
export interface Terminal extends Disposable {
  /** The current size */
  readonly size: TerminalSize;
  /** Takes over the terminal, until it is disposed. */
  start(): void;
  /** Replaces the content of the screen. */
  draw(lines: readonly string[]): void;
  /** Calls a listener with each key, such as `q` or `\x1b[A` for the key "up". */
  onKey(listener: (key: string) => void): void;
  /** Calls a listener when the size has changed. */
  onResize(listener: () => void): void;
}

/**
 * The alternate screen, without a cursor: the content of the terminal comes back at the end.
 * A line that is wider in this terminal than Unicode says must not begin another one.
 */
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";

/** The signals that end the program at once, with the numbers in its exit code. */
const ENDS = { SIGHUP: 129, SIGQUIT: 131 } as const;

/** The events with which the program ends, if no signal ends it. */
const LAST_EVENTS = ["unload", "error", "unhandledrejection"];

/** One key: a control sequence such as `\x1b[A`, or a character. */
const KEY = new RegExp("\x1b\\[[\\d;]*[A-Za-z~]|.", "gsu");

/** Returns the terminal of this process; `null` if its output or its input is none. */
export function openTerminal(): Terminal | null {
  return Deno.stdout.isTerminal() && Deno.stdin.isTerminal()
    ? new ProcessTerminal()
    : null;
}

class ProcessTerminal implements Terminal {
  readonly #encoder = new TextEncoder();
  readonly #listeners: (() => void)[] = [];
  readonly #restore = (): void => this[Symbol.dispose]();
  readonly #redraw = (): void => this.#listeners.forEach((each) => each());
  #signals: readonly (readonly [Deno.Signal, () => void])[] = [];
  #isOpen = false;
  #isShown = false;

  start(): void {
    this.#isOpen = true;
    this.#enter();
    // A second Ctrl-C ends the program at once.
    for (const name of LAST_EVENTS) addEventListener(name, this.#restore);
    this.#signals = Deno.build.os === "windows"
      ? [["SIGWINCH", this.#redraw]]
      : this.#unixSignals();
    for (const [name, listener] of this.#signals) {
      Deno.addSignalListener(name, listener);
    }
  }

  get size(): TerminalSize {
    // Some programs that run others in a terminal do not set its size.
    const { columns, rows } = Deno.consoleSize();
    return { columns: columns || 80, rows: rows || 24 };
  }

  draw(lines: readonly string[]): void {
    // When the program continues, news can arrive before the signal. Until then, the lines of
    // the shell are shown. Each line replaces an old one, so that nothing flickers.
    if (this.#isShown) this.#write(`\x1b[H${lines.join("\x1b[K\r\n")}\x1b[J`);
  }

  onKey(listener: (key: string) => void): void {
    void this.#readKeys(listener);
  }

  onResize(listener: () => void): void {
    this.#listeners.push(listener);
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const name of LAST_EVENTS) removeEventListener(name, this.#restore);
    for (const [name, listener] of this.#signals) {
      Deno.removeSignalListener(name, listener);
    }
    this.#leave();
  }

  #unixSignals(): readonly (readonly [Deno.Signal, () => void])[] {
    return [
      ["SIGWINCH", this.#redraw],
      ["SIGTSTP", () => this.#suspend()],
      ["SIGCONT", () => this.#resume()],
      ["SIGHUP", () => Deno.exit(ENDS.SIGHUP)],
      ["SIGQUIT", () => Deno.exit(ENDS.SIGQUIT)],
    ];
  }

  /** Gives the terminal to the shell. A listener to SIGTSTP prevents that it stops anything. */
  #suspend(): void {
    this.#leave();
    Deno.kill(Deno.pid, "SIGSTOP");
  }

  /** Takes the terminal again. The shell can have changed it, also after a SIGSTOP. */
  #resume(): void {
    this.#enter();
    this.#redraw();
  }

  #enter(): void {
    // Ctrl-C and Ctrl-Z remain signals.
    Deno.stdin.setRaw(true, { cbreak: Deno.build.os !== "windows" });
    this.#write(ENTER);
    this.#isShown = true;
  }

  #leave(): void {
    // While the program is stopped, the shell has the terminal already.
    if (!this.#isShown) return;
    this.#isShown = false;
    try {
      this.#write(LEAVE);
      Deno.stdin.setRaw(false);
    } catch {
      // The terminal is gone.
    }
  }

  async #readKeys(listener: (key: string) => void): Promise<void> {
    const buffer = new Uint8Array(64);
    const decoder = new TextDecoder();
    while (this.#isOpen) {
      const count = await Deno.stdin.read(buffer).catch(() => null);
      if (count === null || !this.#isOpen) return;
      // Keys that are pressed quickly arrive together.
      const keys = decoder.decode(buffer.subarray(0, count), { stream: true });
      for (const [key] of keys.matchAll(KEY)) listener(key);
    }
  }

  #write(text: string): void {
    let bytes = this.#encoder.encode(text);
    while (bytes.length > 0) {
      bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
    }
  }
}
