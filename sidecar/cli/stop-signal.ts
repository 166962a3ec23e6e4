const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Aborts with the name of the first SIGTERM or SIGINT from now on. To be called before anything starts: a signal that
 * comes while starting then ends the start. A second one ends the process at once, with the status that a shell gives
 * to a process that a signal ended.
 */
export function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const [name, number] of Object.entries(SIGNALS)) {
    process.on(name, () => {
      if (stopping.signal.aborted) process.exit(128 + number);
      stopping.abort(name);
    });
  }
  return stopping.signal;
}
