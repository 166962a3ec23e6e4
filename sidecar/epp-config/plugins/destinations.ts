import { MAX_DESTINATIONS } from "../../../wire/layout.ts";
import { integerParameter } from "./plugin.ts";

/**
 * How many endpoints a picker lists. The first is the choice; the others are where Envoy's retries go, in order.
 * The reference's default is 1. Here it is 3, because the list costs a few bytes and a list of one leaves a retry
 * nowhere to go.
 */
export const maxNumOfEndpoints = integerParameter("maxNumOfEndpoints", 3, 1, MAX_DESTINATIONS);
