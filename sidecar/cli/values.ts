// Readers of flag values. What they throw becomes a message that names the flag or the variable and the value seen.

import { isIP } from "node:net";
import { InvalidArgumentError } from "commander";
import { DURATION_EXAMPLES, formatDuration, parseDuration } from "../support/duration.ts";

const MAX_PORT = 65_535;

/** A port; 0 asks for any free one. */
export function port(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= MAX_PORT) return value;
  throw new InvalidArgumentError(`Expected a port from 0 to ${MAX_PORT}.`);
}

/** An IP address. A name could stand for several, and listening on some of them would look like success. */
export function ipAddress(text: string): string {
  if (isIP(text) !== 0) return text;
  throw new InvalidArgumentError("Expected an IP address such as 127.0.0.1, 0.0.0.0 or ::.");
}

/** A path; that there is such a file shows when it is opened. */
export function fileName(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("Expected the name of a file.");
}

/** A reader of durations between two bounds, all in milliseconds. */
export function duration(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = parseDuration(text);
    if (value !== undefined && value >= min && value <= max) return value;
    const bounds = `${formatDuration(min)} to ${formatDuration(max)}`;
    throw new InvalidArgumentError(`Expected ${DURATION_EXAMPLES}, from ${bounds}.`);
  };
}

/** A reader of whole numbers between two bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}

/** A reader of decimal numbers, without exponents, between two bounds. */
export function decimal(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^(\d+\.?\d*|\.\d+)$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a number from ${min} to ${max}.`);
  };
}
