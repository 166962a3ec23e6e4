// What the reader should find, told a second time and simply: JSON.parse decides what is JSON, a tree is built, and
// the bytes of each chain are gathered whole before they are hashed.

import { xxh64 } from "../../wire/xxh64.ts";
import type { Findings } from "./module.ts";

type Node =
  | { kind: "string" | "number" | "literal"; raw: string }
  | { kind: "array"; items: Node[] }
  | { kind: "object"; entries: [string, Node][] };

const MASK = 0xffff_ffff_ffff_ffffn;
const U32_MAX = 0xffff_ffffn;
const NESTED_MEDIA = new Set(["image_url", "input_audio", "video_url", "file"]);
const DIRECT_MEDIA = new Set(["data", "file_data", "image_url"]);
/** Which fields bear a prompt, and whether a lone string is one. */
const PROMPTS: Readonly<Record<string, { chain: "head" | "main"; text: boolean; tokens: boolean }>> = {
  tools: { chain: "head", text: false, tokens: false },
  system: { chain: "head", text: true, tokens: false },
  instructions: { chain: "head", text: true, tokens: false },
  messages: { chain: "main", text: false, tokens: false },
  text: { chain: "main", text: true, tokens: false },
  prompt: { chain: "main", text: true, tokens: true },
  input: { chain: "main", text: true, tokens: true },
};

/** What is found in a body of which nothing is known. */
export const NOTHING: Omit<Findings, "status"> = {
  model: "",
  modelHash: 0n,
  saltHash: 0n,
  userHash: 0n,
  stream: false,
  includeUsage: false,
  maxTokens: 0,
  promptBytes: 0,
  images: 0,
  blocks: [],
};

/** What the reader should find in a body. */
export function findingsOf(bytes: Uint8Array, blockBytes: number, maxBlocks: number): Findings {
  if (bytes.length === 0) return { status: "empty", ...NOTHING };
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { status: /^[ \t\r\n]*\{/.test(text) ? "broken" : "not json", ...NOTHING };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { status: "not json", ...NOTHING };
  const raw = Buffer.from(bytes).toString("latin1");
  if (depthOf(raw) > 512) return { status: "broken", ...NOTHING };
  return { status: "json", ...found(value as Record<string, unknown>, treeOf(raw), blockBytes, maxBlocks) };
}

function found(
  fields: Record<string, unknown>,
  tree: Node,
  blockBytes: number,
  maxBlocks: number,
): Omit<Findings, "status"> {
  const entries = tree.kind === "object" ? tree.entries : [];
  const feeds = { head: new Feed(), main: new Feed() };
  const maxima: Record<string, bigint> = {};
  for (const [key, node] of entries) {
    const prompt = Object.hasOwn(PROMPTS, key) ? PROMPTS[key] : undefined;
    const fits = node.kind === "array" || (node.kind === "string" && prompt?.text);
    if (prompt && fits) feeds[prompt.chain].add(node, prompt.tokens, false);
    maxima[key] = node.kind === "number" ? integerOf(node.raw) : 0n;
  }
  const textHash = (value: unknown) => (typeof value === "string" ? xxh64(value) : 0n);
  const modelHash = textHash(fields.model);
  const saltHash = textHash(fields.cache_salt);
  const head = chainOf(feeds.head.bytes(), blockBytes);
  const main = chainOf(feeds.main.bytes(), blockBytes);
  const seed = mix(modelHash, saltHash);
  const blocks = [
    ...head.hashes.map((hash) => mix(hash, seed)),
    ...main.hashes.map((hash) => mix(hash, seed ^ head.end)),
  ];
  const options = fields.stream_options as Record<string, unknown> | null | undefined;
  return {
    model: typeof fields.model === "string" ? shortened(fields.model) : "",
    modelHash,
    saltHash,
    userHash: textHash(fields.user),
    stream: fields.stream === true,
    includeUsage: !Array.isArray(options) && options?.include_usage === true,
    maxTokens: Number(maxima.max_completion_tokens || maxima.max_tokens || maxima.max_output_tokens || 0n),
    promptBytes: feeds.head.promptBytes + feeds.main.promptBytes,
    images: feeds.head.images + feeds.main.images,
    blocks: blocks.slice(0, maxBlocks),
  };
}

/** What goes into one chain. */
class Feed {
  promptBytes = 0;
  images = 0;
  readonly #parts: Uint8Array[] = [];

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts);
  }

  /** @param tokens whether a number here is a token id; @param inMedia whether `url` here is media. */
  add(node: Node, tokens: boolean, inMedia: boolean, key?: string): void {
    switch (node.kind) {
      case "string": {
        const text = Buffer.from(node.raw, "latin1");
        const isMedia = key !== undefined && (DIRECT_MEDIA.has(key) || (inMedia && key === "url"));
        if (isMedia) this.images++;
        this.#push(isMedia ? u64(xxh64(text)) : text, true);
        break;
      }
      case "number":
        if (tokens) this.#push(u32(integerOf(node.raw)), false);
        else this.#push(Buffer.from(node.raw, "latin1"), true);
        break;
      case "literal":
        this.#push(Uint8Array.of(["true", "false", "null"].indexOf(node.raw) + 1), false);
        break;
      case "array":
        for (const item of node.items) this.add(item, tokens, false);
        break;
      case "object": {
        const media = key !== undefined && NESTED_MEDIA.has(key);
        for (const [name, item] of node.entries) this.add(item, false, media, name);
      }
    }
  }

  #push(bytes: Uint8Array, ended: boolean): void {
    this.promptBytes += bytes.length;
    this.#parts.push(bytes);
    if (ended) this.#parts.push(Uint8Array.of(0));
  }
}

