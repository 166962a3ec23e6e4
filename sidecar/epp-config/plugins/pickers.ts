import {
  MAX_DESTINATIONS,
  PLUGIN_MAX_SCORE_PICKER,
  PLUGIN_RANDOM_PICKER,
  PLUGIN_WEIGHTED_RANDOM_PICKER,
} from "../../../wire/layout.ts";
import { counting, integer } from "../../support/fields.ts";
import { lenient } from "../readers.ts";
import { withDefault } from "../shape.ts";
import { type PluginDescriptor, picking, plugin } from "./plugin.ts";

/**
 * How many endpoints a picker lists. The first is the choice; the others are where Envoy's retries go, in order.
 * The reference's default is 1. Here it is 3, because the list costs a few bytes and a list of one leaves a retry
 * nowhere to go.
 */
const DESTINATIONS = 3;

const destinations = lenient(
  integer(),
  (value) => (value < 1 ? DESTINATIONS : Math.min(value, MAX_DESTINATIONS)),
  ` from 1 to ${MAX_DESTINATIONS}; less counts as ${DESTINATIONS}, more as ${MAX_DESTINATIONS}`,
);

function picker(type: string, wire: number, about: string): PluginDescriptor {
  return plugin({
    type,
    about,
    stage: "picker",
    shape: {
      maxNumOfEndpoints: withDefault(
        "how many are listed, the first to be chosen and the others for Envoy's retries; the reference has 1",
        counting("endpoints", destinations),
        DESTINATIONS,
      ),
    },
    steps: ({ maxNumOfEndpoints }) => [picking(wire, [maxNumOfEndpoints])],
  });
}

/** By total. */
export const maxScorePicker = picker(
  "max-score-picker",
  PLUGIN_MAX_SCORE_PICKER,
  "Lists the endpoints with the highest total score, best first.",
);

/** By chance. */
export const randomPicker = picker(
  "random-picker",
  PLUGIN_RANDOM_PICKER,
  "Lists endpoints at random, whatever their scores.",
);

/** By both. */
export const weightedRandomPicker = picker(
  "weighted-random-picker",
  PLUGIN_WEIGHTED_RANDOM_PICKER,
  "Lists endpoints at random, those with higher totals more often.",
);
