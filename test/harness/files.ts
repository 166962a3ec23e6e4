import { renameSync, writeFileSync } from "node:fs";

/** Replaces a file in one step, as one that is being watched needs it: nobody reads half of it. */
export function replaceFile(path: string, content: string): void {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}
