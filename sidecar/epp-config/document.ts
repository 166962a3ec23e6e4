import { type Document, LineCounter, parseAllDocuments } from "yaml";
import { Findings } from "../support/findings.ts";
import { lineFinder } from "../support/yaml-lines.ts";

/** A Kubernetes ConfigMap holds no more; a longer text is some other file. */
const MAX_CHARACTERS = 1024 * 1024;

/** A parsed text with its findings so far. */
export interface ParsedText {
  /** Plain values; undefined where `findings` has problems. */
  readonly value: unknown;
  readonly findings: Findings;
}

/** Parses YAML or JSON (which is YAML) that holds one document. Syntax errors become findings with their line. */
export function parseText(source: string): ParsedText {
  const findings = new Findings();
  if (source.length > MAX_CHARACTERS) {
    findings.problem([], `${source.length} characters, expected at most ${MAX_CHARACTERS}`);
    return { value: undefined, findings };
  }
  const counter = new LineCounter();
  const documents = parseAllDocuments(source, { lineCounter: counter, prettyErrors: false });
  const [document] = documents;
  if (documents.length > 1) {
    findings.problem([], `${documents.length} YAML documents, expected one`);
    return { value: undefined, findings };
  }
  for (const error of document?.errors ?? []) {
    const { line, col } = counter.linePos(error.pos[0]);
    findings.problem([], `line ${line}, column ${col}: ${error.message}`);
  }
  if (findings.problems.length > 0) return { value: undefined, findings };
  try {
    const value: unknown = document?.toJS() ?? undefined;
    if (document !== undefined && value !== undefined) {
      return { value, findings: new Findings(lineFinder(document as Document, counter)) };
    }
    findings.problem([], "the text is empty");
  } catch (error) {
    // Only aliases fail here: unresolved ones, and those that would unfold without bound.
    findings.problem([], (error as Error).message);
  }
  return { value: undefined, findings };
}
