import { HANDLER_DATA_PARALLEL, HANDLER_SINGLE } from "../../../wire/layout.ts";
import { integer } from "../../support/fields.ts";
import { withDefault } from "../shape.ts";
import { plugin, type Surroundings } from "./plugin.ts";

/** Tells where there is not exactly one profile. */
function expectOne(type: string, { profiles, place }: Surroundings): void {
  if (profiles.length > 1)
    place.refuse(`${type} runs one profile, there are ${profiles.length}: ${profiles.join(", ")}`);
}

/** One profile. */
export const singleProfileHandler = plugin({
  type: "single-profile-handler",
  about: "Runs the one scheduling profile that there is. The default.",
  stage: "profile handler",
  shape: {},
  handle(_, around) {
    expectOne("single-profile-handler", around);
    return { handler: HANDLER_SINGLE, handlerParameters: [0] };
  },
});

/** One profile, and one port of a pod. */
export const dataParallelProfileHandler = plugin({
  type: "data-parallel-profile-handler",
  about: "Runs the one profile, sends requests to one port of the picked pod, and names the picked one in a header.",
  stage: "profile handler",
  shape: { primaryPort: withDefault("that port; 0: the picked one", integer(0, 65_535), 8000) },
  handle({ primaryPort }, around) {
    expectOne("data-parallel-profile-handler", around);
    return { handler: HANDLER_DATA_PARALLEL, handlerParameters: [0, 0, 0, 0, 0, 0, 0, primaryPort] };
  },
});
