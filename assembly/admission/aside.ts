// Requests that will be answered here at the next tick: sending the answer from another stream's callback would hang
// that stream.

import { unlist } from "./entries.ts";
import { Entry } from "./queue.ts";

/** Address of the first; 0: there is none. */
export let firstAside: usize = 0;

/** Takes someone out of the queue until the next tick. */
export function putAside(entry: Entry): void {
  unlist(entry);
  entry.older = 0;
  entry.newer = firstAside;
  if (firstAside != 0) changetype<Entry>(firstAside).older = changetype<usize>(entry);
  firstAside = changetype<usize>(entry);
}

/** Takes someone out of those. */
export function takeBack(entry: Entry): void {
  if (entry.older == 0) firstAside = entry.newer;
  else changetype<Entry>(entry.older).newer = entry.newer;
  if (entry.newer != 0) changetype<Entry>(entry.newer).older = entry.older;
}
