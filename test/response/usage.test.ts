import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRandom } from "../../simulator/random.ts";
import {
  FINISH_CONTENT_FILTER,
  FINISH_LENGTH,
  FINISH_OTHER,
  FINISH_STOP,
  FINISH_TOOL_CALLS,
} from "../../wire/layout.ts";
import { ANTHROPIC_STREAM, OPENAI_JSON, OPENAI_STREAM } from "./answers.ts";
import { type Found, feed, foundBy, memoryBytes, readAnswer, release, take } from "./reader.ts";

const NOTHING: Found = { apart: false, chunks: 0 };

const ANSWERS: Readonly<Record<string, { answer: string; found: Found }>> = {
  "OpenAI's JSON": {
    answer: OPENAI_JSON,
    found: { prompt: 1234, completion: 56, cached: 1024, apart: false, chunks: 0, finish: FINISH_STOP },
  },
  "OpenAI's JSON with spaces and line ends": {
    answer: JSON.stringify(JSON.parse(OPENAI_JSON), null, 4).replaceAll('":', '"\t \r\n:'),
    found: { prompt: 1234, completion: 56, cached: 1024, apart: false, chunks: 0, finish: FINISH_STOP },
  },
  "OpenAI's stream": {
    answer: OPENAI_STREAM,
    found: { prompt: 77, completion: 4, cached: 64, apart: false, chunks: 5 },
  },
  "OpenAI's stream with CRLF": {
    answer: OPENAI_STREAM.replaceAll("\n", "\r\n"),
    found: { prompt: 77, completion: 4, cached: 64, apart: false, chunks: 5 },
  },
  "Anthropic's stream": {
    answer: ANTHROPIC_STREAM,
    found: { prompt: 25, completion: 15, cached: 2000, apart: true, chunks: 4, finish: FINISH_STOP },
  },
  "OpenAI's Responses": {
    answer: '{"usage":{"input_tokens":36,"input_tokens_details":{"cached_tokens":30},"output_tokens":87}}',
    found: { prompt: 36, completion: 87, cached: 30, apart: false, chunks: 0 },
  },
};

describe("usage figures in answers", () => {
  for (const [name, { answer, found }] of Object.entries(ANSWERS)) {
    test(`${name}, whole`, () => {
      assert.deepEqual(readAnswer(answer), found);
    });

    test(`${name}, split in two at every byte`, () => {
      for (let at = 1; at < answer.length; at++) {
        assert.deepEqual(readAnswer(answer, at, answer.length), found, `split at ${at}`);
      }
    });

    test(`${name}, in pieces of 1 to 70 bytes`, () => {
      for (let length = 1; length <= 70; length++)
        assert.deepEqual(readAnswer(answer, length), found, `${length} bytes`);
    });
  }

  test("empty pieces change nothing", () => {
    assert.deepEqual(readAnswer("", 1), NOTHING);
    assert.deepEqual(readAnswer('{"usage":{"prompt_tokens":12}}', 0, 3), { ...NOTHING, prompt: 12 });
  });
});

describe("what is no figure", () => {
  const nothing = (answer: string) => {
    assert.deepEqual(readAnswer(answer), NOTHING, answer);
    for (const length of [1, 2, 3, 7, 16, 17]) assert.deepEqual(readAnswer(answer, length), NOTHING, answer);
  };

  test("null, and what is no number of digits", () => {
    for (const value of ["null", '"5"', "[5]", "{}", "true", "-5", "5.0", "5e1", "5E1"]) {
      nothing(`{"usage":{"cached_tokens":${value},"prompt_tokens_details":null}}`);
    }
  });

  test("a null does not take back an earlier number", () => {
    const answer = '{"usage":{"cached_tokens":7}} {"usage":{"cached_tokens":null}}';
    assert.deepEqual(readAnswer(answer), { ...NOTHING, cached: 7 });
  });

  test("text that mentions the names", () => {
    const text = 'Write "prompt_tokens": 12, \\"cached_tokens\\": 13, "completion_tokens\\": 14 and "input_tokens":15';
    for (const depth of [text, JSON.stringify({ arguments: text }), JSON.stringify(JSON.stringify({ text }))]) {
      nothing(JSON.stringify({ choices: [{ message: { content: depth } }] }));
    }
  });

  test("a string that ends in a name, as value, in a list and even as a member's name", () => {
    for (const string of ['"cached_tokens', 'say "cached_tokens', "cached_tokens", '\\"cached_tokens']) {
      nothing(JSON.stringify({ text: string, list: [string, 5] }));
    }
    nothing(JSON.stringify({ 'say "cached_tokens': 5 }));
    // Two backslashes are one in the text; a quote behind them would end the string, and nothing but , : } ] or space
    // may follow there. So no member's name follows a backslash.
    nothing(JSON.stringify({ 'say \\"cached_tokens': 5 }));
  });

  test("names that only end or begin like one", () => {
    for (const name of ["max_prompt_tokens", "uncached_tokens", "total_tokens", "cache_creation_input_tokens"]) {
      nothing(`{"${name}":5}`);
    }
    for (const name of ["prompt_tokens_details", "cached_tokens ", "Cached_tokens", "tokens", "_tokens"]) {
      nothing(`{"${name}":5}`);
    }
    nothing('{"xcache_read_input_tokens":5,"output_token":5,"ompletion_tokens":5}');
  });

  test("a number that has not ended", () => {
    const scan = take();
    feed(scan, new TextEncoder().encode('{"prompt_tokens":12'));
    assert.deepEqual(foundBy(scan), NOTHING);
    feed(scan, new TextEncoder().encode("34"));
    feed(scan, new TextEncoder().encode("}"));
    assert.deepEqual(foundBy(scan), { ...NOTHING, prompt: 1234 });
    release(scan);
  });
});

