// Readers of flag values. What they throw becomes a message that names the flag or the variable and the value seen.

import { isIP } from "node:net";
import { InvalidArgumentError } from "commander";
import { METRIC_FAMILIES, type MetricFamily } from "../observe/metric-family.ts";
import { DURATION_EXAMPLES, formatDuration, parseDuration } from "../support/duration.ts";

/** A reader of a flag's value that tells what it takes: in messages, in the reference of flags, to completions. */
export interface ValueReader<T> {
  (text: string): T;
  /** Continues "Expected": `a port from 0 to 65535`. */
  readonly takes: string;
  /** All that it takes, where that is a few texts. */
  readonly values: readonly string[];
}

/**
 * Makes a reader.
 * @param read undefined where the text cannot be used.
 */
export function reading<T>(
  takes: string,
  read: (text: string) => T | undefined,
  values: readonly string[] = [],
): ValueReader<T> {
  const reader = (text: string): T => {
    const value = read(text);
    if (value === undefined) throw new InvalidArgumentError(`Expected ${takes}.`);
    return value;
  };
  return Object.assign(reader, { takes, values });
}

/** A reader of a flag that may be given several times. */
export function each<T>(
  read: ValueReader<T>,
): ((text: string, before: readonly T[] | undefined) => T[]) & Pick<ValueReader<T>, "takes" | "values"> {
  const { takes, values } = read;
  return Object.assign((text: string, before: readonly T[] | undefined) => [...(before ?? []), read(text)], {
    takes,
    values,
  });
}

const MAX_PORT = 65_535;

/** A port; 0 asks for any free one. */
export const port = reading(`a port from 0 to ${MAX_PORT}`, (text) => {
  const value = Number(text);
  return /^\d+$/.test(text) && value <= MAX_PORT ? value : undefined;
});

/** An IP address. A name could stand for several, and listening on some of them would look like success. */
export const ipAddress = reading("an IP address such as 127.0.0.1, 0.0.0.0 or ::", (text) =>
  isIP(text) !== 0 ? text : undefined,
);

/** A path; that there is such a file shows when it is opened. */
export const fileName = reading("the name of a file", (text) => (text === "" ? undefined : text));

/** A path of a folder, likewise. */
export const folderName = reading("the name of a folder", (text) => (text === "" ? undefined : text));

/** A text that is not empty. */
export const someText = reading("a text that is not empty", (text) => (text === "" ? undefined : text));

/** A reader of durations between two bounds, all in milliseconds. */
export function duration(min: number, max: number): ValueReader<number> {
  return reading(`${DURATION_EXAMPLES}, from ${formatDuration(min)} to ${formatDuration(max)}`, (text) => {
    const value = parseDuration(text);
    return value !== undefined && value >= min && value <= max ? value : undefined;
  });
}

/** A reader of whole numbers between two bounds. */
export function wholeNumber(min: number, max: number): ValueReader<number> {
  return reading(`a whole number from ${min} to ${max}`, (text) => {
    const value = Number(text);
    return /^\d+$/.test(text) && value >= min && value <= max ? value : undefined;
  });
}

/** A reader of decimal numbers, without exponents, between two bounds. */
export function decimal(min: number, max: number): ValueReader<number> {
  return reading(`a number from ${min} to ${max}`, (text) => {
    const value = Number(text);
    return /^(\d+\.?\d*|\.\d+)$/.test(text) && value >= min && value <= max ? value : undefined;
  });
}

/** Whether it is a name as Kubernetes takes them: lower case letters, digits and "-", in parts with "." between. */
function kubernetesName(text: string, maxLength: number, parts: boolean): boolean {
  const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
  const pattern = parts ? `^${label}(\\.${label})*$` : `^${label}$`;
  return text.length <= maxLength && new RegExp(pattern).test(text);
}

/** The name of a namespace. */
export const namespaceName = reading("the name of a namespace, such as default", (text) =>
  kubernetesName(text, 63, false) ? text : undefined,
);

/** The name of an object, such as a pool. */
export const objectName = reading("a name without its namespace: lower case letters, digits, '-' and '.'", (text) =>
  kubernetesName(text, 253, true) ? text : undefined,
);

/** What is between commas, each once. */
function items(text: string): string[] {
  return [...new Set(text.split(",").map((item) => item.trim()))];
}

/** Namespaces between commas, each once. */
export const namespaceNames: ValueReader<readonly string[]> = reading(
  "names of namespaces, such as team-a,team-b",
  (text) => {
    const names = items(text);
    return names.every((name) => kubernetesName(name, 63, false)) ? names : undefined;
  },
);

/** Families of metrics between commas. */
export const metricFamilies: ValueReader<readonly MetricFamily[]> = reading(
  "gie, llm-d or gie,llm-d",
  (text) => {
    const names = items(text);
    const found = METRIC_FAMILIES.filter((family) => names.includes(family));
    return found.length === names.length ? found : undefined;
  },
  ["gie", "llm-d", "gie,llm-d"],
);

/** At most so many ports between commas, each once. */
export function ports(max: number): ValueReader<readonly number[]> {
  return reading(`1 to ${max} ports from 1 to ${MAX_PORT}, such as 8000,8001`, (text) => {
    const numbers = [...new Set(items(text).map((item) => (/^\d+$/.test(item) ? Number(item) : 0)))];
    const fit = numbers.length <= max && numbers.every((number) => number >= 1 && number <= MAX_PORT);
    return fit ? numbers : undefined;
  });
}

/** An http or https URL. */
export const httpUrl = reading("a URL such as http://127.0.0.1:9090", (text) => {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "http:" || url.protocol === "https:") ? url : undefined;
});
