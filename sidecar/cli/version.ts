import packageFile from "../../package.json" with { type: "json" };
import { WIRE_VERSION } from "../../wire/layout.ts";

/** This release. */
export const VERSION: string = packageFile.version;

/** What the program is, for other programs. */
export const VERSIONS = { version: VERSION, wireVersion: WIRE_VERSION, node: process.versions.node };

/** One line for people and bug reports. A filter of another wire version refuses every frame. */
export const VERSION_LINE = `inline-epp ${VERSION} (wire version ${WIRE_VERSION}, node ${process.versions.node})`;
