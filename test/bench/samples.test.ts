import assert from "node:assert/strict";
import { test } from "node:test";
import { KINDS, type Kind, microsecondsByKind, readStacks, SampleCounts, type Stack } from "../../bench/lib/samples.ts";

const ENVOY = "/usr/bin/envoy";
const OBJECTS = { k: "[kernel.kallsyms]", m: "/tmp/perf-71.map", e: ENVOY, c: "/lib/libc.so.6" };

/** A stack from words such as "e10 m1 e5", each the kind of an object and an address, the innermost frame first. */
function stack(text: string): Stack {
  return text.split(" ").map((word) => ({
    address: word.slice(1),
    object: OBJECTS[word[0] as keyof typeof OBJECTS],
  }));
}

function counted(...stacks: string[]): Partial<Record<Kind, number>> {
  const counts = new SampleCounts();
  for (const text of stacks) counts.add(stack(text));
  return Object.fromEntries([...counts.finish()].filter(([, count]) => count > 0));
}

/** The calls by which Envoy's filters, at 900, enter the module. */
const IN = "e501 e502 e503 e504 e505 e900 e999";

test("the innermost frame says whether time is the kernel's or the module's", () => {
  assert.deepEqual(counted(`k1 k2 c3 e4`, `k1 e4 m1 ${IN}`), { kernel: 2 });
  assert.deepEqual(counted(`m1 ${IN}`, `m2 m1 ${IN}`), { module: 2 });
  assert.deepEqual(counted("e4 e900 e999", "c3 e4 e999"), { "rest of Envoy": 2 });
});

test("what is more than three calls below the module is the host's, the rest is the way out", () => {
  const below = ["e1", "e2 e1", "e3 e2 e1", "e4 e3 e2 e1", "c5 e4 e3 e2 e1"].map((frames) => `${frames} m1 ${IN}`);
  assert.deepEqual(counted(...below), { "calls out": 3, "host calls": 2 });
});

test("the host's time is told by the innermost call of the module, where one calls it from another", () => {
  assert.deepEqual(counted(`e2 e1 m9 e4 e3 e2 e1 m1 ${IN}`), { "calls out": 1 });
});

test("a stack without the module is on the way in where it holds one of the five calls that lead there", () => {
  const leading = ["e7 e501 e502 e503 e504 e505 e900 e999", "c8 e7 e505 e900 e999"];
  assert.deepEqual(counted(...leading, `m1 ${IN}`), { module: 1, "calls in": 2 });
  // The sixth call leads elsewhere as well.
  assert.deepEqual(counted("e7 e900 e999", `m1 ${IN}`), { module: 1, "rest of Envoy": 1 });
  assert.deepEqual(counted(...leading), { "rest of Envoy": 2 });
});

test("a stack that lacks frames does not make the whole of Envoy a way in", () => {
  const whole = `m1 ${IN}`;
  const lacking = "m1 e501 e502 e900 e999";
  assert.deepEqual(counted(whole, lacking, whole, "e7 e999", "e7 e502 e999"), {
    module: 3,
    "calls in": 1,
    "rest of Envoy": 1,
  });
});

test("an empty stack is no sample", () => {
  const counts = new SampleCounts();
  counts.add([]);
  assert.equal(counts.total, 0);
});

test("stacks are read as perf script prints them", async () => {
  const lines = [
    "wrk:worker_0 31837 ",
    "\tffffffff81b6ac04 _copy_to_iter ([kernel.kallsyms])",
    "\t           fddfd __GI___readv (/usr/lib/libc.so.6)",
    "",
    "wrk:worker_0 31837 ",
    "\t    264798fb8633 [unknown] (/tmp/perf-31831.map)",
    "\t         32da7a3 void f(int) (.cold) (/opt/my envoy (1)/envoy)",
  ];
  const stacks: Stack[] = [];
  for await (const each of readStacks(lines)) stacks.push(each);
  assert.deepEqual(stacks, [
    [
      { address: "ffffffff81b6ac04", object: "[kernel.kallsyms]" },
      { address: "fddfd", object: "/usr/lib/libc.so.6" },
    ],
    [
      { address: "264798fb8633", object: "/tmp/perf-31831.map" },
      { address: "32da7a3", object: "/opt/my envoy (1)/envoy" },
    ],
  ]);
});

test("time is shared out by samples, and all of it", () => {
  const counts = new Map<Kind, number>(KINDS.map((kind) => [kind, 0]));
  counts.set("kernel", 30).set("module", 10);
  const shares = microsecondsByKind(counts, 120);
  assert.deepEqual([shares.get("kernel"), shares.get("module"), shares.get("calls in")], [90, 30, 0]);
  assert.equal(microsecondsByKind(new Map([["kernel", 0]]), 120).get("kernel"), 0);
});
