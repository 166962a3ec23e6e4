import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Where the page stands: beside the bundle, or in build/ where the sources run as they are. */
const PLACES = ["./page.html", "../../build/page.html"];

/** The page, and what a browser may do with it. */
export interface PageFile {
  readonly html: string;
  /** Content-Security-Policy: its own script and style, this server, and nothing else. */
  readonly policy: string;
}

/** There is no built page. */
export class PageMissing extends Error {}

function digests(html: string, tag: string): string {
  const blocks = html.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, "gs"));
  return [...blocks].map(([, text]) => `'sha256-${createHash("sha256").update(text!).digest("base64")}'`).join(" ");
}

/**
 * Reads the page that is built together with this program.
 * @throws PageMissing where it is not built.
 */
export function loadPage(): PageFile {
  const paths = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined) throw new PageMissing("page.html is not built; build it with: npm run build");
  const html = readFileSync(path, "utf8");
  const policy = [
    "default-src 'none'",
    `script-src ${digests(html, "script")}`,
    `style-src ${digests(html, "style")}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  return { html, policy };
}
