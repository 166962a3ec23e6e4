import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, test } from "node:test";
import { ROOT } from "../../scripts/stack/command.ts";

type Outcome = { code: number; output: string };

describe("the bootstrap", () => {
  let folder: string;
  const path = (...names: string[]): string => join(folder, ...names);
  const lock = (version: string): string =>
    JSON.stringify({
      packages: {
        "": { name: "example" },
        "node_modules/a": { version },
        "node_modules/for-another-platform": { version: "1.0.0", optional: true },
      },
    });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "inline-epp-bootstrap-"));
    mkdirSync(path("scripts"));
    mkdirSync(path("bin"));
    cpSync(join(ROOT, "scripts", "bootstrap.mjs"), path("scripts", "bootstrap.mjs"));
    writeFileSync(path("package.json"), '{ "type": "module" }');
    writeFileSync(path("package-lock.json"), lock("1.0.0"));
    writeFileSync(
      path("hello.ts"),
      'const words: string[] = process.argv.slice(2);\nconsole.log(["hello", ...words].join(" "));',
    );
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Puts an npm on PATH that does this. */
  function npmThat(shell: string): void {
    writeFileSync(path("bin", "npm"), `#!/bin/sh\n${shell}\n`);
    chmodSync(path("bin", "npm"), 0o755);
  }

  function bootstrap(...args: string[]): Promise<Outcome> {
    const env = { PATH: `${path("node_modules", ".bin")}:${path("bin")}:/bin:/usr/bin` };
    return runNode(["scripts/bootstrap.mjs", ...args], env);
  }

  function runNode(args: string[], env: Record<string, string>): Promise<Outcome> {
    return new Promise((done) => {
      execFile(process.execPath, args, { cwd: folder, env }, (error, stdout, stderr) => {
        done({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
      });
    });
  }

  const installs =
    'echo "npm $*" >> calls; mkdir -p node_modules; cp package-lock.json node_modules/.package-lock.json';
  const calls = (): string => readFileSync(path("calls"), "utf8");

  test("installs dependencies once, says so, and runs the script with its arguments", async () => {
    npmThat(installs);
    const first = await bootstrap("hello.ts", "a", "b");
    assert.equal(first.code, 0, first.output);
    assert.match(first.output, /^Installing dependencies with npm ci .*\nDependencies installed in .* s\.$/m);
    assert.match(first.output, /^hello a b$/m);
    const second = await bootstrap("hello.ts");
    assert.deepEqual(second, { code: 0, output: "hello\n" });
    assert.equal(calls(), "npm ci\n");
  });

  test("installs again when the lock file asks for something else", async () => {
    npmThat(installs);
    await bootstrap();
    writeFileSync(path("package-lock.json"), lock("1.0.1"));
    await bootstrap();
    await bootstrap();
    assert.equal(calls(), "npm ci\nnpm ci\n");
  });

  test("does not miss packages for other platforms", async () => {
    npmThat("exit 1");
    mkdirSync(path("node_modules"));
    writeFileSync(path("node_modules", ".package-lock.json"), '{"packages":{"node_modules/a":{"version":"1.0.0"}}}');
    assert.deepEqual(await bootstrap("hello.ts"), { code: 0, output: "hello\n" });
  });

  test("does not use an npm from the folder that npm is about to replace", async () => {
    npmThat(installs);
    mkdirSync(path("node_modules", ".bin"), { recursive: true });
    writeFileSync(path("node_modules", ".bin", "npm"), "#!/bin/sh\nexit 7\n", { mode: 0o755 });
    assert.equal((await bootstrap("hello.ts")).code, 0);
  });

  test("shows why npm fails: its reason where it gives one, else the end of what it said", async () => {
    npmThat("for i in $(seq 40); do echo line $i; done; exit 3");
    const vague = await bootstrap("hello.ts");
    assert.equal(vague.code, 1);
    assert.match(vague.output, /npm ci failed with exit code 3:\n\nline 26\n(.*\n)*line 40\n$/);
    npmThat(
      'echo warning; echo "npm error not in sync" >&2; for i in $(seq 40); do echo "npm error usage $i" >&2; done; exit 1',
    );
    const clear = await bootstrap("hello.ts");
    assert.match(
      clear.output,
      /npm ci failed with exit code 1:\n\nnpm error not in sync\n(npm error usage \d+\n){14}$/,
    );
  });

  test("says that npm is missing", async () => {
    const { code, output } = await runNode(["scripts/bootstrap.mjs", "hello.ts"], { PATH: path("bin") });
    assert.equal(code, 1);
    assert.match(output, /npm is not on PATH/);
  });
});
