import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openConfigFile } from "../../../sidecar/epp-config/config-file.ts";
import { ConfigRefused } from "../../../sidecar/epp-config/config-refused.ts";
import { type Clock, systemClock } from "../../../sidecar/support/clock.ts";
import { replaceFile } from "../../harness/files.ts";
import { RecordingLog } from "../push/recorder.ts";
import { eventually } from "../push/test-gateway.ts";
import { ManualClock } from "../support/manual-clock.ts";

function config(weight: number | string): string {
  return `apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
plugins: [{type: queue-scorer}]
schedulingProfiles: [{name: p, plugins: [{pluginRef: queue-scorer, weight: ${weight}}]}]
`;
}

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "inline-epp-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

async function follow(t: TestContext, path: string, clock: Clock = systemClock) {
  const log = new RecordingLog();
  const results: string[] = [];
  const observer = { reloaded: (result: string) => results.push(result) };
  const { plans, stop } = await openConfigFile({ path, clock, log, observer });
  t.after(stop);
  const weight = () => plans.plan("ns/a").profiles[0]!.steps[0]!.weight;
  return { plans, log, results, weight };
}

test("a file written anew is followed", async (t) => {
  const path = join(await temporary(t), "config.yaml");
  await writeFile(path, config(1));
  const { plans, results, weight } = await follow(t, path);
  let told = 0;
  plans.subscribe(() => told++);
  await writeFile(path, config(2));
  await eventually(() => weight() === 2);
  assert.equal(told, 1);
  // A file that is written in place may be caught half written.
  assert.deepEqual(
    results.filter((result) => result !== "refused"),
    ["applied"],
  );
});

test("an editor's rename and a ConfigMap's swapped symlink are followed", async (t) => {
  const folder = await temporary(t);
  const path = join(folder, "config.yaml");
  for (const version of ["v1", "v2"]) await mkdir(join(folder, version));
  await writeFile(join(folder, "v1", "config.yaml"), config(1));
  await writeFile(join(folder, "v2", "config.yaml"), config(2));
  await symlink("v1", join(folder, "..data"));
  await symlink(join("..data", "config.yaml"), path);
  const { weight } = await follow(t, path);
  await symlink("v2", join(folder, "..data_tmp"));
  await rename(join(folder, "..data_tmp"), join(folder, "..data"));
  await eventually(() => weight() === 2);
  await writeFile(join(folder, "new"), config(3));
  await rename(join(folder, "new"), path);
  await eventually(() => weight() === 3);
});

test("a new version is in force after one second, without any event", async (t) => {
  const folder = await temporary(t);
  const path = join(folder, "link", "config.yaml");
  // The folder that is watched stays as it is: the change is in one that it leads to.
  for (const version of ["v1", "v2"]) await mkdir(join(folder, version));
  await writeFile(join(folder, "v1", "config.yaml"), config(1));
  await writeFile(join(folder, "v2", "config.yaml"), config(2));
  await mkdir(join(folder, "link"));
  await symlink("v1", join(folder, "now"));
  await symlink(join("..", "now", "config.yaml"), path);
  const clock = new ManualClock();
  const { weight } = await follow(t, path, clock);
  await symlink("v2", join(folder, "next"));
  await rename(join(folder, "next"), join(folder, "now"));
  clock.advance(1000);
  await eventually(() => weight() === 2);
});

test("a bad version is refused with its problems and the last good plan stays", async (t) => {
  const path = join(await temporary(t), "config.yaml");
  await writeFile(path, config(1));
  const { results, weight, log } = await follow(t, path);
  replaceFile(path, config("heavy"));
  await eventually(() => results.length === 1);
  assert.deepEqual(results, ["refused"]);
  assert.equal(weight(), 1);
  assert.deepEqual(log.of("new configuration refused, the last good plan stays")[0]!.problems, [
    'schedulingProfiles[0].plugins[0].weight (line 4): must be a finite number, is "heavy"',
  ]);
  replaceFile(path, config(1));
  await eventually(() => results.length === 2);
  assert.deepEqual(results, ["refused", "unchanged"]);
});

test("a file that goes is told once, and followed again when it is back", async (t) => {
  const path = join(await temporary(t), "config.yaml");
  await writeFile(path, config(1));
  const { results, weight, log } = await follow(t, path);
  await rm(path);
  await eventually(() => results.length === 1);
  assert.equal(weight(), 1);
  await new Promise((resolve) => setTimeout(resolve, 700));
  assert.deepEqual(results, ["unreadable"]);
  assert.match(String(log.of("configuration file cannot be read, the last good plan stays")[0]!.reason), /^ENOENT/);
  replaceFile(path, config(4));
  await eventually(() => weight() === 4);
  assert.deepEqual(results, ["unreadable", "applied"]);
});

test("a first version that cannot be used is refused", async (t) => {
  const folder = await temporary(t);
  const path = join(folder, "config.yaml");
  const options = { path, clock: systemClock, log: new RecordingLog(), observer: { reloaded() {} } };
  await assert.rejects(openConfigFile(options), (error) => {
    assert.ok(error instanceof ConfigRefused);
    assert.match(error.message, /config\.yaml is refused:\n {2}ENOENT/);
    return true;
  });
  await writeFile(path, config("heavy"));
  await assert.rejects(openConfigFile(options), ConfigRefused);
});
