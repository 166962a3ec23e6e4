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

/** By one label. */
export const byLabel = plugin({
  type: "by-label",
  about: "Takes the endpoints whose label has one of the values; where the label is absent, it reads as an empty one.",
  stage: "filter",
  shape: {
    label: required("the label that is looked at", labelKey),
    validValues: withDefault(
      "values of endpoints that are taken; some are needed unless `allowsNoLabel`",
      listOf(anyText),
      [],
    ),
    allowsNoLabel: withDefault("endpoints without the label are taken too", flag, false),
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
  const about = `Takes the endpoints whose label \`${ROLE_LABEL}\` is ${roles.join(", ")}${orAbsent ? ", or absent" : ""}.`;
  return plugin({ type, about, stage: "filter", shape: {}, steps: () => [oneOfValues(ROLE_LABEL, roles, orAbsent)] });
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
