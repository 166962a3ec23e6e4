// How the programs in build/ are put together.

import { readFile } from "node:fs/promises";
import type { BuildOptions, Plugin } from "esbuild";
import { ROOT } from "./stack/command.ts";

/** Dependencies in CommonJS require Node's own modules at run time, which an ES module cannot without this. */
const BUNDLE_HEAD = `import { createRequire as createRequireOfBundle } from "node:module";
const require = createRequireOfBundle(import.meta.url);`;

/** The least that the sidecar's HTTP client, undici, runs on; what is older fails while it loads. */
const LEAST_NODE = { major: 22, minor: 19 };

/**
 * Runs before anything that is bundled, but after imports are linked: what an older Node's own modules lack must not be
 * imported by name.
 */
const NODE_CHECK = `{
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < ${LEAST_NODE.major} || (major === ${LEAST_NODE.major} && minor < ${LEAST_NODE.minor})) {
    console.error("error: inline-epp needs Node ${LEAST_NODE.major}.${LEAST_NODE.minor} or newer, this is " + process.versions.node);
    process.exit(1);
  }
}`;

/**
 * OpenTelemetry's exporter over gRPC loads grpc-js when it is first used, by a call that the bundler does not take for
 * one: the bundle would look for the package where it runs.
 */
const BUNDLED_GRPC: Plugin = {
  name: "bundled-grpc",
  setup(build) {
    build.onLoad({ filter: /otlp-grpc-exporter-base.dist.*\.mjs$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      return { contents: text.replaceAll('__require("@grpc/grpc-js")', 'require("@grpc/grpc-js")') };
    });
  },
};

/** A program in one file. */
export interface Bundle {
  readonly entry: string;
  readonly output: string;
  /** What stands before everything else. */
  readonly head: string;
}

export const SIDECAR: Bundle = {
  entry: "sidecar/main.ts",
  output: "build/inline-epp.mjs",
  head: `${BUNDLE_HEAD}\n${NODE_CHECK}`,
};
export const SIMULATOR: Bundle = { entry: "simulator/main.ts", output: "build/simulator.mjs", head: BUNDLE_HEAD };

/** How a program is bundled, as text that is not written yet. */
export function bundleOptions({ entry, output, head }: Bundle) {
  return {
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: output,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    banner: { js: head },
    plugins: [BUNDLED_GRPC],
    // Node keeps the text for as long as it runs. The lines stay short, for the messages of errors that show one.
    minifyWhitespace: true,
    lineLimit: 160,
    logLevel: "silent",
    write: false,
  } as const satisfies BuildOptions;
}
