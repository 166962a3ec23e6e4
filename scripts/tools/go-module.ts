import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ROOT } from "../stack/command.ts";
import { Trouble } from "../trouble.ts";

const run = promisify(execFile);

/**
 * The folder of a Go module's sources, read-only; Go fetches them first where it has not yet. For files that belong to
 * other projects, such as the definitions of their kinds.
 * @param version without the `v`.
 * @throws Trouble where there is no Go, or the module cannot be had.
 */
export async function goModule(path: string, version: string): Promise<string> {
  const name = `${path}@v${version}`;
  try {
    const { stdout } = await run("go", ["mod", "download", "-json", name], { cwd: ROOT });
    return (JSON.parse(stdout) as { Dir: string }).Dir;
  } catch (error) {
    const { code, stdout = "", stderr = "" } = error as { code: unknown; stdout?: string; stderr?: string };
    if (code === "ENOENT") throw new Trouble(`The tests need ${name}, and there is no go on PATH. Install Go.`);
    throw new Trouble(`The tests need ${name}, which go could not fetch:\n${stdout}${stderr}`);
  }
}
