// The pages of docs/reference/ that are written from the tables and schemas that the code validates with.

import { configPage, pluginsPage } from "./config-pages.ts";
import { endpointFilePage } from "./endpoint-file-page.ts";
import { filterPage } from "./filter-page.ts";
import { flagsPage } from "./flags-page.ts";
import { helmPage } from "./helm-page.ts";

/** Each page's name in docs/reference/, and what makes it. The filter has to be built. */
export const PAGES: Readonly<Record<string, () => string>> = {
  "endpoint-picker-config.md": configPage,
  "plugins.md": pluginsPage,
  "endpoint-file.md": endpointFilePage,
  "flags.md": flagsPage,
  "filter.md": filterPage,
  "helm.md": helmPage,
};
