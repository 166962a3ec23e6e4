import assert from "node:assert/strict";
import { ConfigRefused } from "../../../sidecar/epp-config/config-refused.ts";
import { readConfig } from "../../../sidecar/epp-config/read.ts";
import { findingText } from "../../../sidecar/support/findings.ts";

/** What is wrong with a configuration; nothing: an empty list. */
export function problemsOf(text: string): string[] {
  try {
    readConfig(text, "f.yaml");
  } catch (error) {
    assert.ok(error instanceof ConfigRefused, String(error));
    assert.ok(error.message.startsWith("f.yaml is refused:\n  "));
    return error.problems.map(findingText);
  }
  return [];
}
