// The file of endpoints.

import { ENDPOINT_FIELDS, FILE_FIELDS, POOL_FIELDS } from "../../sidecar/discovery/endpoint-file.ts";
import { POLICY_PARTS } from "../../sidecar/discovery/file-policies.ts";
import { fieldTable, page } from "./markdown.ts";

/** docs/reference/endpoint-file.md */
export function endpointFilePage(): string {
  return page(
    "The file of endpoints",
    "YAML or JSON, for `serve --endpoints`; [configuration](../configuration.md#the-endpoint-file) has an example. " +
      "`npx inline-epp check FILE` prints it with its defaults, and names what is wrong.",
    fieldTable(FILE_FIELDS),
    "## An entry of `pools`",
    fieldTable(POOL_FIELDS),
    "## An entry of `endpoints`",
    fieldTable(ENDPOINT_FIELDS),
    ...Object.entries(POLICY_PARTS).flatMap(([title, fields]) => [`## ${title}`, fieldTable(fields)]),
  );
}
