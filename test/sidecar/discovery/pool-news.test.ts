import assert from "node:assert/strict";
import { test } from "node:test";
import type { DiscoveredPool } from "../../../sidecar/discovery/pool.ts";
import { PoolNews } from "../../../sidecar/discovery/pool-news.ts";
import { RecordingLog } from "../push/recorder.ts";
import { ManualClock } from "../support/manual-clock.ts";

const IN_FORCE = "endpoints in force";

function pool(name: string, ...numbers: number[]): DiscoveredPool {
  const endpoints = numbers.map((number) => {
    const address = `10.0.0.${Math.abs(number)}:80`;
    const endpoint = { address, name: `ns/p${number}`, zone: "", labels: {}, engine: 0, role: 0, rank: 0 };
    return { endpoint, ready: number > 0, metricsUrl: "" };
  });
  return { name, endpoints, objectives: [], rewrites: [] };
}

function follow() {
  const clock = new ManualClock();
  const log = new RecordingLog();
  const news = new PoolNews(clock, log, { source: "cluster" });
  /** Lines since the last call. */
  const told = () =>
    log.lines.splice(0).map(({ level, message, fields: { source, ...fields } }) => {
      assert.equal(source, "cluster");
      return [level, message, fields];
    });
  return { clock, log, news, told };
}

test("the first pools are told in numbers, later ones by what has changed", () => {
  const { clock, news, told } = follow();
  const b = pool("b", 3);
  news.applied([pool("a", 1, 2), b]);
  assert.deepEqual(told(), [
    ["info", IN_FORCE, { pool: "a", endpoints: 2 }],
    ["info", IN_FORCE, { pool: "b", endpoints: 1 }],
  ]);
  clock.advance(1000);
  news.applied([pool("a", 1, 4), b, pool("c")]);
  assert.deepEqual(told(), [
    ["info", IN_FORCE, { pool: "a", endpoints: 2, added: ["10.0.0.4:80"], removed: ["10.0.0.2:80"] }],
    ["info", IN_FORCE, { pool: "c", endpoints: 0 }],
    ["warn", "pool has no endpoints", { pool: "c" }],
  ]);
});

test("what changes within a second of a line about the pool is summed up in the next", () => {
  const { clock, news, told } = follow();
  news.applied([pool("a", 1, 2), pool("b")]);
  told();
  clock.advance(400);
  for (const ready of [-2, 2, -2]) news.applied([pool("a", 1, ready, 3), pool("b")]);
  assert.deepEqual(told(), []);
  clock.advance(1000);
  const [line] = told();
  const [, , fields] = line as [string, string, { added: string[]; changed: string[] }];
  assert.deepEqual(fields.added, ["10.0.0.3:80"]);
  assert.match(fields.changed[0] ?? "", /^10.0.0.2:80 \(not ready/);
  clock.advance(10_000);
  assert.deepEqual(told(), []);
  assert.equal(clock.pending, 0);
});

test("a thousand changes in ten seconds are at most ten lines more", () => {
  const { clock, news, log } = follow();
  for (let change = 0; change < 1000; change++) {
    news.applied([pool("a", 1, 2 + (change % 7))]);
    clock.advance(10);
  }
  clock.advance(1000);
  assert.ok(log.lines.length >= 9 && log.lines.length <= 12, `${log.lines.length} lines`);
});

test("a pool that goes is told; one that is back within the second as if it had stayed", () => {
  const { clock, news, told } = follow();
  const a = pool("a", 1);
  news.applied([a]);
  clock.advance(1000);
  told();
  news.applied([]);
  assert.deepEqual(told(), [["info", "pool is gone", { pool: "a" }]]);
  clock.advance(500);
  news.applied([pool("a", 1)]);
  clock.advance(1000);
  assert.deepEqual(told(), [["info", IN_FORCE, { pool: "a", endpoints: 1, added: ["10.0.0.1:80"] }]]);
  news.applied([]);
  news.applied([pool("a", 1)]);
  clock.advance(1000);
  assert.deepEqual(told(), []);
  news.applied([]);
  clock.advance(3000);
  assert.deepEqual(told(), [["info", "pool is gone", { pool: "a" }]]);
  assert.equal(clock.pending, 0);
});

test("policies are told by how many there are now", () => {
  const { clock, news, told } = follow();
  const plain = pool("a", 1);
  news.applied([plain]);
  clock.advance(1000);
  told();
  const gold = { name: "gold", priority: 1 };
  news.applied([{ ...plain, objectives: [gold] }]);
  clock.advance(1000);
  news.applied([{ ...plain, objectives: [gold], rewrites: [{ name: "r", createdAt: 0, rules: [] }] }]);
  assert.deepEqual(told(), [
    ["info", IN_FORCE, { pool: "a", endpoints: 1, objectives: 1 }],
    ["info", IN_FORCE, { pool: "a", endpoints: 1, rewrites: 1 }],
  ]);
});

test("policies that are there from the beginning are told too", () => {
  const { news, told } = follow();
  news.applied([{ ...pool("a", 1), objectives: [{ name: "gold", priority: 1 }] }]);
  assert.deepEqual(told(), [["info", IN_FORCE, { pool: "a", endpoints: 1, objectives: 1 }]]);
});

test("nothing is told after the end", () => {
  const { clock, news, told } = follow();
  news.applied([pool("a", 1)]);
  news.applied([pool("a", 2)]);
  told();
  news.stop();
  clock.advance(5000);
  assert.deepEqual(told(), []);
});
