// Forms made up by a seeded generator: what clients send, the ways in which the format lets them differ, and what comes
// close to a delimiter without being one.

import { damage } from "./bodies.ts";

type Random = () => number;

/** A form and the boundary that its content-type names. */
export interface Form {
  readonly bytes: Uint8Array;
  readonly boundary: string;
}

const BOUNDARIES = ["b", "-", "--", "----WebKitFormBoundaryA1b2", "=_x'y(z)+,./:?", "x y", "9".repeat(70)];
const NAMES = ["base", "", "a", "food-review", "modèle", '"', "a\\b", "m\r\nn", "m".repeat(255), `${"m".repeat(255)}é`];

const int = (random: Random, bound: number): number => Math.floor(random() * bound);
const pick = <T>(random: Random, from: readonly T[]): T => from[int(random, from.length)]!;

/** A form as a client may send it, or nearly. */
export function makeForm(random: Random): Form {
  const boundary = pick(random, BOUNDARIES);
  const padding = () => pick(random, ["", "", "", " ", " \t"]);
  const parts = Array.from({ length: int(random, 5) }, () => {
    return `--${boundary}${padding()}\r\n${headersOf(random)}\r\n${contentOf(random, boundary)}\r\n`;
  });
  const preamble = random() < 0.9 ? "" : `${contentOf(random, boundary)}\r\n`;
  const epilogue = random() < 0.8 ? "\r\n" : contentOf(random, boundary);
  const bytes = Buffer.from(`${preamble}${parts.join("")}--${boundary}--${epilogue}`);
  return { bytes: random() < 0.3 ? damage(random, bytes) : bytes, boundary };
}

function headersOf(random: Random): string {
  if (random() < 0.3) return 'Content-Disposition: form-data; name="model"\r\n';
  const headers = Array.from({ length: random() < 0.7 ? 1 : int(random, 4) }, () => headerOf(random));
  return headers.map((header) => `${header}\r\n`).join("");
}

function headerOf(random: Random): string {
  if (random() < 0.2)
    return pick(random, ["content-type: audio/wav", "X:", ":", "content-length: 4", "x: a; name=model"]);
  const name = pick(random, [
    "Content-Disposition",
    "content-disposition",
    "CONTENT-DISPOSITION",
    "content-dispositions",
  ]);
  const space = () => pick(random, ["", "", " "]);
  const parameters = Array.from({ length: 1 + int(random, 3) }, () => {
    const key = pick(random, ["name", "name", "name", "Name", "filename", "filename*", "names", "x", "filename1"]);
    const value = pick(random, [
      "model",
      "model",
      "file",
      "models",
      "mode",
      "Model",
      "",
      "prompt",
      "mo\\del",
      'a";b',
      "a b",
    ]);
    const quoted = `"${value.replaceAll('"', '\\"')}"`;
    return `${space()};${space()}${key}${space()}=${space()}${random() < 0.8 ? quoted : value}`;
  });
  return `${name}:${space()}form-data${parameters.join("")}`;
}

function contentOf(random: Random, boundary: string): string {
  if (random() < 0.5) return pick(random, NAMES);
  const pieces = [
    "\r",
    "\n",
    "\r\n",
    "-",
    "--",
    boundary,
    `\r\n--${boundary.slice(0, -1)}`,
    `\r\n--${boundary}`,
    "x".repeat(40),
    "é",
  ];
  return Array.from({ length: int(random, 12) }, () => pick(random, pieces)).join("");
}
