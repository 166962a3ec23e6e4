import assert from "node:assert/strict";
import { test } from "node:test";
import type { ScrapeItem } from "../../../sidecar/replicas/messages.ts";
import { ScrapeNews } from "../../../sidecar/replicas/scrape-news.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { Bus } from "./bus.ts";
import { SIGNALS } from "./signals.ts";

function setUp() {
  const clock = new ManualClock();
  const bus = new Bus(clock);
  const [one, two] = [bus.join(1n), bus.join(2n)];
  const heard: (readonly ScrapeItem[])[] = [];
  two.listen({ scrapes: (_, items) => heard.push(items) });
  const news = new ScrapeNews(one, clock);
  const add = (target: number, at = clock.now()): void => {
    news.add({ target: BigInt(target), outcome: "ok", reason: "", sample: { signals: SIGNALS, at } });
  };
  return {
    clock,
    two,
    news,
    add,
    heard,
    targets: () => heard.map((items) => items.map(({ target }) => Number(target))),
  };
}

test("the first goes at once, what follows within 10 ms together", () => {
  const { clock, add, targets } = setUp();
  add(1);
  assert.deepEqual(targets(), [[1]]);
  add(2);
  clock.advance(5);
  add(3);
  clock.advance(4.9);
  assert.deepEqual(targets(), [[1]]);
  clock.advance(0.1);
  assert.deepEqual(targets(), [[1], [2, 3]]);
  clock.advance(10);
  add(4);
  assert.deepEqual(targets(), [[1], [2, 3], [4]]);
});

test("an age is that of the moment of sending", () => {
  const { clock, add, heard } = setUp();
  add(1, clock.now() - 3);
  add(2, clock.now() - 3);
  clock.advance(10);
  assert.deepEqual(
    heard.flat().map(({ sample }) => sample?.age),
    [3, 13],
  );
});

test("many go out before their time", () => {
  const { add, targets } = setUp();
  for (let target = 0; target <= 512; target++) add(target);
  assert.deepEqual(
    targets().map(({ length }) => length),
    [1, 512],
  );
});

test("where nobody listens nothing is kept", () => {
  const { clock, two, add, heard } = setUp();
  two.stop();
  const pending = clock.pending;
  add(1);
  add(2);
  assert.deepEqual([clock.pending, heard.length], [pending, 0]);
});
