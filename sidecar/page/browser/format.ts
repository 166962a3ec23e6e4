// Figures for people.

/** 0 to 1 as a percentage. */
export function percent(share: number): string {
  return `${share > 0 && share < 0.1 ? (share * 100).toFixed(1) : Math.round(share * 100)} %`;
}

/** A share as far as it shows, to compare by. */
export function shownShare(share: number): number {
  return Number.parseFloat(percent(share));
}

/** A share that may be unknown. */
export function percentOrNone(share: number | undefined): string {
  return share === undefined ? "–" : percent(share);
}

/** A rate per second. */
export function rate(perSecond: number): string {
  if (perSecond < 0.005) return "0";
  return perSecond >= 100 ? perSecond.toFixed(0) : perSecond >= 10 ? perSecond.toFixed(1) : perSecond.toFixed(2);
}

/** Milliseconds. */
export function duration(ms: number): string {
  if (ms < 1) return ms === 0 ? "0" : "<1 ms";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${Number((ms / 1000).toFixed(ms < 10_000 ? 2 : 1))} s` : `${Math.round(ms / 60_000)} min`;
}

/** The time of day of milliseconds since 1970. */
export function clockTime(at: number): string {
  return new Date(at).toLocaleTimeString();
}

/** How old something is, in milliseconds; below a second it is fresh, and nobody wants to see it flicker. */
export function age(ms: number | undefined): string {
  if (ms === undefined) return "never";
  return ms < 1000 ? "<1 s" : duration(Math.floor(ms / 1000) * 1000);
}
