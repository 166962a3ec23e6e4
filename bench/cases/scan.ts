// The reader of request bodies, without the filter and Envoy around it, beside Node's JSON.parse, which neither hashes
// nor has to take pieces, but makes objects.

import { BodyModule } from "../../test/body/module.ts";
import { encodeBody } from "../lib/body.ts";
import type { CaseOptions, CaseResult, ResultLine } from "../lib/case.ts";
import { median } from "../lib/table.ts";

/** Bytes and most blocks of a prompt block: small and few, small and many, large and many. */
const BLOCKS = [
  [64, 256],
  [64, 4096],
  [256, 4096],
] as const;
/** What Envoy hands over at once at most, as a rule. */
const PIECE = 64 * 1024;

const WORDS = "the quick brown fox jumps over the lazy dog while the model reads on and on ";

function encode(body: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(body));
}

/** 100 KB of code, in which one byte in six is escaped. */
function codeBody(): Uint8Array {
  return encode({
    model: "base",
    messages: [{ role: "user", content: 'if (x == "a") {\n\treturn y;\n}\n'.repeat(2700) }],
  });
}

/** 100 KB in which every character is a \u escape, as Python's json writes Chinese. */
function escapedBody(): Uint8Array {
  const text = JSON.stringify({ model: "base", messages: [{ role: "user", content: "你好世界".repeat(4100) }] });
  const unit = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return new TextEncoder().encode(text.replaceAll(/[^ -~]/g, unit));
}

function conversationBody(): Uint8Array {
  const content = WORDS.repeat(6);
  const messages = Array.from({ length: 200 }, (_, index) => ({ role: index % 2 ? "assistant" : "user", content }));
  return encode({ model: "base", messages, stream: true });
}

function toolsBody(): Uint8Array {
  const properties = {
    id: { type: "string", description: "The thing's number" },
    unit: { type: "string", enum: ["celsius", "fahrenheit"] },
    limit: { type: "integer", minimum: 1, maximum: 100, default: 10 },
  };
  const tools = Array.from({ length: 200 }, (_, index) => ({
    type: "function",
    function: {
      name: `get_thing_${index}`,
      description: "Returns the current state of the thing with this number, or an error where there is none.",
      parameters: { type: "object", properties, required: ["id"], additionalProperties: false },
    },
  }));
  return encode({ model: "base", tools, messages: [{ role: "user", content: "hi" }] });
}

const BODIES: readonly (readonly [string, () => Uint8Array])[] = [
  ["one text", () => encodeBody(2000)],
  ["one text", () => encodeBody(100_000)],
  ["one text", () => encodeBody(1_000_000)],
  ["200 messages", conversationBody],
  ["code", codeBody],
  ["\\u escapes", escapedBody],
  ["tool schemas", toolsBody],
  [
    "token ids",
    () => encode({ model: "base", prompt: Array.from({ length: 16_000 }, (_, i) => (i * 7919) % 128_000) }),
  ],
  ["passed over", () => encode({ model: "base", metadata: { text: WORDS.repeat(1300) }, prompt: "hi" })],
];

/** The bodies of quick runs: those with budgets. */
const QUICK = ["one text", "200 messages"];

interface Measured {
  /** Nanoseconds to read one body, the median over the rounds. */
  readonly nanoseconds: number;
  /** How often it is read in the time that JSON.parse takes for its text, the median over rounds in turns. */
  readonly ofParse: number;
}

function measure(
  module: BodyModule,
  bytes: Uint8Array,
  at: number,
  block: readonly [number, number],
  rounds: number,
): Measured {
  const { length } = bytes;
  const text = new TextDecoder().decode(bytes);
  const { takeBody, feedBody, endBody, releaseBody } = module.exports;
  const times = Math.ceil(5_000_000 / length);
  const parse = () => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < times; i++) JSON.parse(text);
    return Number(process.hrtime.bigint() - start) / times;
  };
  const round = () => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < times; i++) {
      const body = takeBody(...block);
      for (let done = 0; done < length; done += PIECE) feedBody(body, at + done, Math.min(PIECE, length - done));
      endBody(body);
      releaseBody(body);
    }
    return Number(process.hrtime.bigint() - start) / times;
  };
  for (let i = 0; i < 5; i++) round(); // until V8 has compiled it well
  const both = Array.from({ length: rounds }, () => ({ read: round(), parsed: parse() }));
  return {
    nanoseconds: median(both.map(({ read }) => read)),
    ofParse: median(both.map(({ read, parsed }) => parsed / read)),
  };
}

export async function run({ quick, times, progress }: CaseOptions): Promise<CaseResult> {
  progress("compiling the reader");
  const module = await BodyModule.start();
  const lines: ResultLine[] = [];
  const rows = [["body", "bytes", "block", "blocks", "us", "MB/s", "of JSON.parse"]];
  for (const [kind, make] of BODIES) {
    if (quick && !QUICK.includes(kind)) continue;
    const bytes = make();
    const at = module.place(bytes);
    for (const block of BLOCKS) {
      const [blockBytes, maxBlocks] = block;
      const { blocks } = module.read(bytes, { blockBytes, maxBlocks });
      const { nanoseconds, ofParse } = measure(module, bytes, at, block, 25 * times);
      const rate = (bytes.length / nanoseconds) * 1000;
      const shape = { case: "scan", kind, bytes: bytes.length, block_bytes: blockBytes, blocks: blocks.length };
      const figures = { ns: Math.round(nanoseconds), mb_per_second: Math.round(rate) };
      lines.push({ ...shape, ...figures, of_json_parse: Math.round(ofParse * 100) / 100 });
      const cells = [bytes.length, blockBytes, blocks.length, (nanoseconds / 1000).toFixed(1), rate.toFixed(0)];
      rows.push([kind, ...cells.map(String), `${ofParse.toFixed(2)}x`]);
    }
    module.exports.giveBlock(at, bytes.length);
  }
  return { lines, tables: [rows] };
}
