import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../../sidecar/main.ts", import.meta.url));

/** A run of the program. */
export class Run {
  readonly child: ChildProcess;
  out = "";
  error = "";
  /** Exit status, or the signal that ended it. */
  readonly status: Promise<number | string>;
  #wake: () => void = () => {};

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    this.child = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env.PATH ?? "", ...env } });
    this.child.stdout!.on("data", (chunk) => {
      this.out += chunk;
    });
    this.child.stderr!.on("data", (chunk) => {
      this.error += chunk;
      this.#wake();
    });
    this.status = new Promise((resolve) => {
      this.child.on("close", (code, signal) => resolve(code ?? signal ?? "?"));
    });
  }

  /** Log lines so far. */
  get lines(): Record<string, unknown>[] {
    return this.error
      .split("\n")
      .slice(0, -1)
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
  }

  /** Resolves with the first log line of that message; rejects when the process ends before. */
  async logged(message: string): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.lines.find((line) => line.msg === message);
      if (found) return found;
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
        this.status.then((status) => {
          throw new Error(`ended with ${status}: ${this.error}`);
        }),
      ]);
    }
  }

  /** The port in a "listening for ..." line. */
  async port(what: string): Promise<number> {
    const { address } = await this.logged(`listening for ${what}`);
    return Number(String(address).split(":").at(-1));
  }
}

/** Starts the program; what still runs when the test ends is killed. */
export function start(t: TestContext, args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const run = new Run(args, env);
  t.after(async () => {
    run.child.kill("SIGKILL");
    await run.status;
  });
  return run;
}

/** Writes a file that is gone when the test ends; returns its path. */
export async function file(t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "inline-epp-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "file.yaml");
  await writeFile(path, text);
  return path;
}