describe("numbers", () => {
  test("the last one of a name holds", () => {
    const answer = '{"prompt_tokens":1,"prompt_tokens":2}{"input_tokens":3}';
    assert.equal(readAnswer(answer).prompt, 3);
  });

  test("0, the greatest, and more than that", () => {
    for (const [text, value] of [
      ["0", 0],
      ["4294967295", 4294967295],
      ["4294967296", 4294967295],
      ["123456789012345678901234567890", 4294967295],
    ] as const) {
      assert.deepEqual(readAnswer(`{"completion_tokens":${text}}`), { ...NOTHING, completion: value });
    }
  });
});

describe("why the answer ended", () => {
  const finish = (answer: string) => {
    const { finish: whole } = readAnswer(answer);
    for (const length of [1, 2, 3, 7, 16, 17, 31, 48]) assert.equal(readAnswer(answer, length).finish, whole, answer);
    return whole;
  };

  test("every reason of both APIs has its code", () => {
    const codes = {
      stop: FINISH_STOP,
      end_turn: FINISH_STOP,
      stop_sequence: FINISH_STOP,
      length: FINISH_LENGTH,
      max_tokens: FINISH_LENGTH,
      tool_calls: FINISH_TOOL_CALLS,
      function_call: FINISH_TOOL_CALLS,
      tool_use: FINISH_TOOL_CALLS,
      content_filter: FINISH_CONTENT_FILTER,
      refusal: FINISH_CONTENT_FILTER,
      abort: FINISH_OTHER,
      pause_turn: FINISH_OTHER,
      model_context_window_exceeded: FINISH_OTHER,
      content_filter_of_ours: FINISH_OTHER,
    };
    for (const [reason, code] of Object.entries(codes)) {
      for (const name of ["finish_reason", "stop_reason"]) {
        assert.equal(finish(`{"choices":[{"${name}": "${reason}"}]}`), code, `${name} ${reason}`);
      }
    }
  });

  test("null and empty ones say nothing, and do not take back what was said", () => {
    assert.equal(
      finish('{"finish_reason":null,"stop_reason":"","x_reason":"stop","finish_reasons":"stop"}'),
      undefined,
    );
    assert.equal(finish('{"finish_reason":"length"}\n{"finish_reason":null}\n{"finish_reason": ""}'), FINISH_LENGTH);
  });

  test("text that mentions it does not count", () => {
    const text = 'Say "finish_reason": "length", \\"stop_reason\\": "max_tokens" and finish_reason":"length"';
    for (const depth of [text, JSON.stringify({ arguments: text }), JSON.stringify(JSON.stringify({ text }))]) {
      assert.equal(finish(JSON.stringify({ content: depth, list: [depth, '"finish_reason', "length"] })), undefined);
    }
  });

  test("what follows it is read", () => {
    const answer = '{"finish_reason":"tool_calls","usage":{"prompt_tokens":5,"completion_tokens":6}}';
    for (let at = 1; at < answer.length; at++) {
      const found = { ...NOTHING, finish: FINISH_TOOL_CALLS, prompt: 5, completion: 6 };
      assert.deepEqual(readAnswer(answer, at, answer.length), found, `split at ${at}`);
    }
  });
});

describe("events", () => {
  const chunks = (stream: string) => {
    const { chunks: whole } = readAnswer(stream);
    for (let at = 1; at < stream.length; at++) assert.equal(readAnswer(stream, at, stream.length).chunks, whole);
    assert.equal(readAnswer(stream, 1).chunks, whole);
    return whole;
  };

  test("lines with data count, the last one too, with and without a space", () => {
    assert.equal(chunks("data: 1\n\ndata:2\n\ndata:   3"), 3);
    assert.equal(chunks("event: x\ndata: 1\nid: 7\n\n: data: comment\nretry: 5\n\ndata: 2\n\n"), 2);
  });

  test("[DONE] and empty ones do not", () => {
    assert.equal(chunks("data: 1\n\ndata: [DONE]\n\n"), 1);
    assert.equal(chunks("data:[DONE]\r\n\r\ndata:\n\ndata: \r\n\r\n"), 0);
  });

  test("what only begins like [DONE] does", () => {
    assert.equal(chunks("data: [1]\n\ndata: [DO\n\ndata: [DONE]x\n\n"), 3);
  });

  test("data: elsewhere than at a line's beginning does not", () => {
    assert.equal(chunks(' data: 1\nxdata: 2\ndat\na: 3\ndataa: 4\n{"a":"\\ndata: 5"}'), 0);
  });
});

