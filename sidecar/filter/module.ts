import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Where the module stands: beside the bundle, or in build/ where the sources run as they are. */
const PLACES = ["./filter.wasm", "../../build/filter.wasm"];

/** There is no compiled filter. */
export class FilterMissing extends Error {}

/** The compiled filter as gateways fetch it. */
export interface FilterFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of the bytes, in hexadecimal digits. */
  readonly sha256: string;
}

function readFilter(): Buffer<ArrayBuffer> {
  const paths = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined) throw new FilterMissing("filter.wasm is not built; build it with: npm run build");
  return readFileSync(path);
}

/**
 * Loads the filter that is built together with this program.
 * @throws FilterMissing where it is not built.
 */
export function loadFilterModule(): WebAssembly.Module {
  return new WebAssembly.Module(readFilter());
}

/**
 * The file of the same filter.
 * @throws FilterMissing where it is not built.
 */
export function readFilterFile(): FilterFile {
  const bytes = readFilter();
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}
