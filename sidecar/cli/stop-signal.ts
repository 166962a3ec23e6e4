const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * The first SIGTERM or SIGINT from now on. To be called before anything starts: a signal that comes while starting
 * then waits for its turn. A second one ends the process at once, with the status that a shell gives to a process that
 * a signal ended.
 */
export function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let stopping = false;
    for (const [name, number] of Object.entries(SIGNALS)) {
      process.on(name, () => {
        if (stopping) process.exit(128 + number);
        stopping = true;
        resolve(name);
      });
    }
  });
}
