/** What a duration looks like, for messages about one that does not. */
export const DURATION_FORMAT = 'a number with a unit, such as "7.5ms", "75us", "2s", or "0"';

const UNITS_MS: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1e3, m: 60e3 };

/**
 * Reads a duration: a decimal number followed by `us`, `ms`, `s` or `m` (minutes), or a bare `0`.
 * Returns milliseconds, or null when the text is anything else; negative durations do not exist.
 */
export function parseDuration(text: string): number | null {
  if (text === "0") return 0;
  const match = /^(\d+(?:\.\d+)?)(us|ms|s|m)$/.exec(text);
  if (match === null) return null;
  const milliseconds = Number(match[1]) * UNITS_MS[match[2]!]!;
  return Number.isFinite(milliseconds) ? milliseconds : null;
}
