import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";
import { findEnvoy, isAtLeast, parseEnvoyVersion } from "../../scripts/envoy-binary.ts";
import { Trouble } from "../../scripts/trouble.ts";

describe("Envoy's version", () => {
  test("is read from what envoy --version prints", () => {
    const printed = "\n/x/envoy  version: 9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean/RELEASE/BoringSSL\n\n";
    assert.equal(parseEnvoyVersion(printed), "1.40.0");
    assert.equal(parseEnvoyVersion("envoy: command not found"), null);
  });

  test("is compared part by part", () => {
    const cases = { "1.36.0": true, "1.36": true, "1.40.2": true, "2.0.0": true, "1.35.9": false, "0.99.0": false };
    for (const [version, enough] of Object.entries(cases)) assert.equal(isAtLeast(version, "1.36"), enough, version);
  });
});

describe("finding an Envoy", () => {
  const folder = mkdtempSync(join(tmpdir(), "inline-epp-envoy-"));
  const before = { ENVOY_PATH: process.env.ENVOY_PATH, PATH: process.env.PATH };
  after(() => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    rmSync(folder, { recursive: true });
  });

  function envoyThatIs(name: string, version: string): string {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\necho "$0  version: abc123/${version}/Clean/RELEASE/BoringSSL"\n`, { mode: 0o755 });
    return path;
  }

  test("takes that of ENVOY_PATH", async () => {
    const path = envoyThatIs("mine", "1.38.1");
    process.env.ENVOY_PATH = path;
    assert.deepEqual(await findEnvoy(), { path, version: "1.38.1" });
  });

  test("refuses that of ENVOY_PATH when it is too old or no Envoy, rather than take another", async () => {
    process.env.ENVOY_PATH = envoyThatIs("old", "1.30.2");
    await assert.rejects(findEnvoy(), {
      constructor: Trouble,
      message: /ENVOY_PATH is .*old, Envoy 1\.30\.2; .* 1\.36/,
    });
    process.env.ENVOY_PATH = join(folder, "absent");
    await assert.rejects(findEnvoy(), { constructor: Trouble, message: /ENVOY_PATH is .*absent, which is no Envoy/ });
  });

  test("takes the one on PATH when it is new enough", async () => {
    delete process.env.ENVOY_PATH;
    process.env.PATH = `${folder}:${before.PATH}`;
    const path = envoyThatIs("envoy", "1.36.0");
    assert.deepEqual(await findEnvoy(), { path, version: "1.36.0" });
    envoyThatIs("envoy", "1.35.0");
    assert.notEqual((await findEnvoy()).path, path);
  });
});
