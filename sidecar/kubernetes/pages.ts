// Reading a list page by page.

import type { Connection } from "./connection.ts";
import { ApiError, ConnectionError } from "./errors.ts";
import { versionOf } from "./identity.ts";
import { pathOf } from "./paths.ts";
import type { Selection } from "./resource.ts";

/**
 * Objects per page. With 500, which others ask for, 10,000 pods of 8 KB take 80 MB more while they are read, and the
 * process stands still for 80 ms at a time instead of 30.
 */
const PAGE_SIZE = "100";

interface Page {
  readonly metadata: { readonly continue?: unknown };
  readonly items?: unknown;
}

/** What is known when a page has been read. */
interface Bookmark {
  readonly version: string;
  /** What to ask the next page with; undefined: this was the last one. */
  readonly next: string | undefined;
}

/** A function of its own, so that nothing holds the page while the next one is awaited. */
async function readPage(
  connection: Connection,
  path: string,
  take: (object: unknown) => void,
  signal: AbortSignal,
): Promise<Bookmark> {
  const page = (await connection.get(path, signal)) as Page;
  const version = versionOf(page);
  const items = page?.items ?? [];
  if (version === undefined || !Array.isArray(items)) throw new ConnectionError("garbage", "the answer is no list");
  for (const object of items) take(object);
  const next = page.metadata.continue;
  return { version, next: typeof next === "string" && next !== "" ? next : undefined };
}

/**
 * Reads a list to its end.
 * @param take gets each object once per page; nothing here keeps it.
 * @param restart what was taken so far is void: the API server no longer knows the list that was begun.
 * @returns the list's resourceVersion, from which a watch goes on.
 * @throws ApiError, ConnectionError.
 */
export async function readPages(
  connection: Connection,
  selection: Selection,
  take: (object: unknown) => void,
  restart: () => void,
  signal: AbortSignal,
): Promise<string> {
  let next: string | undefined;
  let restarted = false;
  for (;;) {
    try {
      const page = await readPage(connection, pathOf(selection, { limit: PAGE_SIZE, continue: next }), take, signal);
      next = page.next;
      if (next === undefined) return page.version;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 410 || next === undefined || restarted) throw error;
      // Once: where pages take longer than lists are kept, the back-off of the caller is due.
      restarted = true;
      next = undefined;
      restart();
    }
  }
}
