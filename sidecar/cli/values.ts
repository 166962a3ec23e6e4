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

/** Whether it is a name as Kubernetes takes them: lower case letters, digits and "-", in parts with "." between. */
function kubernetesName(text: string, maxLength: number, parts: boolean): boolean {
  const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
  const pattern = parts ? `^${label}(\\.${label})*$` : `^${label}$`;
  return text.length <= maxLength && new RegExp(pattern).test(text);
}

/** The name of a namespace. */
export function namespaceName(text: string): string {
  if (kubernetesName(text, 63, false)) return text;
  throw new InvalidArgumentError("Expected the name of a namespace, such as default.");
}

/** The name of an object, such as a pool. */
export function objectName(text: string): string {
  if (kubernetesName(text, 253, true)) return text;
  throw new InvalidArgumentError("Expected a name without its namespace: lower case letters, digits, '-' and '.'.");
}

/** What is between commas, each once. */
function items(text: string): string[] {
  return [...new Set(text.split(",").map((item) => item.trim()))];
}

/** Namespaces between commas, each once. */
export function namespaceNames(text: string): readonly string[] {
  const names = items(text);
  if (names.every((name) => kubernetesName(name, 63, false))) return names;
  throw new InvalidArgumentError("Expected names of namespaces, such as team-a,team-b.");
}

/** At most so many ports between commas, each once. */
export function ports(max: number): (text: string) => readonly number[] {
  return (text) => {
    const numbers = [...new Set(items(text).map((item) => (/^\d+$/.test(item) ? Number(item) : 0)))];
    if (numbers.length <= max && numbers.every((number) => number >= 1 && number <= MAX_PORT)) return numbers;
    throw new InvalidArgumentError(`Expected 1 to ${max} ports from 1 to ${MAX_PORT}, such as 8000,8001.`);
  };
}

/** An http or https URL. */
export function httpUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw new InvalidArgumentError("Expected a URL such as http://127.0.0.1:9090.");
}
