import process from "node:process";

/** A failure that a person can mend: its message says what is wrong and what to do, and no stack is shown. */
export class Trouble extends Error {}

/** Runs a script's main function. Trouble ends it with the message and exit code 1; anything else is a bug. */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    console.error(`\n${error.message}`);
    process.exit(1);
  }
}
