// The filter itself, for gateways that fetch their modules by HTTP. It is no secret: no token is asked for.

import type { FilterFile } from "../filter/module.ts";
import { type Answer, PLAIN } from "./http-answer.ts";

/** Whether an If-None-Match header names this entity tag, or any. */
function matches(header: string | undefined, tag: string): boolean {
  const tags = header?.split(",").map((part) => part.trim().replace(/^W\//, "")) ?? [];
  return tags.includes(tag) || tags.includes("*");
}

/**
 * The answer to a path of the filter's: `/filter.wasm`, the module, or `/filter.wasm.sha256`, the line that `sha256sum
 * --check` reads; undefined for any other.
 * @param file the filter; without one both are answered 404.
 * @param ifNoneMatch the request's header of that name.
 */
export function filterAnswer(path: string, file: FilterFile | undefined, ifNoneMatch?: string): Answer | undefined {
  if (path !== "/filter.wasm" && path !== "/filter.wasm.sha256") return undefined;
  if (file === undefined) return { status: 404, type: PLAIN, body: "the filter is not served here\n" };
  const { bytes, sha256 } = file;
  if (path.endsWith(".sha256")) return { status: 200, type: PLAIN, body: `${sha256}  filter.wasm\n` };
  const tag = `"${sha256}"`;
  // Another version comes under the same path: whoever keeps it asks whether it is still the same.
  const headers = { etag: tag, "cache-control": "no-cache", "x-content-sha256": sha256 };
  if (matches(ifNoneMatch, tag)) return { status: 304, type: "application/wasm", body: "", headers };
  return { status: 200, type: "application/wasm", body: bytes, headers };
}
