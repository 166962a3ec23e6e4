// The sidecar's explanations; a text where one cannot be had.

import type { WhyAnswer } from "../why.ts";

async function ask(query: Readonly<Record<string, string>>): Promise<WhyAnswer | string> {
  try {
    const answer = await fetch(`/why.json?${new URLSearchParams(query)}`);
    return answer.ok ? ((await answer.json()) as WhyAnswer) : (await answer.text()).trim();
  } catch (error) {
    return (error as Error).message;
  }
}

/** Asks where a new prompt would go now. */
export function askNewPrompt(pool: string): Promise<WhyAnswer | string> {
  return ask({ pool });
}

/** Asks why a request went where it went. */
export function askRequest(pool: string, id: number): Promise<WhyAnswer | string> {
  return ask({ pool, request: String(id) });
}
