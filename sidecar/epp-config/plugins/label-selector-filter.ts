import {
  PLUGIN_LABEL_SELECTOR_FILTER,
  TERM_DOES_NOT_EXIST,
  TERM_EXISTS,
  TERM_IN,
  TERM_NOT_IN,
} from "../../../wire/layout.ts";
import type { PlanTerm } from "../../../wire/model.ts";
import { listOf, oneOf, type Place, type Reader, show, taking, text, texts } from "../../support/fields.ts";
import { optional, record, required, withDefault } from "../shape.ts";
import { filtering, type PluginDescriptor, plugin } from "./plugin.ts";

/** Kubernetes: a key has a prefix of 253, a slash and 63 characters, a value 63. */
const KEY = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/;
const MAX_KEY = 317;
const MAX_VALUE = 63;

const OPERATORS = {
  In: TERM_IN,
  NotIn: TERM_NOT_IN,
  Exists: TERM_EXISTS,
  DoesNotExist: TERM_DOES_NOT_EXIST,
} as const;

/** The name of a label. */
export const labelKey: Reader<string> = taking("the name of a label", (value, place) => {
  const key = text(MAX_KEY)(value, place);
  return key === undefined || KEY.test(key) ? key : place.refuse(`${show(key)} is no name of a label`);
});

const labelValue: Reader<string> = taking("the value of a label", (value, place) => {
  const found = text(MAX_VALUE, 0)(value, place);
  return found === undefined || VALUE.test(found) ? found : place.refuse(`${show(found)} is no value of a label`);
});

const readExpression = record({
  key: required("the label that is looked at", labelKey),
  operator: required("what must be so", oneOf("In", "NotIn", "Exists", "DoesNotExist")),
  values: optional("for In and NotIn, which need some", listOf(labelValue)),
});

const expression = taking(readExpression.takes!, (value: unknown, place: Place) => {
  const found = readExpression(value, place);
  const values = found?.values?.length ?? 0;
  const operator = found?.operator;
  if ((operator === "In" || operator === "NotIn") && values === 0) {
    place.refuse(`${operator} needs values`);
  } else if ((operator === "Exists" || operator === "DoesNotExist") && values > 0) {
    place.at("values").refuse(`${operator} takes no values`);
  }
  return found;
});

const labels = taking("a mapping of labels to values", (value: unknown, place: Place) => {
  const found = texts(MAX_KEY, MAX_VALUE)(value, place);
  for (const [key, item] of Object.entries(found ?? {})) {
    if (!KEY.test(key)) place.refuse(`${show(key)} is no name of a label`);
    labelValue(item, place.at(key));
  }
  return found;
});

function selector(type: string, about: string): PluginDescriptor {
  return plugin({
    type,
    about,
    stage: "filter",
    shape: {
      matchLabels: withDefault("labels that endpoints must have with these values", labels, {}),
      matchExpressions: withDefault("further conditions", listOf(expression), []),
    },
    steps: ({ matchLabels, matchExpressions }) => [
      filtering(PLUGIN_LABEL_SELECTOR_FILTER, {
        terms: [
          ...Object.entries(matchLabels).map(([key, value]): PlanTerm => ({ key, operator: TERM_IN, values: [value] })),
          ...matchExpressions.map(
            ({ key, operator, values = [] }): PlanTerm => ({ key, operator: OPERATORS[operator], values }),
          ),
        ],
      }),
    ],
  });
}

/** By a selector of Kubernetes. */
export const labelSelectorFilter = selector(
  "label-selector-filter",
  "Takes the endpoints whose labels fulfil a selector of Kubernetes; all conditions must hold.",
);

/** The same by its older name. */
export const byLabelSelector = selector("by-label-selector", "`label-selector-filter` by its older name.");
