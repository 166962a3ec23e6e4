import assert from "node:assert/strict";
import { test } from "node:test";
import { EndpointFileError, parseEndpointFile } from "../../../sidecar/discovery/endpoint-file.ts";
import { EndpointNews } from "../../../sidecar/discovery/endpoint-news.ts";
import { RecordingLog } from "../push/recorder.ts";

const FILE = "endpoints.yaml";
const IN_FORCE = "endpoints in force";

function follow() {
  const log = new RecordingLog();
  const results: string[] = [];
  const news = new EndpointNews(FILE, log, { reloaded: (result) => results.push(result) });
  /** Lines that a version with these pools is told by: message and fields, without the file. */
  const apply = (pools: Readonly<Record<string, readonly object[]>>): unknown[] => {
    const before = log.lines.length;
    const named = Object.entries(pools).map(([name, endpoints]) => ({ name, endpoints }));
    news.applied(parseEndpointFile(JSON.stringify({ pools: named })));
    return log.lines.slice(before).map(({ level, message, fields: { file, ...fields } }) => {
      assert.equal(file, FILE);
      return [level, message, fields];
    });
  };
  return { news, log, results, apply };
}

const one = (number: number, fields: object = {}): object => ({ address: `10.0.0.${number}:80`, ...fields });

test("the first version is told in numbers, and is no reload", () => {
  const { apply, results } = follow();
  assert.deepEqual(apply({ a: [one(1), one(2)], b: [one(3)] }), [
    ["info", IN_FORCE, { pool: "a", endpoints: 2 }],
    ["info", IN_FORCE, { pool: "b", endpoints: 1 }],
  ]);
  assert.deepEqual(results, []);
});

test("a later version is told by what it changes, pool by pool", () => {
  const { apply, results } = follow();
  apply({ a: [one(1), one(2), one(3), one(4)], b: [one(9)], c: [] });
  const lines = apply({
    a: [one(5), one(4, { ready: false, labels: { x: "1" } }), one(2, { zone: "z", rank: 1 }), one(1)],
    b: [one(9)],
    d: [one(8, { metrics: "http://10.0.0.8:90/m" })],
  });
  assert.deepEqual(lines, [
    [
      "info",
      IN_FORCE,
      {
        pool: "a",
        endpoints: 4,
        added: ["10.0.0.5:80"],
        removed: ["10.0.0.3:80"],
        changed: ["10.0.0.4:80 (not ready, labels)", "10.0.0.2:80 (zone, rank)"],
      },
    ],
    ["info", IN_FORCE, { pool: "d", endpoints: 1, added: ["10.0.0.8:80"] }],
    ["info", "pool is gone", { pool: "c" }],
  ]);
  assert.deepEqual(apply({ a: [one(1, { ready: true })], b: [one(9)], d: [one(8)] }).slice(1), [
    ["info", IN_FORCE, { pool: "d", endpoints: 1, changed: ["10.0.0.8:80 (metrics)"] }],
  ]);
  assert.deepEqual(results, ["applied", "applied"]);
});

test("lists that a line has no room for are cut", () => {
  const { apply } = follow();
  apply({ a: [one(1)] });
  const [line] = apply({ a: Array.from({ length: 13 }, (_, index) => one(index + 1)) }) as [unknown[]];
  const { added } = line[2] as { added: string[] };
  assert.deepEqual([added.length, added[9], added[10]], [11, "10.0.0.11:80", "and 2 more"]);
});

test("a version that changes nothing says so", () => {
  const { apply, results } = follow();
  apply({ a: [one(1), one(2)] });
  assert.deepEqual(apply({ a: [one(2), one(1)] }), [["info", "endpoint file changed, the endpoints did not", {}]]);
  assert.deepEqual(results, ["applied"]);
});

test("a pool without endpoints is warned of once each time that it becomes so", () => {
  const { apply, log } = follow();
  const warnings = () => log.of("pool has no endpoints").map(({ pool }) => pool);
  apply({ a: [], b: [one(1)] });
  assert.deepEqual(warnings(), ["a"]);
  apply({ a: [], b: [] });
  apply({ a: [], b: [] });
  assert.deepEqual(warnings(), ["a", "b"]);
  apply({ a: [one(1)], b: [] });
  apply({ a: [], b: [] });
  assert.deepEqual(warnings(), ["a", "b", "a"]);
});

test("warnings are told when they are new", () => {
  const { apply, log } = follow();
  const told = () => log.of("endpoint file warnings").map(({ warnings }) => warnings);
  const wrong = (number: number) => one(number, { labels: { "llm-d.ai/role": "decod" } });
  apply({ a: [wrong(1)] });
  apply({ a: [wrong(1), one(2)] });
  assert.deepEqual(told(), [
    ['pools[0].endpoints[0].labels["llm-d.ai/role"]: "decod" is not a known role, did you mean "decode"?'],
  ]);
  apply({ a: [one(1)] });
  apply({ a: [wrong(1)] });
  assert.equal(told().length, 2);
});

test("a refused version is logged with its problems and counted", () => {
  const { news, log, results } = follow();
  news.refused(new EndpointFileError(["pools: must be a list, is 3"], FILE));
  assert.deepEqual(log.lines, [
    {
      level: "error",
      message: "new endpoints refused, the last good ones stay",
      fields: { file: FILE, problems: ["pools: must be a list, is 3"] },
    },
  ]);
  assert.deepEqual(results, ["refused"]);
});
