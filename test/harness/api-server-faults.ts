// What an API server for tests does to requests that it should answer.

import type { ServerResponse } from "node:http";

/** Which requests. Fields left out mean all. */
export interface RequestMatch {
  readonly verb?: "list" | "watch" | "get" | "post";
  /** As in paths, for instance `pods`. */
  readonly plural?: string;
  readonly namespace?: string;
}

/** What happens to a request. */
export type Fault =
  /** This status with a Status object; `retryAfter` in seconds. */
  | { readonly kind: "status"; readonly status: number; readonly message?: string; readonly retryAfter?: number }
  /** These bytes as an answer 200. */
  | { readonly kind: "body"; readonly body: string }
  /** The connection breaks without an answer. */
  | { readonly kind: "drop" }
  /** The connection stays, and nothing comes. */
  | { readonly kind: "hang" }
  /** An answer 200 that ends before it has begun. */
  | { readonly kind: "end" }
  /** Half of an answer that claims to be longer, and a broken connection. */
  | { readonly kind: "cut" }
  /** The right answer, so many milliseconds later. */
  | { readonly kind: "slow"; readonly milliseconds: number };

interface Planned {
  readonly match: RequestMatch;
  readonly fault: Fault;
  left: number;
}

/** Faults that wait for requests. */
export class ApiServerFaults {
  #planned: Planned[] = [];

  /** Does this to the next requests that match, to all of them unless a number is given; returns the call that ends it. */
  plan(match: RequestMatch, fault: Fault, times = Number.POSITIVE_INFINITY): () => void {
    const planned = { match, fault, left: times };
    this.#planned.push(planned);
    return () => {
      this.#planned = this.#planned.filter((other) => other !== planned);
    };
  }

  /** All is well again. */
  clear(): void {
    this.#planned = [];
  }

  /** The fault that is due for a request; it counts as done. */
  take(request: Required<RequestMatch>): Fault | undefined {
    const due = this.#planned.find(({ match, left }) => {
      if (left <= 0) return false;
      return (Object.keys(match) as (keyof RequestMatch)[]).every((field) => match[field] === request[field]);
    });
    if (due === undefined) return undefined;
    due.left--;
    return due.fault;
  }
}

/** Answers with a Status object. */
export function sendStatus(response: ServerResponse, code: number, message: string, retryAfter?: number): void {
  if (retryAfter !== undefined) response.setHeader("retry-after", String(retryAfter));
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, code }));
}

/** Does what a fault other than `slow` says. */
export function misbehave(response: ServerResponse, fault: Exclude<Fault, { kind: "slow" }>): void {
  switch (fault.kind) {
    case "status":
      sendStatus(response, fault.status, fault.message ?? `planned ${fault.status}`, fault.retryAfter);
      return;
    case "body":
      response.writeHead(200, { "content-type": "application/json" });
      response.end(fault.body);
      return;
    case "end":
      response.writeHead(200, { "content-type": "application/json" });
      response.end();
      return;
    case "cut":
      response.writeHead(200, { "content-type": "application/json", "content-length": 1000 });
      response.write('{"kind":"List","metadata":{', () => response.socket?.destroy());
      return;
    case "drop":
      response.socket?.destroy();
      return;
    case "hang":
  }
}
