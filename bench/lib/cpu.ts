import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

let ticksPerSecond = 0;

/** CPU time that a process has used, user and system, all threads, in microseconds (Linux: /proc/PID/stat). */
export function cpuMicroseconds(pid: number): number {
  ticksPerSecond ||= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field, the command, may hold blanks and parentheses: count behind its end.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / ticksPerSecond;
}

/**
 * CPU time that a process's threads have used that still run, in microseconds (Linux: /proc/PID/task/TID/schedstat):
 * finer than ticks, for processes whose threads stay.
 */
export function threadMicroseconds(pid: number): number {
  const folder = `/proc/${pid}/task`;
  const nanoseconds = readdirSync(folder).map((thread) => {
    const [ran] = readFileSync(`${folder}/${thread}/schedstat`, "utf8").split(" ");
    return Number(ran);
  });
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1000;
}
