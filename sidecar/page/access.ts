// Who may see the page. It shows what models are asked for and by whom they are served: nothing for every web site that
// a browser on the same machine happens to visit.

import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

const COOKIE = "inline-epp-token";

function same(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

function cookieOf(request: IncomingMessage): string | undefined {
  for (const part of (request.headers.cookie ?? "").split(";")) {
    const [name, value = ""] = part.trim().split("=", 2);
    if (name === COOKIE) return decodeURIComponent(value);
  }
  return undefined;
}

/**
 * Whether the host that a browser names is one that nobody can make it believe is ours: an address, or localhost. A name
 * may be anybody's who has it resolve to this machine.
 */
function isPlainHost(host: string): boolean {
  const name = host.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return name === "localhost" || isIP(name) !== 0;
}

/**
 * Whether a browser asks on behalf of another site. That could not read the answer, but could keep the sidecar busy; who
 * follows a link asks for themselves.
 */
function isForeign({ headers }: IncomingMessage): boolean {
  const site = headers["sec-fetch-site"];
  return (site === "cross-site" || site === "same-site") && headers["sec-fetch-dest"] !== "document";
}

/** What a request gets before anything else. */
export type Entry =
  | { readonly kind: "welcome" }
  /** The token was in the address: a cookie takes its place, so that it is not in the address bar any more. */
  | { readonly kind: "remember"; readonly cookie: string }
  | { readonly kind: "refused"; readonly status: number; readonly text: string };

/**
 * Judges a request. No other site's is welcome; without a token everybody's who comes by address, with one, theirs who
 * bring it.
 */
export function judge(request: IncomingMessage, url: URL, token: string | undefined): Entry {
  if (isForeign(request)) {
    return { kind: "refused", status: 403, text: "This page is for people, not for other sites.\n" };
  }
  if (token === undefined) {
    if (isPlainHost(request.headers.host ?? "")) return { kind: "welcome" };
    const text = "Ask by IP address or as localhost, or have the page guarded with --page-token-file.\n";
    return { kind: "refused", status: 421, text };
  }
  const asked = url.searchParams.get("token");
  if (asked !== null && same(asked, token)) {
    const cookie = `${COOKIE}=${encodeURIComponent(token)}; HttpOnly; SameSite=Strict; Path=/`;
    return { kind: "remember", cookie };
  }
  const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
  const given = bearer ?? cookieOf(request);
  if (given !== undefined && same(given, token)) return { kind: "welcome" };
  return { kind: "refused", status: 401, text: "This page needs its token: add ?token=... to the address.\n" };
}
