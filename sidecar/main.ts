#!/usr/bin/env node
import { main } from "./cli/program.ts";

const status = await main(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
});
// Output drains first. What else holds the event loop has been told to stop, and gets a second.
process.exitCode = status;
setTimeout(() => process.exit(), 1000).unref();
