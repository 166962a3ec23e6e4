// `npm run image`: the filter as a container image, for gateways that fetch their modules from a registry. No Docker
// is needed.
//
//   npm run image                                   an OCI layout in build/image, and its digest
//   npm run image -- --form docker|artifact         another form; every gateway that is tried here takes all of them
//   npm run image -- --push registry.example/inline-epp-filter:0.1.0

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { build } from "./build.ts";
import { FORMS, type Form, imageOf, writeLayout } from "./image/image.ts";
import { ROOT, runCommand } from "./stack/command.ts";
import { findCrane } from "./tools/image-tools.ts";
import { runMain, Trouble } from "./trouble.ts";

const LAYOUT = join("build", "image");

type Options = { readonly form: Form; readonly push: string | undefined };

/** What the command line says. Throws Trouble where it is misspelt. */
export function readOptions(args: readonly string[]): Options {
  try {
    const options = { form: { type: "string", default: "oci" }, push: { type: "string" } } as const;
    const { form, push } = parseArgs({ args: [...args], options }).values;
    const found = FORMS.find((each) => each === form);
    if (found === undefined) throw new Error(`--form is "${form}", must be ${FORMS.join(", ")}`);
    return { form: found, push };
  } catch (error) {
    throw new Trouble((error as Error).message);
  }
}

async function push(reference: string): Promise<void> {
  const crane = await findCrane();
  // Its own answer is in the log; a failure shows it.
  await runCommand("crane push", crane, ["push", LAYOUT, reference], `${crane} is gone`);
}

async function main(): Promise<void> {
  const { form, push: reference } = readOptions(process.argv.slice(2));
  await build();
  const module = readFileSync(join(ROOT, "build", "filter.wasm"));
  const { version, description, license } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const image = imageOf(module, form, { version, description, license });
  writeLayout(image, join(ROOT, LAYOUT));
  console.log(`  ${LAYOUT}: ${form}, OCI layout`);
  console.log(`  image   ${image.digest}`);
  console.log(`  module  sha256:${createHash("sha256").update(module).digest("hex")}`);
  if (reference === undefined) return;
  await push(reference);
  console.log(`  pushed  ${reference.replace(/(?:@[^@]*|:[^:/]*)$/, "")}@${image.digest}`);
}

if (process.argv[1] === import.meta.filename) await runMain(main);
