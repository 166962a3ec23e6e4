import type { IncomingMessage, ServerResponse } from "node:http";

/** Longest request body, bytes. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: "BadRequestError",
  404: "NotFoundError",
  405: "MethodNotAllowedError",
  413: "RequestEntityTooLargeError",
  429: "RateLimitError",
  500: "InternalServerError",
  503: "ServiceUnavailableError",
};

const ANTHROPIC_ERROR_TYPES: Readonly<Record<number, string>> = {
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  529: "overloaded_error",
};

/** A request that is answered with an error; the message goes to the client. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Answers with a value as JSON. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
}

/** Answers with an error in the shape that OpenAI defines and vLLM uses; under /v1/messages in Anthropic's. */
export function sendError(response: ServerResponse, status: number, message: string): void {
  if (response.req.url?.startsWith("/v1/messages")) {
    const type = ANTHROPIC_ERROR_TYPES[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
    sendJson(response, status, { type: "error", error: { type, message } });
    return;
  }
  const type = ERROR_TYPES[status] ?? (status < 500 ? "BadRequestError" : "InternalServerError");
  sendJson(response, status, { error: { message, type, param: null, code: status } });
}

/**
 * Reads a request's whole body. Rejects with an ApiError 413 past 64 MiB, and with another error when the client
 * goes away first.
 */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= MAX_BODY_BYTES) chunks.push(chunk);
      else reject(new ApiError(413, `the body is longer than ${MAX_BODY_BYTES} bytes`));
    });
    request.on("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)));
    request.on("error", reject);
  });
}

/** Reads a body as JSON. Throws an ApiError 400 that says where it is broken. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw new ApiError(400, `the body is not JSON: ${(error as Error).message}`);
  }
}

/** What a value is, for messages about one of the wrong kind: short values as JSON, long ones cut off. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

/** Whether a value is an object as JSON has them: not null, not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
