import assert from "node:assert/strict";
import { test } from "node:test";
import { ExpositionScanner, MAX_LINE_BYTES } from "../../../sidecar/scrape/exposition.ts";
import { FamilyTable, type WantedFamily } from "../../../sidecar/scrape/families.ts";
import { pick, seeded } from "./fixtures.ts";

const WANTED: readonly WantedFamily[] = [
  { metric: "e:waiting", labels: [] },
  { metric: "e:wait", labels: ["model"] },
  { metric: "e:info", labels: ["a", "b"] },
];

interface Series {
  readonly metric: string;
  readonly labels: readonly string[];
  readonly value: number;
}

/** What the scanner finds in a text that arrives in chunks of these sizes, the last one repeated. */
function scan(text: string | Buffer, sizes: readonly number[] = [1 << 30], wanted = WANTED): Series[] {
  const found: Series[] = [];
  const scanner = new ExpositionScanner(new FamilyTable(wanted), (index, value, labels) => {
    const family = wanted[index] as WantedFamily;
    found.push({ metric: family.metric, value, labels: family.labels.map((_, slot) => labels.text(slot)) });
  });
  const bytes = Buffer.from(text);
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[Math.min(turn, sizes.length - 1)] as number;
    // A copy that is wiped afterwards: whatever the scanner keeps must be its own.
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    scanner.write(chunk);
    chunk.fill(0);
    at += size;
  }
  scanner.end();
  return found;
}

const info = (a: string, b: string, value = 1): Series => ({ metric: "e:info", labels: [a, b], value });
const waiting = (value: number): Series => ({ metric: "e:waiting", labels: [], value });
const wait = (model: string, value: number): Series => ({ metric: "e:wait", labels: [model], value });

const CASES: readonly (readonly [name: string, text: string, found: readonly Series[]])[] = [
  ["nothing", "", []],
  ["only newlines", "\n\n\r\n", []],
  ["a bare series", "e:waiting 3\n", [waiting(3)]],
  ["a last line without newline", "e:waiting 3\ne:waiting 4", [waiting(3), waiting(4)]],
  ["CRLF", '# TYPE e:waiting gauge\r\ne:waiting 3\r\ne:info{a="x"} 1\r\n', [waiting(3), info("x", "")]],
  ["comments that name the metric", "#e:waiting 1\n# HELP e:waiting 5\n  # e:waiting 2\n", []],
  ["blanks everywhere", '  e:info \t{ a = "x" , b="y" , }\t 1 \n', [info("x", "y")]],
  ["tabs as separators", "e:waiting\t7\t1700000000000\n", [waiting(7)]],
  ["a timestamp", 'e:wait{model="m"} 2 1700000000000\n', [wait("m", 2)]],
  ["an exemplar", 'e:wait{model="m"} 2 # {id="x"} 9\n', [wait("m", 2)]],
  [
    "names that begin alike",
    "e:wai 1\ne:wait 2\ne:waiting 3\ne:waiting_total 4\ne: 5\ne:\n",
    [wait("", 2), waiting(3)],
  ],
  ["empty labels", "e:waiting{} 3\n", [waiting(3)]],
  ["labels that are not wanted", 'e:info{c="z",b="y",aa="no",a="x"} 1\n', [info("x", "y")]],
  ["braces, commas, equals and hashes in a value", 'e:info{c="} 9 {,=#",a="{b=1}"} 1\n', [info("{b=1}", "")]],
  ["escapes", String.raw`e:info{a="q\"q\\n\n",b="c:\\\\d\x"} 1`, [info('q"q\\n\n', "c:\\\\d\\x")]],
  ["a backslash before the closing quote", String.raw`e:info{a="x\\"} 1`, [info("x\\", "")]],
  ["UTF-8", 'e:info{a="模型-é"} 1\n', [info("模型-é", "")]],
  [
    "special values",
    "e:waiting NaN\ne:waiting +Inf\ne:waiting 1e3\n",
    [waiting(Number.NaN), waiting(Infinity), waiting(1000)],
  ],
  ["a label twice: the last", 'e:wait{model="x",model="y"} 1\n', [wait("y", 1)]],
  [
    "garbage lines",
    [
      "e:waiting",
      "e:waiting ",
      "e:waiting abc",
      "e:waiting{ 3",
      'e:wait{model="x 3',
      'e:wait{model="x\\"} 3',
      "e:wait{model=x} 3",
      'e:wait{="x"} 3',
      'e:wait{model "x"} 3',
      'e:wait{model="x"b="y"} 3',
      'e:wait{model="x"}',
      "\0\xff\x80 e:waiting 3",
      "<html>e:waiting 3</html>",
      "e:waiting 8",
    ].join("\n"),
    [waiting(8)],
  ],
];

