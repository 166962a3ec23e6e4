// Prints the frames of plugin-frames.ts as hexadecimal digits by name, for as-pect, whose Node may not read TypeScript.

import { PLUGIN_FRAMES } from "./plugin-frames.ts";

const frames = Object.entries(PLUGIN_FRAMES).map(([name, encode]) => [name, Buffer.from(encode()).toString("hex")]);
console.log(JSON.stringify(Object.fromEntries(frames)));
