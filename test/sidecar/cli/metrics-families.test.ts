import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalOf, settingsOf } from "./parse.ts";

const familiesOf = async (...flags: string[]) => (await settingsOf(["--endpoints=f", ...flags])).metricsFamilies;

test("metrics have both families' names, or those of one", async () => {
  assert.deepEqual(await familiesOf(), ["gie", "llm-d"]);
  assert.deepEqual(await familiesOf("--metrics-families=llm-d"), ["llm-d"]);
  assert.deepEqual(await familiesOf("--metrics-families", "gie"), ["gie"]);
  assert.deepEqual(await familiesOf("--metrics-families=llm-d, gie,llm-d"), ["gie", "llm-d"]);
});

for (const value of ["", "none", "gie,", "GIE", "gie;llm-d"]) {
  test(`there is no family "${value}"`, async () => {
    assert.match(await refusalOf(["--endpoints=f", `--metrics-families=${value}`]), /Expected gie, llm-d or gie,llm-d/);
  });
}
