import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../../simulator/clock.ts";
import type { SimulatorOptions } from "../../simulator/options.ts";
import { startSimulator } from "../../simulator/server.ts";

/** No latencies at all. */
export const INSTANT = { prefillBaseMs: 0, prefillPerTokenMs: 0, decodePerTokenMs: 0 };

/** As much of the simulator's answers as the tests look at. */
export type Answer = {
  id: string;
  object: string;
  created: number;
  model: string;
  choices: {
    index: number;
    message?: { role: string; content: string };
    delta?: { role?: string; content?: string };
    text?: string;
    finish_reason: string | null;
  }[];
  usage?: {
    prompt_tokens: number;
    completion_tokens: number;
    total_tokens: number;
    prompt_tokens_details: { cached_tokens: number };
  } | null;
};

export type ErrorAnswer = { error: { message: string; type: string; param: null; code: number } };

export type State = {
  overrides: Record<string, unknown>;
  live: Record<"running" | "waiting" | "kvCacheUsage" | "cachedBlocks" | "requestsServed" | "connections", number>;
};

export type Client = {
  url: string;
  port: number;
  get(path: string): Promise<Response>;
  /** Posts JSON; a string goes as it is. */
  post(path: string, body: unknown, signal?: AbortSignal): Promise<Response>;
  /** A chat completion, which must succeed; `extra` fields go into the body. */
  chat(text: string, extra?: Record<string, unknown>): Promise<Answer>;
  /** POST /admin/state, which must succeed. */
  admin(change: Record<string, unknown>): Promise<State>;
  state(): Promise<State>;
};

/** The body of a chat completion call with one user message. */
export function chatBody(text: string, extra: Record<string, unknown> = {}): Record<string, unknown> {
  return { model: "base", messages: [{ role: "user", content: text }], ...extra };
}

/** Starts a simulator on a free port for one test, without latencies unless they are given. */
export async function start(
  context: TestContext,
  options: Partial<SimulatorOptions> = {},
  clock?: Clock,
): Promise<Client> {
  const simulator = await startSimulator({ ...INSTANT, port: 0, ...options }, clock);
  context.after(() => simulator.stop());
  const get = (path: string): Promise<Response> => fetch(simulator.url + path);
  const post = (path: string, body: unknown, signal: AbortSignal | null = null): Promise<Response> =>
    fetch(simulator.url + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
      signal,
    });
  const json = async <T>(call: Promise<Response>): Promise<T> => {
    const response = await call;
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return JSON.parse(text) as T;
  };
  return {
    url: simulator.url,
    port: simulator.port,
    get,
    post,
    chat: (text, extra) => json(post("/v1/chat/completions", chatBody(text, extra))),
    admin: (change) => json(post("/admin/state", change)),
    state: () => json(get("/admin/state")),
  };
}

/** Waits for something that will surely happen; fails after ten seconds, far more than it can take. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (await condition()) return;
    await sleep(10);
  }
  assert.fail("it did not happen in ten seconds");
}

/** The `data:` lines of an event stream. */
export function events(stream: string): string[] {
  assert.ok(stream.endsWith("\n\n"), "an event stream ends with an empty line");
  return stream
    .slice(0, -2)
    .split("\n\n")
    .map((event) => {
      assert.ok(event.startsWith("data: ") && !event.includes("\n"), event);
      return event.slice("data: ".length);
    });
}
