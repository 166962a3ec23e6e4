// Headers that tell clients what they have left, by the names that OpenAI's clients know:
// https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers

import * as host from "../abi/host.ts";
import { MAP_RESPONSE_HEADERS } from "../abi/values.ts";
import { Allowance } from "../limits/allowance.ts";
import { Line } from "../text/line.ts";
import { Text, text } from "../text/text.ts";
import { Request } from "./request.ts";

const LIMIT_REQUESTS = text("x-ratelimit-limit-requests");
const REMAINING_REQUESTS = text("x-ratelimit-remaining-requests");
const RESET_REQUESTS = text("x-ratelimit-reset-requests");
const LIMIT_TOKENS = text("x-ratelimit-limit-tokens");
const REMAINING_TOKENS = text("x-ratelimit-remaining-tokens");
const RESET_TOKENS = text("x-ratelimit-reset-tokens");

const SECOND: u64 = 1_000_000;
const value = new Line();

/** Puts them on the answer, whoever has given it. */
export function tellLimits(request: Request): void {
  if (request.allowance == 0) return;
  const allowance = changetype<Allowance>(request.allowance);
  if (allowance.requests != 0) {
    tellNumber(LIMIT_REQUESTS, allowance.requests);
    tellNumber(REMAINING_REQUESTS, allowance.requestsLeft);
    tellSpan(RESET_REQUESTS, allowance.requestsReset);
  }
  if (allowance.tokens == 0) return;
  tellNumber(LIMIT_TOKENS, allowance.tokens);
  tellNumber(REMAINING_TOKENS, allowance.tokensLeft);
  tellSpan(RESET_TOKENS, allowance.tokensReset);
}

function tellNumber(name: Text, number: f64): void {
  value.clear().number(u64(number));
  host.setHeader(MAP_RESPONSE_HEADERS, name, value.at, value.length);
}

function tellSpan(name: Text, microseconds: f64): void {
  addSpan(value.clear(), microseconds);
  host.setHeader(MAP_RESPONSE_HEADERS, name, value.at, value.length);
}

/** Appends a time as OpenAI writes it, `350ms`, `8s`, `6m0s`, `1h0m5s`, rounded up. */
export function addSpan(line: Line, microseconds: f64): Line {
  const whole = u64(Math.ceil(microseconds));
  if (whole <= SECOND - 1000) return line.number((whole + 999) / 1000).add("ms");
  const seconds = (whole + SECOND - 1) / SECOND;
  if (seconds >= 3600) line.number(seconds / 3600).add("h");
  if (seconds >= 60) line.number((seconds / 60) % 60).add("m");
  return line.number(seconds % 60).add("s");
}
