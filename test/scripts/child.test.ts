import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";
import { startChild } from "../../scripts/stack/child.ts";
import { ROOT } from "../../scripts/stack/command.ts";
import { waitForAnswer, waitForCounter, waitUntil } from "../../scripts/stack/ready.ts";
import { Trouble } from "../../scripts/trouble.ts";

const PATIENCE_MS = 30_000;

describe("a child process", () => {
  const folder = mkdtempSync(join(tmpdir(), "inline-epp-child-"));
  after(() => rmSync(folder, { recursive: true }));
  const start = (script: string, onLine?: (line: string) => void): ReturnType<typeof startChild> =>
    startChild({
      name: "example",
      command: "sh",
      args: ["-c", script],
      cwd: folder,
      logFile: join(folder, "example.log"),
      ...(onLine && { onLine }),
    });

  test("ends when asked to", async () => {
    const child = await start("sleep 60");
    assert.equal(child.hasExited(), false);
    assert.deepEqual(await child.stop(), { code: null, signal: "SIGTERM" });
    assert.equal(child.hasExited(), true);
  });

  test("is made to end when it does not listen", async () => {
    const ready = Promise.withResolvers<void>();
    const child = await start("trap '' TERM; echo ready; while true; do sleep 1; done", () => ready.resolve());
    await ready.promise;
    assert.deepEqual(await child.stop(200), { code: null, signal: "SIGKILL" });
  });

  test("logs both its outputs, and hands on the lines of one", async () => {
    const lines: string[] = [];
    const child = await start("echo one; echo problem >&2; echo two", (line) => lines.push(line));
    assert.deepEqual(await child.exited, { code: 0, signal: null });
    await waitUntil("lines", () => lines.length === 2, PATIENCE_MS);
    assert.deepEqual(lines, ["one", "two"]);
    assert.deepEqual(child.tail().split("\n").sort(), ["one", "problem", "two"]);
  });

  test("that ends instead of becoming ready is reported with the end of its log", async () => {
    const child = await start("echo cannot start; exit 3");
    const waiting = waitForAnswer(child, "http://127.0.0.1:1/", PATIENCE_MS);
    await assert.rejects(waiting, {
      constructor: Trouble,
      message: /example ended with exit code 3\..*\n\ncannot start$/s,
    });
  });

  test("is waited for until its counter has come far enough", async (t) => {
    const asked: string[] = [];
    const admin = createServer(({ url }, response) => {
      asked.push(decodeURIComponent(url!));
      const value = asked.length - 2;
      response.end(JSON.stringify({ stats: value < 0 ? [] : [{ name: "a.frames", value }] }));
    });
    await new Promise<void>((resolve) => admin.listen(0, "127.0.0.1", resolve));
    const child = await start("sleep 60");
    t.after(async () => {
      admin.close();
      await child.stop();
    });
    const url = `http://127.0.0.1:${(admin.address() as AddressInfo).port}`;
    await waitForCounter(child, url, "a.frames", 3, PATIENCE_MS);
    assert.equal(asked.length, 5);
    assert.equal(asked[0], "/stats?format=json&filter=^a[.]frames$");
    await assert.rejects(waitForCounter(child, url, "a.frames", 99, 1), {
      constructor: Trouble,
      message: /^example is not ready after 0\.001 s \(a\.frames is \d+, not yet 99\)/,
    });
  });

  test("ends when its owner is killed", { skip: !existsSync("/proc") && "looks for processes in /proc" }, async () => {
    const owner = join(folder, "owner.ts");
    const module = join(ROOT, "scripts", "stack", "child.ts");
    const log = join(folder, "sleep.log");
    writeFileSync(
      owner,
      `import { startChild } from ${JSON.stringify(module)};
      const options = { name: "sleep", command: "sleep", args: ["60"], cwd: "/", logFile: ${JSON.stringify(log)} };
      const { pid } = await startChild(options);
      process.stdout.write(String(pid), () => process.kill(process.pid, "SIGKILL"));`,
    );
    const pid = await new Promise<string>((done) => {
      execFile(process.execPath, [owner], (_, stdout) => done(stdout));
    });
    assert.match(pid, /^\d+$/);
    // One that nobody has waited for yet has no command line any more.
    const isGone = (): boolean => !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/cmdline`, "utf8") === "";
    await waitUntil("the child's end", isGone, PATIENCE_MS);
  });
});
