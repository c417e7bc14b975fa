/**
 * Where a client begins in the publications of a room: the part of the history that it gets
 * before the publications that are new.
 *
 * @module
 */

import type {
  Broker,
  HistoryRead,
  LossReason,
  Publication,
  ReadFrom,
} from "../broker/broker.ts";

/** What a client that joins gets. */
export interface FeedStart {
  /** The publications before the next one that the feed reports */
  readonly publications: readonly Publication[];
  /** The position before the first of them; `null` in a room without history */
  readonly from: string | null;
  /** Why publications are missing */
  readonly lost: LossReason | undefined;
}

/** Where a feed is when a read for a client has ended. */
export interface FeedPlace {
  readonly broker: Pick<Broker, "order">;
  /** The position of the last publication that the feed has passed on */
  readonly at: string;
  /** What the feed has passed on since the read began, after the last gap */
  readonly tail: readonly Publication[];
}

/**
 * Makes what was read end where the feed is.
 *
 * @param read What the broker returned
 * @param place Where the feed is
 * @returns `undefined` if the broker has another history than the feed
 */
export function startOf(
  { publications, from, top, lost }: HistoryRead,
  place: FeedPlace,
): FeedStart | undefined {
  const { broker, at } = place;
  switch (broker.order(top, at)) {
    case "same":
      return { publications, from, lost };
    case "before": {
      const rest = restAfter(top, place);
      return rest && { publications: [...publications, ...rest], from, lost };
    }
    case "after": {
      if (broker.order(from, at) === "after") return undefined;
      // The feed will still pass on the others.
      const known = publications.filter(({ position }) =>
        isKnown(broker, position!, at)
      );
      return { publications: known, from, lost };
    }
  }
}

/** Drops the oldest publications, if more came meanwhile than the client wants. */
export function newestOf(start: FeedStart, wanted: ReadFrom): FeedStart {
  const { publications } = start;
  if ("since" in wanted || publications.length <= wanted.last) return start;
  const before = publications.at(-wanted.last - 1)!;
  const newest = publications.slice(-wanted.last);
  return { ...start, publications: newest, from: before.position };
}

/** Returns whether a position is not after the one where a feed is. */
export function isKnown(
  broker: Pick<Broker, "order">,
  position: string,
  at: string,
): boolean {
  const order = broker.order(position, at);
  return order === "same" || order === "before";
}

/** Returns the publications after a position; `undefined` if some can be missing. */
function restAfter(
  top: string,
  { broker, tail }: FeedPlace,
): readonly Publication[] | undefined {
  const start = tail.findIndex(({ previous }) =>
    previous !== null && broker.order(previous, top) === "same"
  );
  return start < 0 ? undefined : tail.slice(start);
}
