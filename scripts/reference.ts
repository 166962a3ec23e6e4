// `npm run reference`: writes the pages of docs/reference/ that are made of the code's own tables, on a fresh build.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.ts";
import { PAGES } from "./reference/pages.ts";
import { ROOT } from "./stack/command.ts";
import { runMain } from "./trouble.ts";

await runMain(async () => {
  await build();
  for (const [name, write] of Object.entries(PAGES)) {
    writeFileSync(join(ROOT, "docs", "reference", name), write());
    console.log(`  docs/reference/${name}`);
  }
});
