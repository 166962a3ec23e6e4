import process from "node:process";

const LAUNCHER_CHECK_MS = 500;

/**
 * Calls `stop` once when this process is told to end: by Ctrl-C, by SIGTERM or SIGHUP, or because the npm that
 * launched it is gone (see bootstrap.mjs). Then exits: 0, for ending on request is no failure.
 */
export function onStop(stop: () => Promise<void>): void {
  let stopping = false;
  // Under npm a Ctrl-C arrives twice, from the terminal and from npm.
  const begin = (): void => {
    if (stopping) return;
    stopping = true;
    stop().then(() => process.exit(0));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, begin);
  const { INLINE_EPP_LAUNCHER } = process.env;
  if (INLINE_EPP_LAUNCHER === undefined) return;
  setInterval(() => {
    if (process.ppid !== Number(INLINE_EPP_LAUNCHER)) begin();
  }, LAUNCHER_CHECK_MS).unref();
}
