import { execFile } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { startChild } from "../../scripts/stack/child.ts";
import { ROOT } from "../../scripts/stack/command.ts";
import { freePorts } from "../../scripts/stack/ports.ts";
import { waitForAnswer } from "../../scripts/stack/ready.ts";
import { findCrane } from "../../scripts/tools/image-tools.ts";

const READY_TIMEOUT_MS = 60_000;

/** A registry that runs. */
export type Registry = {
  /** "127.0.0.1:5000" */
  readonly address: string;
  /** Makes the filter's image and pushes it, as a user does. `reference`: name and tag, without the registry. */
  push(reference: string, ...args: string[]): Promise<string>;
  stop(): Promise<void>;
};

/** Starts an empty registry on a free port; its log goes to `folder`. */
export async function startRegistry(folder: string): Promise<Registry> {
  const command = await findCrane();
  const address = `127.0.0.1:${(await freePorts(1))[0]}`;
  const args = ["registry", "serve", "--address", address];
  const child = await startChild({ name: "registry", command, args, cwd: ROOT, logFile: join(folder, "registry.log") });
  await waitForAnswer(child, `http://${address}/v2/`, READY_TIMEOUT_MS);
  return {
    address,
    async push(reference, ...more) {
      const script = ["scripts/image.ts", ...more, "--push", `${address}/${reference}`];
      return (await promisify(execFile)(process.execPath, script, { cwd: ROOT })).stdout;
    },
    async stop() {
      await child.stop();
    },
  };
}
