import { estimate, estimatedQueue, estimatedRunning } from "../../assembly/state/estimate.ts";
import { Slot } from "../../assembly/state/slots.ts";
import { SAMPLE_BYTES, SAMPLE_RUNNING, SAMPLE_WAITING } from "../../wire/layout.ts";

const slot = changetype<Slot>(heap.alloc(offsetof<Slot>()));
const sample = heap.alloc(SAMPLE_BYTES);

// The estimate for a sample of `waiting` and `running`, with so many in flight when it came and so many now.
function expectEstimate(
  waiting: u32, running: u32, baseline: u32, now: u32, queue: f64, run: f64, limit: f64 = Infinity,
): void {
  memory.fill(changetype<usize>(slot), 0, offsetof<Slot>());
  memory.fill(sample, 0, SAMPLE_BYTES);
  slot.ownRequests = now / 2;
  slot.otherRequests = now - now / 2;
  slot.baseline = baseline;
  store<u32>(sample, waiting, SAMPLE_WAITING);
  store<u32>(sample, running, SAMPLE_RUNNING);
  estimate(slot, sample, limit);
  const what = `waiting ${waiting} running ${running} in flight ${baseline} -> ${now}`;
  expect(estimatedQueue).toBe(queue, what + ": queue");
  expect(estimatedRunning).toBe(run, what + ": running");
}

describe("the estimate", () => {
  it("is the sample where nothing has changed", () => {
    expectEstimate(0, 0, 0, 0, 0, 0);
    expectEstimate(3, 7, 10, 10, 3, 7);
    expectEstimate(3, 7, 4, 4, 3, 7); // six are another gateway's
  });

  it("counts what has started since as running, and as waiting where some waited already", () => {
    expectEstimate(0, 0, 0, 5, 0, 5);
    expectEstimate(0, 16, 16, 18, 0, 18);
    expectEstimate(3, 7, 10, 12, 5, 9);
    expectEstimate(3, 7, 0, 2, 5, 9);
  });

  it("lets those wait that are more than an engine runs", () => {
    expectEstimate(0, 10, 10, 16, 0, 16, 16);
    expectEstimate(0, 10, 10, 19, 3, 19, 16);
    expectEstimate(0, 18, 18, 18, 0, 18, 16); // it has shown that it runs more
    expectEstimate(0, 18, 18, 21, 3, 21, 16);
    expectEstimate(0, 30, 30, 30, 0, 30, 4); // the others are short of cache
    expectEstimate(2, 16, 18, 20, 4, 18, 16);
  });

  it("takes what has ended from the queue first, then from the running ones", () => {
    expectEstimate(3, 7, 10, 9, 2, 7);
    expectEstimate(3, 7, 10, 7, 0, 7);
    expectEstimate(3, 7, 10, 5, 0, 5);
    expectEstimate(3, 7, 10, 0, 0, 0);
  });

  it("never falls below what is in flight here", () => {
    // The pod answered the scrape before these came there; the sample came after.
    expectEstimate(0, 0, 6, 6, 0, 6);
    expectEstimate(1, 1, 8, 8, 7, 7);
    expectEstimate(0, 4, 9, 9, 0, 9);
  });

  it("never falls below zero", () => {
    expectEstimate(1, 1, 10, 2, 1, 1);
    expectEstimate(1, 1, 10, 1, 0, 1);
    expectEstimate(0, 0, 10, 0, 0, 0);
    expectEstimate(2, 3, 100, 1, 0, 1);
  });

  it("does not wrap at the ends of its fields", () => {
    const most = u32.MAX_VALUE;
    expectEstimate(most, most, 0, 0, f64(most), f64(most));
    expectEstimate(most, 0, 0, 10, f64(most) + 10, 10);
    expectEstimate(0, 0, most, 0, 0, 0);
  });
});
