// What the filter answers in place of a model server.

import type { LocalResponse } from "../../sidecar/wasm-host/stream.ts";

const OPENAI_KINDS: Readonly<Record<number, readonly [string, string | null]>> = {
  400: ["invalid_request_error", null],
  404: ["invalid_request_error", "model_not_found"],
  429: ["rate_limit_error", "rate_limit_exceeded"],
  503: ["server_error", "service_unavailable"],
};

/** The answer to a client of OpenAI's API. */
export function refused(status: number, details: string, message: string, reason?: string): LocalResponse {
  const [type, code] = OPENAI_KINDS[status] ?? ["server_error", null];
  return {
    status,
    details,
    body: JSON.stringify({ error: { message, type, param: null, code } }),
    headers: {
      "content-type": "application/json",
      ...(reason === undefined ? {} : { "x-llm-d-request-dropped-reason": reason }),
    },
  };
}

/** The message of such an answer; empty where there is none. */
export function messageOf(answer: LocalResponse | undefined): string {
  return answer === undefined ? "" : JSON.parse(answer.body).error.message;
}