// Members of generated answers by JSON's own parser, in the order in which they stand.
function expected(values: readonly unknown[]): Found {
  const found: Found = { ...NOTHING };
  const visit = (value: unknown): void => {
    if (value === null || typeof value !== "object") return;
    for (const [name, member] of Object.entries(value)) {
      visit(member);
      if ((name === "finish_reason" || name === "stop_reason") && typeof member === "string" && member !== "") {
        found.finish = FINISH_OTHER; // no generated text is one of the known reasons
      }
      if (typeof member !== "number") continue;
      if (name === "prompt_tokens" || name === "input_tokens") found.prompt = member;
      if (name === "completion_tokens" || name === "output_tokens") found.completion = member;
      if (name !== "cached_tokens" && name !== "cache_read_input_tokens") continue;
      found.cached = member;
      found.apart = name === "cache_read_input_tokens";
    }
  };
  for (const value of values) visit(value);
  return found;
}

test("generated answers are read as JSON.parse reads them", () => {
  const random = createRandom(20240607);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const names = ["prompt_tokens", "completion_tokens", "cached_tokens", "input_tokens", "output_tokens"];
  names.push("finish_reason", "stop_reason");
  names.push("cache_read_input_tokens", "cache_creation_input_tokens", "total_tokens", "tokens", "usage", "a");
  const parts = [...names, '"', "\\", ":", " ", "\n", "12", "é", "\u2028", "{", ",", "xyz".repeat(9)];
  const text = () => Array.from({ length: Math.floor(random() * 7) }, () => pick(parts)).join("");
  const value = (depth: number): unknown => {
    const kind = random();
    if (kind < 0.35) return Math.floor(random() ** 6 * 4e9);
    if (kind < 0.45) return null;
    if (kind < 0.75 || depth === 0) return text();
    const length = Math.floor(random() * 5);
    if (kind < 0.85) return Array.from({ length }, () => value(depth - 1));
    return Object.fromEntries(Array.from({ length }, () => [random() < 0.7 ? pick(names) : text(), value(depth - 1)]));
  };
  let figures = 0;
  for (let round = 0; round < 4000; round++) {
    const values = Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
      [pick(names)]: value(4),
      b: value(4),
    }));
    const indent = pick([0, 0, 1, "\t"]);
    const stream = random() < 0.5;
    const answer = stream
      ? values.map((each) => `data: ${JSON.stringify(each)}\n\n`).join("")
      : JSON.stringify(values, null, indent);
    const wanted = { ...expected(values), chunks: stream ? values.length : 0 };
    if (wanted.prompt !== undefined) figures++;
    const lengths = Array.from({ length: 5 }, () => 1 + Math.floor(random() ** 3 * 200));
    assert.deepEqual(readAnswer(answer), wanted, answer);
    assert.deepEqual(readAnswer(answer, ...lengths), wanted, `${answer} in pieces of ${lengths}`);
  }
  assert.ok(figures > 500, `only ${figures} answers had a figure`);
});

test("a huge answer, and no memory for it", () => {
  const before = memoryBytes();
  const filler = JSON.stringify({ content: 'tokens" and "cached_tokens": 5, '.repeat(2000) });
  const scan = take();
  for (let round = 0; round < 500; round++) feed(scan, new TextEncoder().encode(filler));
  feed(scan, new TextEncoder().encode(OPENAI_JSON));
  const { found } = ANSWERS["OpenAI's JSON"]!;
  assert.deepEqual(foundBy(scan), found);
  release(scan);
  for (let round = 0; round < 10_000; round++) release(take());
  assert.equal(memoryBytes(), before);
});

test("scans that stand side by side do not mix, and one taken again has seen nothing", () => {
  const answers = [OPENAI_JSON, ANTHROPIC_STREAM].map((answer) => new TextEncoder().encode(answer));
  const scans = answers.map(() => take());
  for (let at = 0; at < 1000; at++) {
    for (const [index, answer] of answers.entries()) feed(scans[index]!, answer.subarray(at, at + 1));
  }
  assert.deepEqual(scans.map(foundBy), [ANSWERS["OpenAI's JSON"]!.found, ANSWERS["Anthropic's stream"]!.found]);
  for (const scan of scans) release(scan);
  const again = take();
  assert.deepEqual(foundBy(again), NOTHING);
  release(again);
});
