import type { Sample } from "../../wire/model.ts";

/** A fresh sample of an idle, ready endpoint. */
export function sample(fields: Partial<Sample> = {}): Sample {
  return {
    ready: true,
    age: 5,
    counter: 1,
    waiting: 0,
    running: 0,
    kvUsage: 0,
    blockSize: 16,
    blockCount: 1000,
    runningAdapters: [],
    waitingAdapters: [],
    maxAdapters: 0,
    ...fields,
  };
}
