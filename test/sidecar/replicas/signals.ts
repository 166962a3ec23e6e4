// What a scrape gives that a test need not care about.

import type { Signals } from "../../../sidecar/scrape/signals.ts";

export const SIGNALS: Signals = {
  waiting: 0,
  running: 0,
  kvUsage: 0,
  blockSize: 16,
  blockCount: 100,
  runningAdapters: [],
  waitingAdapters: [],
  maxAdapters: 0,
};
