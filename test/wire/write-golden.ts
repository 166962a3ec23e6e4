// Writes wire/golden/*.json anew, for the day that the wire version is raised: node test/wire/write-golden.ts, then
// biome. Nothing runs this on its own; golden vectors that follow the code would prove nothing.

import { writeFileSync } from "node:fs";
import { xxh64 } from "../../wire/xxh64.ts";
import { FRAMES_FILE, type HashVector, toLines, XXH64_FILE } from "./golden-files.ts";
import { GOLDEN_FRAMES } from "./golden-frames.ts";
import { SEEDS, sanityBytes } from "./sanity-bytes.ts";

const frames = Object.fromEntries(Object.entries(GOLDEN_FRAMES).map(([name, encode]) => [name, toLines(encode())]));
writeFileSync(FRAMES_FILE, `${JSON.stringify(frames, undefined, 2)}\n`);

const lengths = [...Array.from({ length: 41 }, (_, length) => length), 63, 64, 65, 100, 222];
const vectors: HashVector[] = lengths.flatMap((length) =>
  SEEDS.map((seed) => {
    const bytes = sanityBytes(length);
    return {
      bytes: Buffer.from(bytes).toString("hex"),
      seed: seed.toString(16),
      hash: xxh64(bytes, seed).toString(16).padStart(16, "0"),
    };
  }),
);
const rows = vectors.map((vector) => `  ${JSON.stringify(vector)}`);
writeFileSync(XXH64_FILE, `[\n${rows.join(",\n")}\n]\n`);
