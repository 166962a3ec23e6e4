#!/usr/bin/env node
// The command `inline-epp` of this checkout (`npx inline-epp`). npm links it before anything is built, so it is a file
// of its own that says what is missing.

import { existsSync } from "node:fs";
import process from "node:process";

const bundle = new URL("../build/inline-epp.mjs", import.meta.url);

if (existsSync(bundle)) {
  await import(bundle.href);
} else {
  console.error("inline-epp is not built yet. Build it with: npm run build");
  process.exitCode = 1;
}
