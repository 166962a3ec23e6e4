import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import { findEnvoy } from "../../scripts/envoy-binary.ts";
import { ROOT } from "../../scripts/stack/command.ts";
import { movePorts } from "../../scripts/stack/move-ports.ts";
import {
  type EnvoyConfig,
  holdSelf,
  listenerOf,
  readEnvoyConfig,
  setPlugin,
  wasmConfig,
} from "../harness/envoy-config.ts";

const run = promisify(execFile);

// Validation loads the module and hands it its settings, so the filter has its say too.
describe("envoy --mode validate", () => {
  const folder = mkdtempSync(join(tmpdir(), "inline-epp-validate-"));
  after(() => rm(folder, { recursive: true }));

  async function validate(file: string): Promise<string> {
    const { path } = await findEnvoy();
    const { stdout, stderr } = await run(path, ["--mode", "validate", "--log-level", "error", "-c", file], {
      cwd: ROOT,
    });
    return stdout + stderr;
  }

  function derived(name: string, edit: (config: EnvoyConfig) => void): string {
    const config = readEnvoyConfig();
    edit(config);
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  test("accepts envoy.yaml as it stands", async () => {
    assert.match(await validate("envoy/envoy.yaml"), /OK/);
  });

  test("accepts envoy.yaml moved to other ports", async () => {
    const file = join(folder, "moved.yaml");
    const text = readFileSync(join(ROOT, "envoy", "envoy.yaml"), "utf8");
    writeFileSync(file, movePorts(text, new Map([[10000, 20000]])));
    assert.match(await validate(file), /OK/);
  });

  test("accepts the variation in which the filter holds requests", async () => {
    assert.match(await validate(derived("hold-self", (config) => holdSelf(listenerOf(config)))), /OK/);
  });

  test("accepts every setting at its other value, and the fewest settings", async () => {
    const other = {
      ...{ failureMode: "FailOpen", staleAfter: "500ms", watchdog: "1m", pool: null, authority: null },
      ...{ prefixMemory: "64KiB", explainHeader: "x-explain" },
    };
    assert.match(await validate(derived("other", (config) => setPlugin(listenerOf(config), other))), /OK/);
    const least = derived("least", (config) => {
      wasmConfig(listenerOf(config)).configuration.value = JSON.stringify({ stateCluster: "inline-epp-state" });
    });
    assert.match(await validate(least), /OK/);
  });

  test("refuses a setting that the filter does not know, and names it", async () => {
    const file = derived("unknown", (config) => setPlugin(listenerOf(config), { poool: "default/base" }));
    await assert.rejects(validate(file), /poool/);
  });
});
