import { existsSync, readFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { makeVenv } from "../python-venv.ts";
import { CACHE, ROOT } from "../stack/command.ts";

/** The clients of the APIs and all that they need, each with its version. */
const REQUIREMENTS = join(ROOT, "test", "clients", "requirements.txt");
const VENV = join(CACHE, "clients-venv");
/** What the environment was made of. */
const MADE_OF = "requirements.txt";

/**
 * The Python that has the libraries of test/clients/requirements.txt; they are installed into .cache/ first where they
 * are not yet. Throws Trouble where they cannot be had.
 */
export async function findClientPython(): Promise<string> {
  const python = join(VENV, "bin", "python");
  const made = join(VENV, MADE_OF);
  const present = existsSync(python) && existsSync(made);
  if (present && readFileSync(made, "utf8") === readFileSync(REQUIREMENTS, "utf8")) return python;
  console.log("  Installing the openai and anthropic clients from PyPI into .cache/clients-venv (needed once) ...");
  await makeVenv(VENV, {
    name: "the clients",
    packages: ["--requirement", REQUIREMENTS],
    instead: "",
    finish: (folder) => copyFile(REQUIREMENTS, join(folder, MADE_OF)),
  });
  return python;
}
