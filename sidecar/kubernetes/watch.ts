// One watch, from its request to its end.

import type { Clock } from "../support/clock.ts";
import type { Connection } from "./connection.ts";
import { pathOf } from "./paths.ts";
import type { Selection } from "./resource.ts";
import { type EventSink, WatchReader } from "./watch-reader.ts";

/** Milliseconds for which a watch may be silent, 20 % more or less. */
const SILENCE = 45_000;
/** Seconds for which a watch is asked for. */
const SECONDS = { least: 240, most: 360 };
/**
 * Seconds for which a watch is asked for where the last one was silent. API servers send bookmarks every 60 to 75 s,
 * which is too late for SILENCE, and 2 s before a watch's end, which with this is soon enough.
 */
const QUIET_SECONDS = 30;

export interface WatchOptions {
  readonly clock: Clock;
  /** A number from 0 to 1, below 1. */
  readonly random: () => number;
  /** The resourceVersion after which events are wanted. */
  readonly from: string;
  /** Whether it is known that there may be few events. */
  readonly quiet: boolean;
  readonly signal: AbortSignal;
}

/** Gets the events of a watch. */
export interface WatchSink extends EventSink {
  /** The API server has accepted the watch. */
  opened(): void;
  /** All events of a chunk were given, in the turn in which it was read. False: no more are wanted. */
  read(): boolean;
}

/** How a watch ended. */
export interface WatchEnd {
  /** Milliseconds from the beginning of the answer; undefined: there was none that began well. */
  readonly lasted: number | undefined;
  /** undefined where the API server ended it, or no more was wanted. */
  readonly error: Error | undefined;
}

/** Watches until the watch ends in whatever way. */
export async function watch(
  connection: Connection,
  selection: Selection,
  { clock, random, from, quiet, signal }: WatchOptions,
  sink: WatchSink,
): Promise<WatchEnd> {
  const reader = new WatchReader(sink);
  let openedAt: number | undefined;
  const body = {
    open: () => {
      openedAt = clock.now();
      sink.opened();
    },
    data: (chunk: Buffer) => {
      const isUseful = reader.write(chunk);
      return sink.read() && isUseful;
    },
  };
  const seconds = quiet ? QUIET_SECONDS : Math.round(SECONDS.least + random() * (SECONDS.most - SECONDS.least));
  const path = pathOf(selection, {
    watch: "true",
    resourceVersion: from,
    allowWatchBookmarks: "true",
    timeoutSeconds: String(seconds),
  });
  let error: Error | undefined;
  try {
    await connection.stream(path, { sink: body, silenceTimeout: SILENCE * (0.8 + 0.4 * random()), signal });
    reader.end();
    sink.read();
  } catch (thrown) {
    error = thrown as Error;
  }
  return { lasted: openedAt === undefined ? undefined : clock.now() - openedAt, error };
}
