import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger, type LogFormat, type LogLevel } from "../../../sidecar/observe/log.ts";
import { Quiet } from "../../../sidecar/observe/quiet.ts";
import { ManualClock } from "../support/manual-clock.ts";

function logger(level: LogLevel, format: LogFormat) {
  const lines: string[] = [];
  return { lines, log: createLogger(level, format, { write: (line) => lines.push(line) }) };
}

test("json lines have level, time, message, and fields", () => {
  const { lines, log } = logger("info", "json");
  log.debug("not this");
  log.warn({ port: 9002, error: new Error("no") }, "told");
  assert.equal(lines.length, 1);
  const { time, error, ...rest } = JSON.parse(lines[0]!);
  assert.deepEqual(rest, { level: "warn", port: 9002, msg: "told" });
  assert.match(time, /^\d{4}-\d\d-\d\dT.*Z$/);
  assert.equal(error.message, "no");
});

test("text lines quote what could deceive a reader", () => {
  const { lines, log } = logger("debug", "text");
  log.info({ node: "sidecar~10.0.0.1", evil: "a\n\u001b[31mb", list: [1, "x y"], none: null }, "gateway connected");
  assert.match(lines[0]!, /^\S+Z INFO {2}gateway connected node="sidecar~10\.0\.0\.1" evil="a\\n\\u001b\[31mb" /);
  assert.match(lines[0]!, / list=\[1,"x y"\] none=null\n$/);
});

test("quiet lets a subject through once a minute and counts the rest", () => {
  const clock = new ManualClock();
  const quiet = new Quiet(clock);
  assert.equal(quiet.mayI("a"), 0);
  assert.equal(quiet.mayI("a"), undefined);
  assert.equal(quiet.mayI("b"), 0);
  clock.advance(59_999);
  assert.equal(quiet.mayI("a"), undefined);
  clock.advance(1);
  assert.equal(quiet.mayI("a"), 2);
  clock.advance(60_000);
  assert.equal(quiet.mayI("a"), 0);
});
