import type { TestEvent } from "node:test/reporters";
import type { Counts } from "./counts.ts";

/** A reporter of node:test that writes only the counts of the whole run, as JSON. */
export default async function* countReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    // Each file has a summary of its own; the whole run's names no file.
    if (type !== "test:summary" || data.file !== undefined) continue;
    const { tests, passed, skipped, todo } = data.counts;
    // Whatever else became of a test, such as its cancellation, it did not pass.
    const counts: Counts = { passed, failed: tests - passed - skipped - todo, skipped: skipped + todo };
    yield JSON.stringify(counts);
  }
}
