import type { Collection } from "./collection.ts";

/** Why something did not go as it should. */
export const ERROR_REASONS = [
  /** No connection, or it broke. */
  "connection",
  /** No answer in time. */
  "timeout",
  /** A watch on which nothing came for too long. */
  "silent",
  /** Own credentials could not be read or made. */
  "credentials",
  /** Answers 401, 403, 404, 410, 429, 5xx, and all others. */
  "unauthorized",
  "forbidden",
  "not_found",
  "gone",
  "throttled",
  "server_error",
  "refused",
  /** What came is not JSON, or not what was asked for. */
  "garbage",
  /** A line or an answer beyond every measure. */
  "too_large",
  /** Our own reader of an object failed. */
  "unreadable",
] as const;
export type ErrorReason = (typeof ERROR_REASONS)[number];

/** Types of watch events, as the API writes them. */
export const EVENT_TYPES = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Gets told what the collections do. */
export interface KubernetesObserver {
  /** A collection was started; it stays of interest until it is stopped. */
  started(collection: Collection<unknown>): void;
  stopped(collection: Collection<unknown>): void;
  /** A list was read to its end. */
  listed(kind: string): void;
  /** A watch was opened. */
  watched(kind: string): void;
  event(kind: string, type: EventType): void;
  failed(kind: string, reason: ErrorReason): void;
}

/** Tells nobody. */
export const NO_OBSERVER: KubernetesObserver = {
  started: () => undefined,
  stopped: () => undefined,
  listed: () => undefined,
  watched: () => undefined,
  event: () => undefined,
  failed: () => undefined,
};
