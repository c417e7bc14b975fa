/**
 * What the pages share: the connection, and the numbers that are collected all the time.
 *
 * @module
 */

import { Watchdog } from "../common/watchdog.ts";
import { Cell } from "./cell.ts";
import { Connection } from "./connection.ts";
import { History, type Stats } from "./history.ts";

/** How long the numbers, which are due each second, can take, in milliseconds. */
const PATIENCE = 2_000;

/** The state of the page. */
export class App {
  readonly connection: Connection = new Connection();
  readonly history: History = new History();
  /** What a screen reader reads when it has time */
  readonly news: Cell<string> = new Cell("");

  /** How long the server has not answered, in milliseconds; 0 if it has */
  readonly silence: Cell<number> = new Cell(0);

  /** Follows the numbers of the server. */
  constructor() {
    const watchdog = new Watchdog(PATIENCE, (silence) => {
      this.silence.value = silence;
    });
    const feed = () => {
      watchdog.feed();
      if (this.silence.value > 0) this.silence.value = 0;
    };
    this.connection.follow<Stats>(
      "hoist.admin.stats",
      {},
      (stats) => (feed(), this.history.add(stats)),
      () => (feed(), this.history.interrupt()),
    );
  }
}
