// Requests as clients send them, and who answered.

import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../../scripts/stack/ready.ts";

/** An answer through Envoy. */
export interface Answer {
  readonly status: number;
  /** Name of the simulator that served; "" where none did. */
  readonly pod: string;
  readonly text: string;
}

export interface ChatOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** The user's message. */
  readonly prompt?: string;
  readonly maxTokens?: number;
}

/** The body of a chat completion. */
export function chatBody({ prompt = "Hello", maxTokens = 4 }: ChatOptions = {}): string {
  return JSON.stringify({ model: "base", messages: [{ role: "user", content: prompt }], max_tokens: maxTokens });
}

/** Posts a chat completion. */
export async function chat(url: string, options: ChatOptions = {}): Promise<Answer> {
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...options.headers },
    body: chatBody(options),
  });
  return { status: answer.status, pod: answer.headers.get("x-inference-pod") ?? "", text: await answer.text() };
}

/** So many chat completions, one after the other. */
export async function chats(url: string, count: number, options: ChatOptions = {}): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let i = 0; i < count; i++) answers.push(await chat(url, options));
  return answers;
}

/** How many of the answers each simulator gave. */
export function byPod(answers: Iterable<Answer>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { pod } of answers) counts.set(pod, (counts.get(pod) ?? 0) + 1);
  return counts;
}

/** Posts a body in pieces with pauses between them, chunked unless a length is given. */
export function postPieces(
  url: string,
  pieces: readonly (string | Uint8Array)[],
  pauseMs: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `${url}/v1/chat/completions`,
      { method: "POST", headers: { "content-type": "application/json", ...headers } },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (piece) => {
          text += piece;
        });
        answer.on("end", () => {
          resolve({ status: answer.statusCode ?? 0, pod: `${answer.headers["x-inference-pod"] ?? ""}`, text });
        });
        answer.on("error", reject);
      },
    );
    request.on("error", reject);
    void (async () => {
      for (const piece of pieces) {
        request.write(piece);
        await sleep(pauseMs);
      }
      request.end();
    })();
  });
}

/** Posts a chat completion with these header lines as they stand; returns the whole answer, head and body. */
export function postLines(url: string, headers: readonly string[], host = "test"): Promise<string> {
  const body = chatBody();
  const { port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), "127.0.0.1");
    let answer = "";
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
    socket.on("close", () => resolve(answer));
    const head = ["POST /v1/chat/completions HTTP/1.1", `host: ${host}`, "connection: close", ...headers];
    socket.write(`${[...head, `content-length: ${body.length}`].join("\r\n")}\r\n\r\n${body}`);
  });
}

/** The simulator that gave an answer of postLines; "" where none did. */
export function podOf(answer: string): string {
  return /^x-inference-pod: (\S+)/im.exec(answer)?.[1] ?? "";
}

const PATIENCE_MS = 30_000;
/** Of three servers that are picked alike, so many requests in a row miss one once in 200,000 times. */
const IN_A_ROW = 30;

async function served(url: string, expected: (pod: string) => boolean): Promise<boolean> {
  // Each by a connection of its own, and so by any of the workers.
  for (let asked = 0; asked < IN_A_ROW; asked++) {
    const pod = podOf(await postLines(url, []));
    if (pod === "" || !expected(pod)) return false;
  }
  return true;
}

/** Waits until a gateway sends nothing more to this simulator: it knows how busy that is. */
export function untilAvoided(url: string, pod: string): Promise<void> {
  return waitUntil(`picks avoid ${pod}`, () => served(url, (each) => each !== pod), PATIENCE_MS);
}

/** Waits until a gateway sends everything to this simulator. */
export function untilAllGoTo(url: string, pod: string): Promise<void> {
  return waitUntil(`all picks are ${pod}`, () => served(url, (each) => each === pod), PATIENCE_MS);
}

/** Waits until a gateway sends something to this simulator. */
export function untilUsed(url: string, pod: string): Promise<void> {
  return waitUntil(`a pick is ${pod}`, async () => podOf(await postLines(url, [])) === pod, PATIENCE_MS);
}

/** Requests that are sent again and again. */
export interface Load {
  /** Waits until so many more have been answered than now. */
  answered(count: number): Promise<void>;
  /** Sends no more, and tells what became of all. */
  stop(): Promise<{ answers: Answer[]; failures: string[] }>;
}

/** Keeps `clients` loops of requests going until stopped; a request that fails in any way is kept as a failure. */
export function keepAsking(url: string, clients: number): Load {
  let going = true;
  const answers: Answer[] = [];
  const failures: string[] = [];
  const loops = Array.from({ length: clients }, async () => {
    while (going) {
      try {
        const answer = await chat(url);
        answers.push(answer);
        if (answer.status !== 200) failures.push(`${answer.status} ${answer.text}`);
      } catch (error) {
        failures.push(String(error));
      }
    }
  });
  return {
    answered(count) {
      const wanted = answers.length + count;
      return waitUntil(`${count} answers`, () => answers.length >= wanted, PATIENCE_MS);
    },
    async stop() {
      going = false;
      await Promise.all(loops);
      return { answers, failures };
    },
  };
}
