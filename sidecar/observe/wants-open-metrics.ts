// Whether OpenMetrics is asked for: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1, as far as it matters here.

const TEXT = "text/plain";
const OPEN_METRICS = "application/openmetrics-text";

interface Wanted {
  readonly type: string;
  readonly version: string | undefined;
  readonly quality: number;
}

function wanted(item: string): Wanted {
  const [type, ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
  const value = (name: string) => parameters.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  const quality = Number(value("q") ?? "1");
  return { type: type!, version: value("version"), quality: Number.isFinite(quality) ? quality : 0 };
}

/**
 * Whether who asks would rather have OpenMetrics than Prometheus' text. Without an Accept header, and where only
 * wildcards stand there, it is the text.
 */
export function wantsOpenMetrics(accept: string | undefined): boolean {
  const all = (accept ?? "").split(",").map(wanted);
  const best = (take: (one: Wanted) => boolean) =>
    all.filter(take).reduce((most, { quality }) => Math.max(most, quality), 0);
  const open = best(({ type, version }) => type === OPEN_METRICS && (version ?? "1.0.0") === "1.0.0");
  const text = best(({ type, version }) => type === TEXT && (version ?? "0.0.4") === "0.0.4");
  return open > 0 && open >= text;
}
