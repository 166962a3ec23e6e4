import assert from "node:assert/strict";
import { test } from "node:test";
import { byPlace, type CpuProfile, selfTimes } from "../../bench/lib/cpu-profile.ts";

const FUNCTIONS = [
  ["(idle)", ""],
  ["read", "sidecar/scrape/loop.ts"],
  ["", "sidecar/scrape/loop.ts"],
  ["(garbage collector)", ""],
  ["read", "sidecar/push/rows.ts"],
] as const;

/** Samples as [node, microseconds since the one before]; node 1 is the first of FUNCTIONS. */
function profile(...samples: (readonly [number, number])[]): CpuProfile {
  return {
    nodes: FUNCTIONS.map(([functionName, url], index) => ({
      id: index + 1,
      callFrame: { functionName, url, lineNumber: 0, columnNumber: 0 },
    })),
    startTime: 1000,
    samples: samples.map(([node]) => node),
    timeDeltas: samples.map(([, delta]) => delta),
  };
}

const ALL = [0, 1e9] as const;
const urlOf = ({ url }: { url: string }) => url;

test("a sample stands for the time until the next, and idle time is no function's", () => {
  // At 1010, 1030, 1060, 1100, 1150; the last lasts for no time that is known.
  const times = selfTimes(profile([2, 10], [3, 20], [1, 30], [2, 40], [4, 50]), ALL, urlOf);
  assert.deepEqual(times, [
    { name: "read", where: "sidecar/scrape/loop.ts", microseconds: 20 + 50 },
    { name: "(anonymous)", where: "sidecar/scrape/loop.ts", microseconds: 30 },
    { name: "(garbage collector)", where: "", microseconds: 0 },
  ]);
});

test("only samples between both times count", () => {
  const times = selfTimes(profile([2, 10], [3, 20], [4, 30], [2, 40]), [1030, 1060], urlOf);
  assert.deepEqual(times, [{ name: "(anonymous)", where: "sidecar/scrape/loop.ts", microseconds: 30 }]);
});

test("nodes of one function add up, functions of one name in two files do not", () => {
  const twice = { ...profile([2, 0], [5, 10], [6, 10], [1, 10]) };
  const again = { id: 6, callFrame: twice.nodes[1]!.callFrame };
  const times = selfTimes({ ...twice, nodes: [...twice.nodes, again] }, ALL, urlOf);
  assert.deepEqual(times, [
    { name: "read", where: "sidecar/scrape/loop.ts", microseconds: 20 },
    { name: "read", where: "sidecar/push/rows.ts", microseconds: 10 },
  ]);
});

test("places are folders, packages, Node's modules, and what has no file by itself", () => {
  const time = (where: string, microseconds: number, name = "f") => ({ name, where, microseconds });
  const places = byPlace([
    time("sidecar/scrape/loop.ts", 1),
    time("sidecar/scrape/text/line.ts", 2),
    time("sidecar/serve.ts", 9),
    time("node_modules/prom-client/lib/counter.js", 4),
    time("node_modules/@redis/client/node_modules/@grpc/grpc-js/a.js", 5),
    time("node:internal/http2/core", 6),
    time("", 7, "(garbage collector)"),
  ]);
  assert.deepEqual(
    places.map(({ where, microseconds }) => [where, microseconds]),
    [
      ["sidecar/serve.ts", 9],
      ["(garbage collector)", 7],
      ["node:internal/http2/core", 6],
      ["@grpc/grpc-js", 5],
      ["prom-client", 4],
      ["sidecar/scrape", 3],
    ],
  );
});
