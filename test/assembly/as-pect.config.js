// Settings of as-pect, which runs test/assembly/*.spec.ts: units of the filter's core, compiled with the core's own
// sources. The vectors of wire/golden, and frames for plugins, reach the specs through the imports that golden.ts
// declares.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const pluginFrames = JSON.parse(
  execFileSync(path("../../node_modules/.bin/node"), [path("../wire/print-plugin-frames.ts")], { encoding: "utf8" }),
);

const read = (name) => JSON.parse(readFileSync(new URL(`../../wire/golden/${name}.json`, import.meta.url), "utf8"));
const frames = new Map(
  Object.entries(read("frames")).map(([name, lines]) => [name, Buffer.from(lines.join(""), "hex")]),
);
for (const [name, hex] of Object.entries(pluginFrames)) frames.set(name, Buffer.from(hex, "hex"));
const vectors = read("xxh64").map(({ bytes, seed, hash }) => ({
  bytes: Buffer.from(bytes, "hex"),
  seed: BigInt(`0x${seed}`),
  hash: BigInt(`0x${hash}`),
}));

/** @param memory gives the module's memory, which exists only after instantiation. */
function goldenImports(memory) {
  const text = (at, length) => new TextDecoder("utf-16le").decode(new Uint8Array(memory(), at, length * 2));
  const frame = (at, length) => {
    const found = frames.get(text(at, length));
    if (found === undefined) throw new Error(`there is no frame ${text(at, length)}`);
    return found;
  };
  return {
    frameLength: (at, length) => frame(at, length).length,
    copyFrame: (at, length, to) => new Uint8Array(memory()).set(frame(at, length), to),
    vectorCount: () => vectors.length,
    vectorLength: (index) => vectors[index].bytes.length,
    copyVector: (index, to) => new Uint8Array(memory()).set(vectors[index].bytes, to),
    vectorSeed: (index) => vectors[index].seed,
    vectorHash: (index) => vectors[index].hash,
  };
}

export default {
  entries: ["test/assembly/**/*.spec.ts"],
  include: [],
  disclude: [/node_modules/],
  async instantiate(memory, createImports, instantiate, binary) {
    const golden = goldenImports(() => module.instance.exports.memory.buffer);
    const module = await instantiate(binary, createImports({ env: { memory }, golden }));
    return module;
  },
  outputBinary: false,
};
