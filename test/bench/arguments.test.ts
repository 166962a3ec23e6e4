import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { CASES } from "../../bench/cases.ts";
import { readArguments } from "../../bench/lib/arguments.ts";
import { ROOT } from "../../scripts/stack/command.ts";

const BUDGETED = new Set(["scan", "pick"]);

function chosen(...words: string[]): string[] {
  return readArguments(words, BUDGETED).cases.map(({ name }) => name);
}

/** What a run of the bench says that ends before it measures. */
function run(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(ROOT, "bench", "main.ts"), ...words], (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

test("all cases run, of quick runs those with budgets, and where some are named those", () => {
  assert.deepEqual(
    chosen(),
    CASES.map(({ name }) => name),
  );
  assert.deepEqual(chosen("--quick"), ["pick", "scan"]);
  assert.deepEqual(chosen("--quick", "prefix"), ["prefix"]);
});

test("options of cases are read", () => {
  const { against, backendPort, requests } = readArguments(
    ["inline-vs-plain", "memory", "--against", "http://[::1]:8080/v1", "--backend-port", "9000", "--requests", "5000"],
    BUDGETED,
  );
  assert.equal(against?.href, "http://[::1]:8080/v1");
  assert.deepEqual([backendPort, requests], [9000, 5000]);
});

test("--help has a line for every case", async () => {
  const { code, stdout } = await run("--help");
  assert.equal(code, 0);
  const lines = new Set(stdout.split("\n").map((line) => line.trim().replace(/ {2,}/, ": ")));
  for (const { name, summary } of CASES) assert.ok(lines.has(`${name}: ${summary}`), name);
});

const WRONG: readonly (readonly [words: readonly string[], says: RegExp])[] = [
  [["scan", "speed"], /no case "speed"; there are: .*scan, scrape/],
  [["inline-vs-plain", "--against", "localhost:80"], /--against .*must be an http:\/\/ URL/],
  [["inline-vs-plain", "--against", "https://localhost"], /--against .*must be an http:\/\/ URL/],
  [["--against", "http://localhost"], /--against is of the case inline-vs-plain: npm run bench -- inline-vs-plain/],
  [["scan", "--requests", "5000"], /--requests is of the case memory/],
  [["memory", "--requests", "10"], /--requests .*whole number from 1000/],
  [["inline-vs-plain", "--backend-port", "65530"], /--backend-port .*whole number from 1 to 65528/],
  [["scan", "--resume"], /--resume goes by what --write has written/],
  [["--slow"], /unknown option '--slow'/],
];

test("what is wrong is said before anything is built or measured", async () => {
  for (const [words, says] of WRONG) {
    const { code, stdout, stderr } = await run(...words);
    assert.deepEqual([code, stdout], [1, ""], words.join(" "));
    assert.match(stderr, says);
    assert.doesNotMatch(stderr, /build/);
  }
});
