import { type GoTool, goTool } from "./go-tool.ts";

const CRANE: GoTool = { name: "crane", module: "github.com/google/go-containerregistry/cmd/crane", version: "0.21.9" };

/** The path of the pinned crane, which pushes and pulls images and is a registry too; built first where it is not there. */
export function findCrane(): Promise<string> {
  return goTool(CRANE);
}
