// The load client in a process of its own, so that its garbage collection and event loop are not the bench's.

import { fork } from "node:child_process";
import { type LoadOptions, type LoadResult, runLoad } from "./load.ts";

if (process.send && process.argv[2] === "load-worker") {
  process.once("message", async (options: LoadOptions) => {
    const result = await runLoad(options);
    process.send?.(result, () => process.exit(0));
  });
}

/** Runs the load in a child process. */
export function runLoadApart(options: LoadOptions): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, ["load-worker"], { serialization: "advanced" });
    child.once("message", (result) => resolve(result as LoadResult));
    child.once("error", reject);
    child.once("exit", (code) => code !== 0 && reject(new Error(`the load client ended with code ${code}`)));
    child.send(options);
  });
}
