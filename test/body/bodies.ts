// Bodies made up by a seeded generator: mostly what clients send, in every notation that JSON has for it.

type Random = () => number;

const FIELDS = [
  ...["model", "stream", "stream_options", "max_tokens", "max_completion_tokens", "max_output_tokens", "cache_salt"],
  ...["user", "messages", "prompt", "input", "text", "tools", "system", "instructions"],
  ...["temperature", "models", "Model", "metadata", "", "mode", "max_token", "__proto__", "max_completion_tokens_"],
];
const PARTS = [
  ...["role", "content", "type", "text", "url", "image_url", "input_audio", "video_url", "file", "data", "file_data"],
  ...["format", "detail", "include_usage", "model", "messages", "arguments", ""],
];
const NUMBERS = [
  ...["0", "-0", "1", "7", "40", "128000", "4294967295", "4294967296", "99999999999999999999999", "-1", "-3.5"],
  ...["1.5", "0.9999999999999999999999", "1e3", "1E+2", "12e-1", "123456789012345678901e-18", "0.00042e5", "0e9999"],
  ...["1e400", "1e-400", "2.50", "100000000000000000000e-20", "4294967295.99", "42949672960e-1", "1234567890"],
];
const CHARACTERS = ["a", "B", " ", "7", "/", "é", "ß", "你", "😀", "\u2028", "\u007f", '"', "\\", "\n", "\t", "\u0001"];

const int = (random: Random, bound: number): number => Math.floor(random() * bound);
const pick = <T>(random: Random, from: readonly T[]): T => from[int(random, from.length)]!;

/** A JSON object as a client may send it, or nearly. */
export function makeBody(random: Random): Uint8Array {
  const spaced = random() < 0.3;
  const space = () => (spaced ? pick(random, ["", " ", "\n", "\r\n\t", "    "]) : "");
  const text = `${space()}${objectOf(random, FIELDS, 0, space, int(random, 9))}${space()}`;
  return new TextEncoder().encode(text);
}

/** The body with a few bytes changed, added, removed or repeated. */
export function damage(random: Random, bytes: Uint8Array): Uint8Array {
  let body: Uint8Array = bytes;
  for (let i = 1 + int(random, 3); i > 0; i--) {
    const at = int(random, body.length + 1);
    const until = Math.min(body.length, at + int(random, 4));
    const added = [
      () => Buffer.from(pick(random, [...'{}[]:,"\\u\u0000\n 0e-.tfnx/'])),
      () => Buffer.of(int(random, 256)),
      () => body.subarray(at, at + int(random, 20)),
      () => Buffer.alloc(0),
      () => Buffer.from("\\ud83d"),
    ];
    body = Buffer.concat([body.subarray(0, at), pick(random, added)(), body.subarray(until)]);
    if (random() < 0.1) body = body.subarray(0, at);
  }
  return body;
}

/** Lengths of pieces for `length` bytes: all at once, byte by byte, or by chance. */
export function makePieces(random: Random, length: number): number[] {
  const way = random();
  if (way < 0.15) return [];
  if (way < 0.3) return Array(length).fill(1);
  const longest = pick(random, [2, 5, 20, 100, 1000]);
  const pieces: number[] = [];
  for (let done = 0; done < length; done += pieces.at(-1)!) pieces.push(int(random, longest + 1));
  return pieces;
}

function objectOf(random: Random, keys: readonly string[], depth: number, space: () => string, count: number): string {
  const entries = Array.from({ length: count }, () => {
    const key = pick(random, keys);
    const value = depth === 0 ? fieldValue(random, key, space) : anyValue(random, depth, space);
    return `${space()}${stringOf(random, key, 0.02)}${space()}:${space()}${value}${space()}`;
  });
  return `{${count === 0 ? space() : entries.join(",")}}`;
}

function arrayOf(space: () => string, items: readonly string[]): string {
  return `[${space()}${items.join(`${space()},${space()}`)}${space()}]`;
}

/** A value of one of the body's own fields: one time in five of any type. */
function fieldValue(random: Random, key: string, space: () => string): string {
  if (random() < 0.2) return anyValue(random, 1, space);
  const many = (make: () => string) => arrayOf(space, Array.from({ length: int(random, 12) }, make));
  if (key.startsWith("max_")) return pick(random, NUMBERS);
  if (key === "stream") return pick(random, ["true", "false"]);
  if (key === "stream_options") return objectOf(random, ["include_usage", "x"], 1, space, int(random, 4));
  if (key === "messages" || key === "tools") return many(() => anyValue(random, 1, space));
  if (["prompt", "input", "text"].includes(key) && random() < 0.6) {
    const ids = () => `${int(random, 200_000)}`;
    return random() < 0.5 ? many(ids) : many(() => (random() < 0.5 ? many(ids) : anyValue(random, 3, space)));
  }
  return stringOf(random, textOf(random), 0.05);
}

function anyValue(random: Random, depth: number, space: () => string): string {
  const kind = random();
  if (depth < 6 && kind < 0.3) return objectOf(random, PARTS, depth, space, int(random, 5));
  if (depth < 6 && kind < 0.45) {
    return arrayOf(
      space,
      Array.from({ length: int(random, 4) }, () => anyValue(random, depth + 1, space)),
    );
  }
  if (kind < 0.85) return stringOf(random, textOf(random), 0.05);
  return kind < 0.93 ? pick(random, NUMBERS) : pick(random, ["true", "false", "null"]);
}

function textOf(random: Random): string {
  const length = random() < 0.1 ? int(random, 600) : int(random, 40);
  // Long stretches of one kind as well as mixtures.
  const plain = random();
  return Array.from({ length }, () => (random() < plain ? "x" : pick(random, CHARACTERS))).join("");
}

/** A text as JSON; `escaped` of its characters, and what must be, are written as escapes; some surrogates go astray. */
function stringOf(random: Random, text: string, escaped: number): string {
  const share = random() < 0.1 ? 1 : escaped;
  const units = Array.from(text, (character) => {
    if (random() < share) {
      const hex = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
      const escapes = character.split("").map((unit) => (random() < 0.5 ? hex(unit) : hex(unit).toUpperCase()));
      if (random() < 0.1) escapes.pop();
      return escapes.join("").replaceAll("\\U", "\\u");
    }
    return character === "/" && random() < 0.5 ? "\\/" : JSON.stringify(character).slice(1, -1);
  });
  return `"${units.join("")}"`;
}
