import process from "node:process";

/** A step that takes longer than this says that it is under way. */
const SLOW_MS = 1000;

/** Seconds since `started` (performance.now()), for people: "2.1 s". */
export function secondsSince(started: number): string {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}

/**
 * Does one step of a longer run and prints one line for it when it is done: its name, what `outcome` says of the
 * result, and the time it took. A slow step counts its seconds on a terminal, and is announced elsewhere. With
 * `outcome` null a quick step prints nothing.
 */
export async function step<T>(
  name: string,
  work: () => Promise<T>,
  outcome: ((result: T) => string) | null = null,
): Promise<T> {
  const out = process.stdout;
  const started = performance.now();
  let slow = false;
  const ticker = setInterval(() => {
    if (out.isTTY) out.write(`\r  ${name} ... ${Math.round((performance.now() - started) / 1000)} s`);
    else if (!slow) out.write(`  ${name} ...\n`);
    slow = true;
  }, SLOW_MS);
  const clear = (): void => {
    clearInterval(ticker);
    if (slow && out.isTTY) out.write("\r\x1b[K");
  };
  try {
    const result = await work();
    clear();
    if (slow || outcome !== null) out.write(`  ${name}: ${outcome?.(result) ?? "done"} (${secondsSince(started)})\n`);
    return result;
  } catch (error) {
    clear();
    throw error;
  }
}
