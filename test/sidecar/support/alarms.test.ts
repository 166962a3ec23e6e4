import assert from "node:assert/strict";
import { test } from "node:test";
import { type Alarm, Alarms, UNSET } from "../../../sidecar/support/alarms.ts";
import { seeded } from "../scrape/fixtures.ts";
import { ManualClock } from "./manual-clock.ts";

class Ringing implements Alarm {
  due = 0;
  place = UNSET;
  readonly ring: () => void;

  constructor(ring: () => void) {
    this.ring = ring;
  }
}

test("alarms ring at their time, in order, those that are unset do not", () => {
  const clock = new ManualClock();
  const alarms = new Alarms(clock);
  const random = seeded(5);
  const rung: number[] = [];
  const begin = clock.now();
  const wanted = new Set<number>();
  const all = Array.from({ length: 1000 }, (_, index) => {
    const alarm = new Ringing(() => {
      assert.equal(clock.now(), alarm.due);
      rung.push(index);
    });
    alarms.set(alarm, begin + Math.floor(random() * 300));
    wanted.add(index);
    return alarm;
  });
  for (let turn = 0; turn < 600; turn++) {
    const index = Math.floor(random() * all.length);
    const alarm = all[index] as Ringing;
    alarms.unset(alarm);
    wanted.delete(index);
    if (random() < 0.5) {
      alarms.set(alarm, begin + Math.floor(random() * 300));
      wanted.add(index);
    }
  }
  assert.equal(clock.pending, 1, "one timer for all");
  clock.advance(300);
  assert.deepEqual(new Set(rung), wanted);
  assert.equal(rung.length, wanted.size);
  const dues = rung.map((index) => (all[index] as Ringing).due);
  assert.deepEqual(
    dues,
    dues.toSorted((a, b) => a - b),
  );
  assert.equal(clock.pending, 0);
});

test("an alarm may set itself again, set others and unset them while it rings", () => {
  const clock = new ManualClock();
  const alarms = new Alarms(clock);
  const begin = clock.now();
  const rung: string[] = [];
  const never = new Ringing(() => rung.push("never"));
  const other = new Ringing(() => rung.push(`other ${clock.now() - begin}`));
  let rings = 0;
  const again = new Ringing(() => {
    rung.push(`again ${clock.now() - begin}`);
    alarms.unset(never);
    if (rings++ === 0) alarms.set(other, begin + 12);
    if (rings < 3) alarms.set(again, clock.now() + 5);
  });
  alarms.set(again, begin + 5);
  alarms.set(never, begin + 5);
  clock.advance(100);
  assert.deepEqual(rung, ["again 5", "again 10", "other 12", "again 15"]);
  assert.equal(clock.pending, 0);
});

test("the last one, setting another, leaves one timer", () => {
  const clock = new ManualClock();
  const alarms = new Alarms(clock);
  const other = new Ringing(() => undefined);
  alarms.set(new Ringing(() => alarms.set(other, clock.now() + 20)), clock.now() + 10);
  clock.advance(10);
  assert.equal(clock.pending, 1);
  clock.advance(20);
  assert.equal(clock.pending, 0);
});

test("many that are due at once let others have their turns in between", () => {
  const clock = new ManualClock();
  const alarms = new Alarms(clock);
  let rung = 0;
  let rungBefore = 0;
  for (let index = 0; index < 100; index++) alarms.set(new Ringing(() => rung++), clock.now() + 10);
  clock.after(10, () => {
    rungBefore = rung;
  });
  clock.advance(10);
  assert.equal(rung, 100);
  assert.ok(rungBefore < 100, `${rungBefore} before whoever waited longer`);
});
