import { PLUGIN_LABEL_SELECTOR_FILTER, TERM_IN, TERM_IN_OR_ABSENT } from "../../../wire/layout.ts";
import { flag, listOf } from "../../support/fields.ts";
import { anyText } from "../readers.ts";
import { required, withDefault } from "../shape.ts";
import { labelKey } from "./label-selector-filter.ts";
import { filtering, type PluginDescriptor, plugin, type StepParts } from "./plugin.ts";

const ROLE_LABEL = "llm-d.ai/role";

function oneOfValues(key: string, values: readonly string[], orAbsent: boolean): StepParts {
  const operator = orAbsent ? TERM_IN_OR_ABSENT : TERM_IN;
  return filtering(PLUGIN_LABEL_SELECTOR_FILTER, { terms: [{ key, operator, values }] });
}

/** Takes the endpoints with one of the values in a label; an absent label reads as "". */
export const byLabel = plugin({
  type: "by-label",
  stage: "filter",
  shape: {
    label: required(labelKey),
    validValues: withDefault(listOf(anyText), []),
    allowsNoLabel: withDefault(flag, false),
  },
  check(values, place) {
    if (values.validValues.length === 0 && !values.allowsNoLabel) {
      place.refuse("validValues must not be empty where allowsNoLabel is false");
    }
    return values;
  },
  steps: ({ label, validValues, allowsNoLabel }) => [
    oneOfValues(label, validValues, allowsNoLabel || validValues.includes("")),
  ],
});

function byRole(type: string, roles: readonly string[], orAbsent: boolean): PluginDescriptor {
  return plugin({ type, stage: "filter", shape: {}, steps: () => [oneOfValues(ROLE_LABEL, roles, orAbsent)] });
}

/** Takes the endpoints that decode, by label; one without a role does everything. */
export const decodeFilter = byRole(
  "decode-filter",
  ["decode", "prefill-decode", "both", "encode-prefill-decode"],
  true,
);

/** Takes the endpoints that are there for prefill, by label. */
export const prefillFilter = byRole(
  "prefill-filter",
  ["prefill", "encode-prefill", "prefill-decode", "both", "encode-prefill-decode"],
  false,
);

/** Takes the endpoints that are there for encoding, by label. */
export const encodeFilter = byRole("encode-filter", ["encode", "encode-prefill", "encode-prefill-decode"], false);
