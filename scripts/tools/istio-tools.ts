import { join } from "node:path";
import { goProgram } from "./go-program.ts";

/** The path of Istio's control plane, built first where it is not there yet. Throws Trouble. */
export function findIstiod(): Promise<string> {
  return goProgram("istiod", join("test", "gateways", "istio", "istiod"));
}
