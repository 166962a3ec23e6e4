import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Trouble } from "../trouble.ts";
import { type Child, describeExit } from "./child.ts";

const POLL_MS = 50;
const PROBE_TIMEOUT_MS = 5000;

/** The status with which `url` answers a GET now; null when nobody does. */
export function probe(url: string): Promise<number | null> {
  return new Promise((done) => {
    const request = get(url, { agent: false, timeout: PROBE_TIMEOUT_MS }, (response) => {
      response.resume();
      done(response.statusCode ?? null);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => done(null));
  });
}

/** Polls until `check` says true. Throws Trouble with `what` after `timeoutMs`. */
export async function waitUntil(
  what: string,
  check: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Trouble(`${what}: not within ${timeoutMs / 1000} s`);
    await sleep(POLL_MS);
  }
}

/**
 * Waits until a child answers a GET of `url` with a status that `accept` takes (200 unless told). Throws Trouble with
 * the last lines of its log when it ends first, or when it takes longer than `timeoutMs`.
 */
export async function waitForAnswer(
  child: Child,
  url: string,
  timeoutMs: number,
  accept: (status: number) => boolean = (status) => status === 200,
): Promise<void> {
  let last: number | null = null;
  const check = async (): Promise<boolean> => {
    last = await probe(url);
    return last !== null && accept(last);
  };
  await waitForChild(child, check, timeoutMs, () => `${url}: ${last === null ? "no answer" : `status ${last}`}`);
}

/**
 * Waits until Envoy's counter `name` has come to `least`, by its admin address; the counter may not be there yet.
 * Throws as waitForAnswer does.
 */
export async function waitForCounter(
  envoy: Child,
  adminUrl: string,
  name: string,
  least: number,
  timeoutMs: number,
): Promise<void> {
  let value = 0;
  const check = async (): Promise<boolean> => {
    const answer = await fetch(`${adminUrl}/stats?format=json&filter=^${name.replaceAll(".", "[.]")}$`);
    const { stats } = (await answer.json()) as { stats: { value?: number }[] };
    value = stats[0]?.value ?? 0;
    return value >= least;
  };
  await waitForChild(envoy, check, timeoutMs, () => `${name} is ${value}, not yet ${least}`);
}

// Polls until a check says true; a check that fails says false. `seen` tells what the last one has seen.
async function waitForChild(
  child: Child,
  check: () => Promise<boolean>,
  timeoutMs: number,
  seen: () => string,
): Promise<void> {
  const checkAlive = async (): Promise<boolean> => {
    if (child.hasExited()) throw failure(child, `${child.name} ended with ${describeExit(await child.exited)}`);
    return check().catch(() => false);
  };
  try {
    await waitUntil(child.name, checkAlive, timeoutMs);
  } catch (error) {
    if (!(error instanceof Trouble) || error.cause === child) throw error;
    throw failure(child, `${child.name} is not ready after ${timeoutMs / 1000} s (${seen()})`);
  }
}

/** Trouble with a child: what happened, and the last lines of its log. */
export function failure(child: Child, message: string): Trouble {
  const tail = child.tail();
  const shown = tail === "" ? `Its log is empty: ${child.logFile}` : `The end of ${child.logFile}:\n\n${tail}`;
  return new Trouble(`${message}. ${shown}`, { cause: child });
}
