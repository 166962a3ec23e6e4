import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";

/** Prompt tokens that one id of `hash_ids` stands for; the last id of a prompt may stand for fewer. */
export const TOKENS_PER_ID = 512;

/** Problems told of one trace; who has more made the same mistake on every line. */
const MOST_PROBLEMS = 10;

/** One line of a trace. */
export interface TraceRequest {
  /** Milliseconds from an arbitrary zero. */
  readonly timestamp: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** One per TOKENS_PER_ID prompt tokens. Prompts that begin with the same ids begin with the same text. */
  readonly hashIds: readonly number[];
}

/** A trace that cannot be used; the message names the file, and each line and field that is wrong. */
export class TraceRefused extends Error {}

function shown(value: unknown): string {
  if (value === undefined) return "missing";
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function isId(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The request on a line, or what is wrong with it. */
function readLine(line: string, before: number): TraceRequest | string {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return "is not JSON";
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) return "is not a JSON object";
  const { timestamp, input_length, output_length, hash_ids } = fields as Record<string, unknown>;
  if (typeof timestamp !== "number" || timestamp < 0) {
    return `timestamp is ${shown(timestamp)}, must be a number of milliseconds from 0 up`;
  }
  if (timestamp < before) return `timestamp is ${timestamp}, before the line above, ${before}; sort the trace by time`;
  for (const [name, value] of Object.entries({ input_length, output_length })) {
    if (!isCount(value)) return `${name} is ${shown(value)}, must be a whole number of tokens from 1 up`;
  }
  if (!Array.isArray(hash_ids)) return `hash_ids is ${shown(hash_ids)}, must be a list of block ids`;
  const wrong = hash_ids.findIndex((id) => !isId(id));
  if (wrong >= 0) return `hash_ids[${wrong}] is ${shown(hash_ids[wrong])}, must be a whole number from 0 up`;
  const needed = Math.ceil((input_length as number) / TOKENS_PER_ID);
  if (hash_ids.length !== needed) {
    const rule = `one id per ${TOKENS_PER_ID} of ${input_length} tokens`;
    return `hash_ids has length ${hash_ids.length}, must be ${needed}: ${rule}`;
  }
  return {
    timestamp,
    promptTokens: input_length as number,
    outputTokens: output_length as number,
    hashIds: hash_ids as number[],
  };
}

/**
 * Reads a trace: JSON lines with `timestamp` (ms, in order), `input_length` and `output_length` (tokens) and `hash_ids`
 * (ids of consecutive blocks of TOKENS_PER_ID prompt tokens). Empty lines are passed over, other fields ignored.
 * @param origin what errors call the text.
 * @param most requests to take; what follows them is not looked at.
 * @throws TraceRefused for a line that is wrong, and for a trace without a request.
 */
export function readTrace(text: string, origin: string, most = Number.POSITIVE_INFINITY): TraceRequest[] {
  const requests: TraceRequest[] = [];
  const problems: string[] = [];
  let before = 0;
  let number = 0;
  for (const line of text.split("\n")) {
    number++;
    if (requests.length >= most || problems.length >= MOST_PROBLEMS) break;
    if (line.trim() === "") continue;
    const read = readLine(line, before);
    if (typeof read === "string") {
      problems.push(`  line ${number}: ${read}`);
    } else {
      before = read.timestamp;
      requests.push(read);
    }
  }
  if (problems.length > 0) throw new TraceRefused([`${origin} is refused:`, ...problems].join("\n"));
  if (requests.length === 0) throw new TraceRefused(`${origin} is refused: it has no requests`);
  return requests;
}

/** The text of a trace file, packed with gzip or not; by its content, since names are often changed. */
function unpacked(bytes: Uint8Array, path: string): string {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  try {
    return new TextDecoder().decode(isGzip ? gunzipSync(bytes) : bytes);
  } catch (error) {
    throw new TraceRefused(`${path} is refused: ${(error as Error).message}`);
  }
}

/**
 * Reads a trace file, as readTrace reads its text.
 * @throws TraceRefused, also where the file cannot be read.
 */
export async function openTrace(path: string, most?: number): Promise<TraceRequest[]> {
  const bytes = await readFile(path).catch((error: Error) => {
    throw new TraceRefused(`cannot read ${path}: ${error.message}`);
  });
  return readTrace(unpacked(bytes, path), path, most);
}

/** The same requests with prompts of at most `most` tokens: longer ones lose their end. */
export function cutPrompts(requests: readonly TraceRequest[], most: number): TraceRequest[] {
  return requests.map((request) =>
    request.promptTokens <= most
      ? request
      : { ...request, promptTokens: most, hashIds: request.hashIds.slice(0, Math.ceil(most / TOKENS_PER_ID)) },
  );
}
