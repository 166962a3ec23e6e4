// What gateways do without an endpoint picker, as Envoy's load balancers of these names do it.

import { createRandom } from "../../simulator/random.ts";
import type { PolicyMaker } from "./policy.ts";

/** Any server, all equally likely. */
export const randomPolicy: PolicyMaker = ({ engines, seed }) => {
  const draw = createRandom(seed);
  return { choose: () => Math.floor(draw() * engines.length) };
};

/** One server after the other. */
export const roundRobinPolicy: PolicyMaker = ({ engines }) => {
  let next = 0;
  return {
    choose() {
      const chosen = next;
      next = (next + 1) % engines.length;
      return chosen;
    },
  };
};

/**
 * The one with fewer requests in flight of two random servers, the first one of equals. As in Envoy the two are drawn
 * independently, so that they may be the same.
 */
export const leastRequestPolicy: PolicyMaker = ({ engines, inFlight, seed }) => {
  const draw = createRandom(seed);
  return {
    choose() {
      const first = Math.floor(draw() * engines.length);
      const second = Math.floor(draw() * engines.length);
      return inFlight[second]! < inFlight[first]! ? second : first;
    },
  };
};
