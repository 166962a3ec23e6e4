import { execFile } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import type { TestContext } from "node:test";
import { findClientPython } from "../../scripts/testing/client-libraries.ts";

/** Far more than the slowest program takes. */
const TIMEOUT_MS = 180_000;

type Case = { name: string; error?: string };

/** The environment without proxies, whose settings the clients would obey. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !/_proxy$/i.test(name));
  return { ...Object.fromEntries(entries), PYTHONDONTWRITEBYTECODE: "1" };
}

/** Runs cases (all unless named) of a Python program beside this file, as one test each. */
export async function runProgram(t: TestContext, program: string, url: string, names: string[] = []): Promise<void> {
  const python = await findClientPython();
  const output = await new Promise<string>((resolve, reject) => {
    const options = { timeout: TIMEOUT_MS, env: plainEnvironment() };
    execFile(python, [join(import.meta.dirname, program), url, ...names], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${program}: ${error.message}\n${stdout}${stderr}`));
    });
  });
  for (const line of output.trim().split("\n")) {
    const { name, error } = JSON.parse(line) as Case;
    await t.test(name, () => {
      if (error !== undefined) throw new Error(error);
    });
  }
}
