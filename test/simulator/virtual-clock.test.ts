import assert from "node:assert/strict";
import { test } from "node:test";
import { EventQueue } from "../../simulator/event-queue.ts";
import { createRandom } from "../../simulator/random.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";

test("an event queue gives its items back by time, then by order", () => {
  const random = createRandom(7);
  const queue = new EventQueue<{ due: number; order: number }>();
  const items = Array.from({ length: 500 }, (_, order) => ({ due: Math.floor(random() * 50), order }));
  for (const item of items) queue.push(item);
  queue.shift(1000);
  const given = [];
  for (let item = queue.pop(); item !== undefined; item = queue.pop()) given.push(item);
  assert.deepEqual(
    given,
    items.toSorted((a, b) => a.due - b.due || a.order - b.order),
  );
  assert.ok(given.every((item) => item.due >= 1000));
});

test("a virtual clock fires timers at their own times, those of equal time in order of creation", () => {
  const clock = new VirtualClock();
  const fired: string[] = [];
  const note = (name: string) => () => void fired.push(`${name}@${clock.now()}`);
  clock.at(20, note("late"));
  clock.at(10, note("first"));
  clock.at(10, note("second"));
  const callOff = clock.at(15, note("called off"));
  callOff();
  clock.advanceTo(12);
  assert.deepEqual(fired, ["first@10", "second@10"]);
  assert.equal(clock.now(), 12);
  clock.at(5, note("overdue"));
  clock.runAll();
  assert.deepEqual(fired.slice(2), ["overdue@12", "late@20"]);
});
