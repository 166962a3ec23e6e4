import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import type { Socket } from "node:net";
import { dirname, join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";

/** How a process ended: one of the two is set. */
export type Exit = { code: number | null; signal: NodeJS.Signals | null };

export type ChildOptions = {
  /** What people call it. */
  name: string;
  command: string;
  args: readonly string[];
  cwd: string;
  /** Added to this process's environment. */
  env?: Readonly<Record<string, string>>;
  /** Receives standard output and standard error. Written anew. Null: they go where this process's own go. */
  logFile: string | null;
  /** Also called with each line of standard output. */
  onLine?: (line: string) => void;
};

/** A running child process, leader of its own process group. */
export type Child = {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string | null;
  /** Resolves when it ends, whatever way. Never rejects. */
  readonly exited: Promise<Exit>;
  hasExited(): boolean;
  /** Sends a signal to the whole group. */
  kill(signal: NodeJS.Signals): void;
  /** Asks it to end, and after `graceMs` makes it. */
  stop(graceMs?: number): Promise<Exit>;
  /** The last lines of its log. */
  tail(lines?: number): string;
};

const GRACE_MS = 3000;
const TAIL_LINES = 20;

let reaper: Socket | null = null;

/** The input of a helper process that ends this one's children if this one cannot. */
function reaperInput(): Socket {
  if (reaper !== null) return reaper;
  const helper = spawn(process.execPath, [join(import.meta.dirname, "reaper.ts")], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  helper.unref();
  const input = helper.stdin as Socket;
  // Without the helper the children only lose their safety net.
  input.on("error", () => {});
  input.unref();
  reaper = input;
  return input;
}

/** "exit code 1" or "signal SIGKILL". */
export function describeExit({ code, signal }: Exit): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`;
}

/** The last lines of a text file; nothing where it does not exist. */
export function tailOf(file: string | null, lines: number = TAIL_LINES): string {
  if (file === null) return "";
  try {
    return readFileSync(file, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "";
  }
}

/**
 * Starts a process in a group of its own, so that a Ctrl-C reaches only the one who started it, who ends it in order.
 * Should this process be killed, a helper ends the group. Rejects when the command cannot be run.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, logFile, onLine } = options;
  const log = logFile === null ? null : openLog(logFile);
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", onLine === undefined ? (log ?? "inherit") : "pipe", log ?? "inherit"],
    detached: true,
  });
  const closed = new Promise<void>((done) => {
    child.once("close", () => done());
  });
  const exited = exitOf(child);
  if (log !== null) closed.then(() => closeSync(log));
  const pid = await started(child);
  const helper = reaperInput();
  helper.write(`+${pid}\n`);
  exited.then(() => helper.write(`-${pid}\n`));
  if (onLine !== undefined) {
    createInterface({ input: child.stdout! }).on("line", (line) => {
      if (log !== null) writeSync(log, `${line}\n`);
      onLine(line);
    });
  }

  const hasExited = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const kill = (signal: NodeJS.Signals): void => {
    try {
      process.kill(-pid, signal);
    } catch {
      // It ended in between.
    }
  };
  return {
    name,
    pid,
    logFile,
    exited,
    hasExited,
    kill,
    async stop(graceMs = GRACE_MS) {
      if (!hasExited()) kill("SIGTERM");
      const timer = setTimeout(() => kill("SIGKILL"), graceMs);
      const exit = await exited;
      clearTimeout(timer);
      return exit;
    },
    tail: (lines = TAIL_LINES) => tailOf(logFile, lines),
  };
}

function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  return openSync(file, "w");
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((done) => {
    child.once("exit", (code, signal) => done({ code, signal }));
  });
}

function started(child: ChildProcess): Promise<number> {
  return new Promise((done, fail) => {
    child.once("spawn", () => done(child.pid!));
    child.once("error", fail);
  });
}
