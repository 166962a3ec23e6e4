import { PLUGIN_CONTEXT_LENGTH_FILTER, PLUGIN_CONTEXT_LENGTH_SCORER } from "../../../wire/layout.ts";
import { flag } from "../../support/fields.ts";
import { word } from "../readers.ts";
import { withDefault } from "../shape.ts";
import { filtering, plugin, scoring } from "./plugin.ts";

/** By the length of prompts that endpoints are meant for. */
export const contextLengthAware = plugin({
  type: "context-length-aware",
  about:
    "Prefers endpoints whose label, `min-max` in tokens, covers the prompt, the closer the better; with " +
    "`enableFiltering` takes no others.",
  stage: "scorer",
  shape: {
    label: withDefault("the label", word, "llm-d.ai/context-length-range"),
    enableFiltering: withDefault("endpoints whose label does not cover the prompt are not taken", flag, false),
  },
  steps: ({ label, enableFiltering }) => [
    ...(enableFiltering ? [filtering(PLUGIN_CONTEXT_LENGTH_FILTER, { text: label })] : []),
    scoring(PLUGIN_CONTEXT_LENGTH_SCORER, { text: label }),
  ],
});
