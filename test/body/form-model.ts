// What the reader should find in a form, told a second time and simply: on the whole text, with regular expressions.
// One character is one byte.

import { xxh64 } from "../../wire/xxh64.ts";
import { NOTHING, shortened } from "./model.ts";
import type { Findings, ModelValue } from "./module.ts";

/** What the reader should find, and where the values of the field `model` lie; also of a form that breaks off later. */
export interface FormFindings {
  readonly findings: Findings;
  readonly values: readonly ModelValue[];
  /** Behind each value and its delimiter: up to there its end is not certain. */
  readonly certain: readonly number[];
}

/** What the reader should find in a form with this boundary. */
export function formFindingsOf(bytes: Uint8Array, boundary: string): FormFindings {
  const text = `\r\n${Buffer.from(bytes).toString("latin1")}`; // the first delimiter needs no line end before it
  const found = { values: [] as ModelValue[], certain: [] as number[] };
  const status = bytes.length === 0 ? "empty" : read(text, boundary, found) ? "form" : "broken";
  const last = found.values.at(-1);
  if (status !== "form" || last === undefined) return { findings: { status, ...NOTHING }, ...found };
  const name = bytes.subarray(last[0], last[1]);
  const model = shortened(new TextDecoder("utf-8", { ignoreBOM: true }).decode(name));
  return { findings: { status, ...NOTHING, model, modelHash: xxh64(name) }, ...found };
}

function read(text: string, boundary: string, found: { values: ModelValue[]; certain: number[] }): boolean {
  const dashes = `\r\n--${boundary}`;
  const delimiter = new RegExp(`${dashes.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")}(?:(--)|[ \\t]*\r\n)`, "g");
  let content = 0;
  let model = false;
  for (;;) {
    delimiter.lastIndex = content;
    const match = delimiter.exec(text);
    if (model && match?.index !== text.indexOf(dashes, content)) return false;
    if (match === null) return false;
    if (model) {
      found.values.push([content - 2, match.index - 2]);
      found.certain.push(delimiter.lastIndex - 2);
    }
    if (match[1] !== undefined) return true;
    const headers = /^(?:[^\r]+\r\n)*\r\n/.exec(text.slice(delimiter.lastIndex));
    if (headers === null) return false;
    const field = fieldOf(headers[0].split("\r\n").slice(0, -2));
    if (field === null) return false;
    model = field.name === "model" && !field.file;
    content = delimiter.lastIndex + headers[0].length;
  }
}

/** What a part's headers say it is; null where they are malformed. */
function fieldOf(headers: readonly string[]): { name: string; file: boolean } | null {
  let field = { name: "", file: false };
  for (const header of headers) {
    const [, name, value] = /^([!-9;-~]*):([\s\S]*)$/.exec(header) ?? [];
    if (name === undefined || value === undefined) return null;
    if (name.toLowerCase() !== "content-disposition") continue;
    const parameters = parametersOf(value);
    if (parameters === null) return null;
    field = { name: "", file: false };
    for (const [key, given] of parameters) {
      if (key === "name") field.name = given;
      if (/^filename\**$/.test(key)) field.file = true;
    }
  }
  return field;
}

function parametersOf(value: string): [string, string][] | null {
  const parameters: [string, string][] = [];
  let rest = value.replace(/^[^;]*/, "");
  for (;;) {
    rest = rest.replace(/^[; \t]+/, "");
    if (rest === "") return parameters;
    const key = /^[^=;]*/.exec(rest)![0];
    rest = rest.slice(key.length);
    if (!rest.startsWith("=")) continue;
    rest = rest.replace(/^=[ \t]*/, "");
    const quoted = /^"((?:\\[\s\S]|[^"\\])*)"/.exec(rest);
    if (quoted === null && rest.startsWith('"')) return null;
    const given = quoted === null ? /^[^; \t]*/.exec(rest)![0] : quoted[1]!.replaceAll(/\\([\s\S])/g, "$1");
    parameters.push([key.replaceAll(/[ \t]/g, "").toLowerCase(), given]);
    rest = rest.slice(quoted === null ? given.length : quoted[0].length).replace(/^[^;]*/, "");
  }
}
