import type { Counts } from "./counts.ts";

/** What a step found. Counts are those of a test runner; null of one that ended without saying. */
export type Result = { ok: boolean; counts?: Counts | null };

/** A step of `npm test`. */
export type Step = { name: string; run: () => Promise<Result> };
