// Ends processes whose owner died without ending them. The owner writes "+pid" and "-pid" lines for its children, each
// the leader of a process group, and holds the other end of standard input: when that closes, the owner is gone,
// whatever way it went, and so are the groups still on the list.

import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const GRACE_MS = 2000;
const POLL_MS = 50;

function signal(group: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, name);
    return true;
  } catch {
    return false;
  }
}

async function main(): Promise<void> {
  // The owner decides when this ends, not a Ctrl-C that reaches both.
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => {});
  const groups = new Set<number>();
  for await (const line of createInterface({ input: process.stdin })) {
    const group = Number(line.slice(1));
    if (line.startsWith("+")) groups.add(group);
    else groups.delete(group);
  }
  for (const group of groups) signal(group, "SIGTERM");
  const deadline = performance.now() + GRACE_MS;
  const alive = (): number[] => [...groups].filter((group) => signal(group, 0));
  while (alive().length > 0 && performance.now() < deadline) await sleep(POLL_MS);
  for (const group of alive()) signal(group, "SIGKILL");
}

await main();
