import { describe } from "../../kubernetes/problems.ts";
import type { Log } from "../../observe/log.ts";
import type { Clock } from "../../support/clock.ts";
import { some } from "../../support/some.ts";
import type { AnyWatch } from "./cluster-problems.ts";

const FIRST_MS = 2000;
/** From one line to the next; twice as long each time. */
const INTERVAL_MS = { first: 10_000, most: 80_000 };

function waitText({ collection }: AnyWatch): string {
  return collection.problem ?? `${describe(collection.selection)}: ${collection.state}`;
}

/**
 * Tells ever more rarely what is waited for, until the call that it returns.
 * @param missing what is still waited for.
 */
export function tellWaiting(clock: Clock, log: Log, missing: () => readonly AnyWatch[]): () => void {
  const since = clock.now();
  let interval = INTERVAL_MS.first;
  let cancel = clock.after(FIRST_MS, tell);
  function tell(): void {
    const watches = missing();
    const texts = [...new Set(watches.map(waitText))];
    const fields = { waitingFor: some(texts), seconds: Math.round((clock.now() - since) / 1000) };
    if (watches.some(({ collection }) => collection.problem !== undefined)) {
      log.warn(fields, "waiting for the cluster");
    } else {
      log.info(fields, "waiting for the cluster");
    }
    cancel = clock.after(interval, tell);
    interval = Math.min(2 * interval, INTERVAL_MS.most);
  }
  return () => cancel();
}
