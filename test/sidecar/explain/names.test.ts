import assert from "node:assert/strict";
import { test } from "node:test";
import { PLUGINS } from "../../../sidecar/epp-config/plugins/catalogue.ts";
import { engineNames, pluginNames, stageOf } from "../../../sidecar/explain/names.ts";
import { ENGINE_NAMES } from "../../../sidecar/scrape/engines.ts";
import { STAGE_FILTER, STAGE_PICKER, STAGE_SCORER } from "../../../wire/layout.ts";

test("engines are called as the engine-type label calls them", () => {
  assert.deepEqual(engineNames.all, ENGINE_NAMES);
});

test("plugins are called as a configuration calls them, but for the two halves of one", () => {
  const types = new Set(PLUGINS.map(({ type }) => type));
  assert.deepEqual(
    pluginNames.all.filter((name) => !types.has(name)),
    ["context-length-scorer", "context-length-filter"],
  );
});

test("a plugin's name tells its stage", () => {
  const stages = new Set(pluginNames.all.map(stageOf));
  assert.deepEqual([...stages], [STAGE_SCORER, STAGE_FILTER, STAGE_PICKER]);
  assert.throws(() => stageOf("queue"), RangeError);
});

test("names and numbers go both ways", () => {
  for (const name of pluginNames.all) assert.equal(pluginNames.name(pluginNames.number(name)!), name);
  assert.equal(pluginNames.number("queue"), undefined);
  assert.throws(() => pluginNames.name(9999), /9999 is none of queue-scorer, /);
});
