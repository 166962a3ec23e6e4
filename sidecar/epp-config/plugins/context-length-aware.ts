import { PLUGIN_CONTEXT_LENGTH_FILTER, PLUGIN_CONTEXT_LENGTH_SCORER } from "../../../wire/layout.ts";
import { flag } from "../../support/fields.ts";
import { word } from "../readers.ts";
import { withDefault } from "../shape.ts";
import { filtering, plugin, scoring } from "./plugin.ts";

/** Prefers endpoints whose label `min-max` covers the prompt's tokens; with enableFiltering, takes no others. */
export const contextLengthAware = plugin({
  type: "context-length-aware",
  stage: "scorer",
  shape: {
    label: withDefault(word, "llm-d.ai/context-length-range"),
    enableFiltering: withDefault(flag, false),
  },
  steps: ({ label, enableFiltering }) => [
    ...(enableFiltering ? [filtering(PLUGIN_CONTEXT_LENGTH_FILTER, { text: label })] : []),
    scoring(PLUGIN_CONTEXT_LENGTH_SCORER, { text: label }),
  ],
});
