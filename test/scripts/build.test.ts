import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { ROOT } from "../../scripts/stack/command.ts";

const run = promisify(execFile);

describe("the build", () => {
  const folder = mkdtempSync(join(tmpdir(), "inline-epp-build-"));
  const sources = [
    "scripts",
    "package.json",
    "package-lock.json",
    "asconfig.json",
    "assembly",
    "sidecar",
    "simulator",
    "wire",
  ];
  before(async () => {
    for (const name of sources) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    await build();
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Builds; gives what was not up to date. */
  async function build(): Promise<string[]> {
    const { stdout } = await run(process.execPath, ["scripts/build.ts"], { cwd: folder });
    return stdout.split("\n").flatMap((line) => /^ {2}build\/(\S+): built/.exec(line)?.[1] ?? []);
  }

  test("does nothing the second time", async () => {
    assert.deepEqual(await build(), []);
  });

  test("makes a sidecar that says so where Node is too old for it", async () => {
    const started = (version: string) => {
      const pretend = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });`;
      const args = [
        "--import",
        `data:text/javascript,${encodeURIComponent(pretend)}`,
        "build/inline-epp.mjs",
        "version",
      ];
      return run(process.execPath, args, { cwd: folder });
    };
    for (const version of ["18.20.8", "20.20.2", "22.18.0"]) {
      await assert.rejects(started(version), (error: Error & { code: number; stderr: string }) => {
        assert.equal(error.code, 1);
        assert.equal(error.stderr, `error: inline-epp needs Node 22.19 or newer, this is ${version}\n`);
        return true;
      });
    }
    for (const version of ["22.19.0", "24.0.0"]) assert.match((await started(version)).stdout, /^inline-epp/);
  });

  test("makes anew what uses a changed source", async () => {
    appendFileSync(join(folder, "simulator", "random.ts"), "\n// Changed.\n");
    // The command `simulate` runs the simulator's engine.
    assert.deepEqual(await build(), ["inline-epp.mjs", "simulator.mjs"]);
    assert.deepEqual(await build(), []);
  });

  test("does not mind a file that nothing uses", async () => {
    writeFileSync(join(folder, "sidecar", "unused.ts"), "export const UNUSED = 1;\n");
    assert.deepEqual(await build(), []);
  });

  test("makes anew an output that is gone or was tampered with", async () => {
    rmSync(join(folder, "build", "inline-epp.mjs"));
    appendFileSync(join(folder, "build", "simulator.mjs"), "// Tampered.\n");
    assert.deepEqual(await build(), ["inline-epp.mjs", "simulator.mjs"]);
  });

  test("shows the compiler's error, and keeps the last good filter from being taken for the new one", async () => {
    appendFileSync(join(folder, "assembly", "index.ts"), "\nexport function broken(): i32 { return missing; }\n");
    await assert.rejects(build(), /Cannot find name 'missing'/);
    await assert.rejects(build(), /Cannot find name 'missing'/);
  });
});
