import type { PluginDescriptor } from "./plugin.ts";

/** Runs the one scheduling profile that there is; nothing of it travels in a plan. */
export const singleProfileHandler: PluginDescriptor = {
  type: "single-profile-handler",
  stage: "profile handler",
  wire: undefined,
  parameters: [],
};
