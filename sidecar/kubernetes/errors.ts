// What goes wrong between the sidecar and an API server.

import { STATUS_CODES } from "node:http";
import type { ErrorReason } from "./observer.ts";

/** Milliseconds beyond which an API server's wish for patience is not heeded. */
const MAX_RETRY_AFTER = 60_000;

/** No answer, no whole answer, or none that can be understood. */
export class ConnectionError extends Error {
  readonly reason: ErrorReason;

  constructor(reason: ErrorReason, message: string) {
    super(message);
    this.name = "ConnectionError";
    this.reason = reason;
  }
}

/** The fields of a Status object that are of use here. */
interface Status {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly details?: { readonly retryAfterSeconds?: unknown } | null;
}

/** An answer that says no. */
export class ApiError extends Error {
  readonly status: number;
  /** Milliseconds after which the API server wants to be asked again, at most a minute; undefined: it did not say. */
  readonly retryAfter: number | undefined;

  /** @param retryAfter seconds, at most a minute of which count. */
  constructor(status: number, message: string, retryAfter?: number) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.retryAfter = retryAfter === undefined ? undefined : Math.min(retryAfter * 1000, MAX_RETRY_AFTER);
  }

  get reason(): ErrorReason {
    if (this.status >= 500) return "server_error";
    const reasons: Record<number, ErrorReason> = {
      401: "unauthorized",
      403: "forbidden",
      404: "not_found",
      410: "gone",
      429: "throttled",
    };
    return reasons[this.status] ?? "refused";
  }
}

function seconds(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && number >= 0 ? number : undefined;
}

function objectOf(text: string): Status {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** An answer other than 2xx as an error, in the words of the Status object that it carries. */
export function errorOfAnswer(status: number, body: Buffer, retryAfter: string | undefined): ApiError {
  const { message, details } = objectOf(body.toString());
  const words = typeof message === "string" && message !== "" ? message : (STATUS_CODES[status] ?? "");
  return new ApiError(status, words, seconds(retryAfter) ?? seconds(details?.retryAfterSeconds));
}

/** The Status object of an ERROR event as an error. */
export function errorOfEvent(object: unknown): ApiError {
  const { code, message, details } = (typeof object === "object" && object !== null ? object : {}) as Status;
  const words = typeof message === "string" ? message : "the watch reported an error";
  return new ApiError(typeof code === "number" ? code : 500, words, seconds(details?.retryAfterSeconds));
}
