import assert from "node:assert/strict";
import { test } from "node:test";
import { ObjectWarnings } from "../../../../sidecar/discovery/kubernetes/object-warnings.ts";
import { RecordingLog } from "../../push/recorder.ts";
import { ManualClock } from "../../support/manual-clock.ts";

function setUp() {
  const clock = new ManualClock();
  const log = new RecordingLog();
  return { clock, log, warnings: new ObjectWarnings(clock, log) };
}

test("the same thing is told once, another one again, and the same one after it was mended", () => {
  const { clock, log, warnings } = setUp();
  warnings.tell("Pod ns/a", ["x: wrong"], "left out");
  warnings.tell("Pod ns/a", ["x: wrong"], "left out");
  warnings.tell("Pod ns/a", ["y: wrong"], "left out");
  warnings.tell("Pod ns/b", ["y: wrong"], "left out");
  clock.advance(100_000);
  warnings.tell("Pod ns/b", ["y: wrong"], "left out");
  warnings.mended("Pod ns/b", "left out");
  warnings.tell("Pod ns/b", ["y: wrong"], "left out");
  assert.deepEqual(
    log.of("left out").map(({ object, problems }) => `${object} ${problems}`),
    ["Pod ns/a x: wrong", "Pod ns/a y: wrong", "Pod ns/b y: wrong", "Pod ns/b y: wrong"],
  );
});

test("of many at once only the first ten are told, and how many more there were with the next", () => {
  const { clock, log, warnings } = setUp();
  for (let number = 0; number < 500; number++) warnings.tell(`Pod ns/p${number}`, ["x: wrong"], "left out");
  assert.equal(log.lines.length, 10);
  clock.advance(1000);
  warnings.tell("Pod ns/other", ["x: wrong"], "left out");
  warnings.tell("Pod ns/another", ["x: wrong"], "left out");
  assert.deepEqual(
    log.lines.slice(10).map(({ fields }) => fields.othersUntold),
    [490, undefined],
  );
});