for (const [name, text, found] of CASES) {
  test(`reads ${name}`, () => {
    assert.deepEqual(scan(text), found);
    assert.deepEqual(scan(text, [1]), found, "byte by byte");
    for (let split = 1; split < text.length; split++) {
      assert.deepEqual(scan(text, [split, 1 << 30]), found, `split behind byte ${split}`);
    }
  });
}

test("skips a line that is too long, and only that", () => {
  const text = `e:waiting 1\ne:info{a="${"x".repeat(MAX_LINE_BYTES)}"} 1\ne:waiting 2\n`;
  for (const sizes of [[1000], [65536], [MAX_LINE_BYTES + 20, 1]]) {
    assert.deepEqual(scan(text, sizes), [waiting(1), waiting(2)]);
  }
});

test("an exposition broken off leaves nothing to the next", () => {
  let values: number[] = [];
  const scanner = new ExpositionScanner(new FamilyTable(WANTED), (_, value) => values.push(value));
  scanner.write(Buffer.from("e:waiting 1\ne:waiting 2"));
  scanner.reset();
  values = [];
  scanner.write(Buffer.from("3\ne:waiting 4\n"));
  scanner.end();
  assert.deepEqual(values, [4]);
});

test("a table of one family, and of families that are each other's beginning", () => {
  assert.deepEqual(scan("up 1\nupper 2\n", [3], [{ metric: "up", labels: [] }]), [
    { metric: "up", labels: [], value: 1 },
  ]);
  assert.deepEqual(scan("anything 1\n", [3], []), []);
});

/** The format by regular expressions: slow, and plain enough to trust. */
function naive(text: string): Series[] {
  const found: Series[] = [];
  for (const raw of text.split("\n")) {
    const line = raw.replace(/\r$/, "");
    const parts =
      /^[ \t]*([a-zA-Z_:][\w:]*)[ \t]*(?:\{((?:[ \t]*\w+[ \t]*=[ \t]*"(?:[^"\\]|\\.)*"[ \t]*(?:,|(?=\})))*[ \t]*)\})?[ \t]*([^ \t]+)(?:[ \t].*)?$/.exec(
        line,
      );
    if (parts === null) continue;
    const family = WANTED.find(({ metric }) => metric === parts[1]);
    const value = /^[+-]?inf$/i.test(parts[3] as string)
      ? Number(`${(parts[3] as string).startsWith("-") ? "-" : ""}Infinity`)
      : Number(parts[3]);
    if (family === undefined || (Number.isNaN(value) && parts[3] !== "NaN")) continue;
    const labels = new Map<string, string>();
    for (const [, key, text] of (parts[2] ?? "").matchAll(/(\w+)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"/g)) {
      labels.set(
        key as string,
        (text as string).replace(/\\([\\"n])/g, (_, c: string) => (c === "n" ? "\n" : c)),
      );
    }
    found.push({ metric: family.metric, labels: family.labels.map((label) => labels.get(label) ?? ""), value });
  }
  return found;
}

function randomLine(random: () => number): string {
  const blank = (): string => pick(random, ["", "", "", " ", "\t "]);
  const text = (): string => {
    const parts = ["a", "é", "模", '\\"', "\\\\", "\\n", "{", "}", ",", "=", " ", "#", "0", "\\x"];
    return Array.from({ length: Math.floor(random() * 8) }, () => pick(random, parts)).join("");
  };
  const name = pick(random, [
    "e:waiting",
    "e:wait",
    "e:info",
    "e:waiting_total",
    "e:inf",
    "python_info",
    "# HELP e:info",
    "E",
  ]);
  const labels = Array.from(
    { length: Math.floor(random() * 4) },
    () => `${blank()}${pick(random, ["a", "b", "model", "le", "engine"])}${blank()}=${blank()}"${text()}"${blank()}`,
  ).join(",");
  const braces = random() < 0.7 ? `{${labels}${labels !== "" && random() < 0.2 ? "," : ""}${blank()}}` : "";
  const value = pick(random, ["1", "0.25", "1e3", "NaN", "+Inf", "-Inf", "17.5e-3", "x", "", "1.795224602e+09"]);
  const line = `${blank()}${name}${blank()}${braces} ${value}${pick(random, ["", "", " 1700000000000", " "])}`;
  // Some lines are cut or have a byte changed, as from a server that is falling over.
  if (random() < 0.15) return line.slice(0, Math.floor(random() * line.length));
  return line + pick(random, ["", "", "\r"]);
}

test("finds what a naive parser finds, in any expositions however split", () => {
  const random = seeded(20240607);
  let series = 0;
  for (let round = 0; round < 1500; round++) {
    const text = Array.from({ length: Math.floor(random() * 30) }, () => randomLine(random)).join("\n");
    const expected = naive(text);
    series += expected.length;
    const sizes = Array.from({ length: 6 }, () => 1 + Math.floor(random() * 90));
    assert.deepEqual(scan(text, sizes), expected, JSON.stringify(text));
  }
  assert.ok(series > 5000, `${series} series compared`);
});
