/**
 * The engine of a run, and the ways to break it.
 *
 * @module
 */

/** An engine in a process of its own. */
export interface ChaosEngine extends AsyncDisposable {
  readonly port: number;
  /** Ends the process, as a crash does. */
  kill(): Promise<void>;
  /** Starts the process again with its data. */
  restart(): Promise<void>;
  /** Stops the process; its connections stay open. */
  freeze(): void;
  /** Lets the process continue. */
  thaw(): void;
  /** Kills the engine and starts it without its data. */
  wipe(): Promise<void>;
  /** Stores a copy of the data. */
  save(): Promise<void>;
  /** Kills the engine and starts it with the copy, so that everything later is lost. */
  restore(): Promise<void>;
  /** Changes the password of the nodes, and ends their connections. */
  setPassword(password: string): Promise<void>;
}
