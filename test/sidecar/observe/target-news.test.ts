import assert from "node:assert/strict";
import { test } from "node:test";
import { TargetNews } from "../../../sidecar/observe/target-news.ts";
import type { Outcome } from "../../../sidecar/scrape/report.ts";
import { RecordingLog } from "../push/recorder.ts";
import { ManualClock } from "../support/manual-clock.ts";

function follow() {
  const clock = new ManualClock();
  const log = new RecordingLog();
  const news = new TargetNews(clock, log);
  const change = (number: number, outcome: Outcome, by: "self" | "peer" = "self"): void => {
    const address = `10.0.0.${number}:80`;
    const reason = outcome === "ok" ? undefined : `why ${number}`;
    news.changed({ address, metricsUrl: `http://${address}/metrics`, by, outcome, reason });
  };
  /** Lines since the last call, without those for debugging. */
  const told = () =>
    log.lines
      .splice(0)
      .filter(({ level }) => level !== "debug")
      .map(({ level, message, fields }) => [level, message, fields]);
  return { clock, log, news, change, told };
}

const place = (number: number) => ({
  address: `10.0.0.${number}:80`,
  metricsUrl: `http://10.0.0.${number}:80/metrics`,
});

test("one endpoint is told of at once, and in full", () => {
  const { clock, change, told } = follow();
  change(1, "ok");
  assert.deepEqual(told(), [["info", "endpoint is scraped", place(1)]]);
  clock.advance(5000);
  change(1, "timeout", "peer");
  const failure = { ...place(1), by: "peer", reason: "why 1", outcome: "timeout" };
  assert.deepEqual(told(), [["warn", "endpoint cannot be scraped", failure]]);
  clock.advance(5000);
  assert.deepEqual(told(), []);
});

test("thousands that fail are one line a second, with counts and the first few addresses", () => {
  const { clock, log, change, told } = follow();
  change(0, "connect");
  told();
  for (let number = 1; number <= 4000; number++) change(number, number % 4 === 0 ? "timeout" : "connect");
  assert.equal(log.lines.filter(({ level }) => level === "debug").length, 4000, "of each to those who debug");
  assert.deepEqual(told(), []);
  clock.advance(1000);
  const addresses = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((number) => `10.0.0.${number}:80`);
  assert.deepEqual(told(), [
    [
      "warn",
      "endpoints cannot be scraped",
      {
        endpoints: 4000,
        outcomes: { connect: 3000, timeout: 1000 },
        addresses: [...addresses, "and 3990 more"],
        reason: "why 1",
      },
    ],
  ]);
  for (let number = 1; number <= 3; number++) change(number, "ok");
  clock.advance(1000);
  assert.deepEqual(told(), [["info", "endpoints are scraped", { endpoints: 3, addresses: addresses.slice(0, 3) }]]);
});

test("what fails and is well again within a second is told of as both, what is well and fails as failing", () => {
  const { clock, change, told } = follow();
  change(9, "ok");
  told();
  change(1, "status");
  change(1, "ok");
  change(2, "ok");
  change(2, "connect");
  clock.advance(1000);
  assert.deepEqual(
    told().map(([level, message]) => [level, message]),
    [
      ["warn", "endpoints cannot be scraped"],
      ["info", "endpoint is scraped"],
    ],
  );
});

test("stopped, it tells nothing more", () => {
  const { clock, news, change, told } = follow();
  change(1, "ok");
  change(2, "ok");
  told();
  news.stop();
  clock.advance(5000);
  change(3, "ok");
  assert.deepEqual(told(), []);
  assert.equal(clock.pending, 0);
});
