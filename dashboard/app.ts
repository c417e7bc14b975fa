/**
 * What the pages share: the connection, and the numbers that are collected all the time.
 *
 * @module
 */

import { Cell } from "./cell.ts";
import { Connection } from "./connection.ts";
import { History, type Stats } from "./history.ts";

/** The state of the page. */
export class App {
  readonly connection: Connection = new Connection();
  readonly history: History = new History();
  /** What a screen reader reads when it has time */
  readonly news: Cell<string> = new Cell("");

  /** Follows the numbers of the server. */
  constructor() {
    this.connection.follow<Stats>(
      "hoist.admin.stats",
      {},
      (stats) => this.history.add(stats),
      () => this.history.interrupt(),
    );
  }
}