function chainOf(bytes: Uint8Array, blockBytes: number): { hashes: bigint[]; end: bigint } {
  const hashes: bigint[] = [];
  let at = 0;
  for (; at + blockBytes <= bytes.length; at += blockBytes) {
    hashes.push(xxh64(bytes.subarray(at, at + blockBytes), hashes.at(-1) ?? 0n));
  }
  return { hashes, end: bytes.length === 0 ? 0n : xxh64(bytes.subarray(at), hashes.at(-1) ?? 0n) };
}

/** Finalizer of MurmurHash3 over the first and the turned, multiplied second. */
function mix(a: bigint, b: bigint): bigint {
  let h = (a + (((b << 32n) & MASK) | (b >> 32n)) * 0x9e3779b97f4a7c15n) & MASK;
  h = ((h ^ (h >> 33n)) * 0xff51afd7ed558ccdn) & MASK;
  h = ((h ^ (h >> 33n)) * 0xc4ceb9fe1a85ec53n) & MASK;
  return h ^ (h >> 33n);
}

/** The integer part of a JSON number of any length, 0 where negative, at most 2^32 - 1. */
function integerOf(raw: string): bigint {
  const [, minus, whole = "", fraction = "", power = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(raw)!;
  const digits = whole + fraction;
  if (minus === "-" || /^0+$/.test(digits)) return 0n;
  // Where the point stands in the digits; no number of the tests has a power that a double cannot tell.
  const point = whole.length + Number(power);
  if (point > digits.length + 20) return U32_MAX;
  const integer = BigInt(digits.slice(0, Math.max(0, point)).padEnd(Math.max(1, point), "0"));
  return integer > U32_MAX ? U32_MAX : integer;
}

/** As much of a model's name as the reader keeps: the first 256 bytes without a cut character. */
export function shortened(text: string): string {
  const bytes = new TextEncoder().encode(text).subarray(0, 256);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes, { stream: true });
}

function depthOf(raw: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of raw.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === "{" || token === "[") deepest = Math.max(deepest, ++depth);
    if (token === "}" || token === "]") depth--;
  }
  return deepest;
}

/** The tree of well-formed JSON, with strings and numbers as they stand. */
function treeOf(raw: string): Node {
  const tokens = Array.from(raw.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s[\]{}:,"]+/g), ([token]) => token);
  let next = 0;
  const value = (): Node => {
    const token = tokens[next++]!;
    if (token === "[") {
      const items: Node[] = [];
      while (tokens[next] !== "]") {
        items.push(value());
        if (tokens[next] === ",") next++;
      }
      next++;
      return { kind: "array", items };
    }
    if (token === "{") {
      const entries: [string, Node][] = [];
      while (tokens[next] !== "}") {
        const key: string = JSON.parse(Buffer.from(tokens[next]!, "latin1").toString("utf8"));
        next += 2;
        entries.push([key, value()]);
        if (tokens[next] === ",") next++;
      }
      next++;
      return { kind: "object", entries };
    }
    if (token.startsWith('"')) return { kind: "string", raw: token.slice(1, -1) };
    return { kind: /^[tfn]/.test(token) ? "literal" : "number", raw: token };
  };
  return value();
}

function u64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

function u32(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(Number(value));
  return bytes;
}
