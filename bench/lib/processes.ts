import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../../scripts/stack/command.ts";

/** The processes and files of one measurement; all go at stop(), or with this process. */
export class Workbench {
  readonly folder = mkdtempSync(join(tmpdir(), "inline-epp-bench-"));
  readonly #children: ChildProcess[] = [];
  readonly #onExit = () => this.#end();

  constructor() {
    process.once("exit", this.#onExit);
  }

  /** Writes a file into the measurement's folder and returns its path. */
  write(name: string, content: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  /** Starts a process with its output in a log file; returns its id. */
  start(name: string, command: string, args: readonly string[]): number {
    const log = openSync(join(this.folder, `${name}.log`), "a");
    const child = spawn(command, args, { cwd: ROOT, stdio: ["ignore", log, log] });
    this.#children.push(child);
    if (child.pid === undefined) throw new Error(`${command} cannot be started`);
    return child.pid;
  }

  /** Ends every process and removes the folder. */
  async stop(): Promise<void> {
    process.removeListener("exit", this.#onExit);
    const ended = this.#children.map(
      (child) => new Promise((resolve) => (child.exitCode !== null ? resolve(null) : child.once("exit", resolve))),
    );
    this.#end();
    await Promise.all(ended);
  }

  #end(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits until a URL answers 200; fails after 20 s with the name. */
export async function untilReady(name: string, url: string, init: RequestInit = {}): Promise<void> {
  const until = Date.now() + 20_000;
  for (;;) {
    const ready = await fetch(url, init).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return;
    if (Date.now() > until) throw new Error(`${name} is not ready after 20 s (${url})`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
