// What the tests of gateways run.

import { type GoTool, goTool } from "./go-tool.ts";

/** Envoy Gateway's Go module; its CRDs lie in it too. */
export const ENVOY_GATEWAY: GoTool = {
  name: "envoy-gateway",
  module: "github.com/envoyproxy/gateway/cmd/envoy-gateway",
  version: "1.9.1",
};

/** The path of the pinned Envoy Gateway, built first where it is not there yet: on two cores ten minutes. Throws Trouble. */
export function findEnvoyGateway(): Promise<string> {
  return goTool(ENVOY_GATEWAY);
}
