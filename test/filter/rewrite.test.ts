// Models that are replaced on the way in and get their names back on the way out.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Dice } from "../reference/random-state.ts";
import { bytesOf } from "./exchanges.ts";
import { picksOf } from "./requests.ts";
import { EVENTS, type Headers, JSON_ANSWER, LONG, model, receive, send, serving } from "./rewriting.ts";

for (const hold of ["buffer", "self"] as const) {
  describe(`a request's model, hold ${hold}`, () => {
    const setting = serving(hold);
    const cases: [string, string, string][] = [
      [`{"model":"food","prompt":"hi"}`, `{"model":"food-lora-v2","prompt":"hi"}`, "food-lora-v2"],
      [
        `{"prompt":"\\"model\\":\\"food\\"", "model" : "fo\\u006fd"}`,
        `{"prompt":"\\"model\\":\\"food\\"", "model" : "food-lora-v2"}`,
        "food-lora-v2",
      ],
      [`{"prompt":"hi","model":"${LONG}"}`, `{"prompt":"hi","model":"x"}`, "x"],
      [`{"model":"qu\\"ote","prompt":"é"}`, `{"model":"a\\"b\\\\c","prompt":"é"}`, 'a"b\\c'],
      [`{"model":"kept","prompt":"hi"}`, `{"model":"kept","prompt":"hi"}`, "kept"],
      [`{"model":"other","prompt":"hi"}`, `{"model":"other","prompt":"hi"}`, "other"],
      [
        `{"model":"food","a":1,"model":"other"}`,
        `{"model":"food-lora-v2","a":1,"model":"food-lora-v2"}`,
        "food-lora-v2",
      ],
      [`{"model":"other","model":"food"}`, `{"model":"other","model":"food-lora-v2"}`, "food-lora-v2"],
    ];
    for (const [before, after, name] of cases) {
      test(`${before} is sent as ${name}, whatever way it is cut`, () => {
        const whole = send(setting, before);
        assert.equal(whole.body, after);
        assert.equal(model(hold, whole.stream), name);
        assert.equal(picksOf(whole.stream).length > 0 || hold === "self", true);
        const length = whole.stream.headers?.get("content-length");
        assert.equal(length, hold === "self" ? String(bytesOf(after).length) : undefined);
        whole.stream.close();
        for (let cut = 1; cut < bytesOf(before).length; cut++) {
          const { stream, body } = send(setting, before, [cut]);
          assert.equal(body, after, `cut at ${cut}`);
          assert.equal(model(hold, stream), name);
          stream.close();
        }
        const { stream, body } = send(setting, before, new Array(before.length).fill(1));
        assert.equal(body, after, "byte by byte");
        stream.close();
      });
    }

    test("a long body is changed in the middle, in pieces that are read in slices", () => {
      const dice = new Dice(11);
      const before = JSON.stringify({
        messages: [{ role: "user", content: "word ".repeat(20_000) }],
        model: "food",
        n: 1,
      });
      const after = before.replace('"model":"food"', '"model":"food-lora-v2"');
      for (let round = 0; round < 20; round++) {
        const lengths = Array.from({ length: 10 }, () => dice.integer(1, 20_000));
        const { stream, body } = send(setting, before, lengths);
        assert.equal(body, after);
        stream.close();
      }
    });

    test("a body that breaks off or is malformed within the model passes as it is", () => {
      for (const before of [`{"model":"foo`, `{"model":"fo\u0001o","x":1}`, `{"model":"fo\\qo","x":1}`]) {
        for (let cut = 0; cut < before.length; cut++) {
          const { stream, body } = send(setting, before, cut === 0 ? [] : [cut]);
          assert.equal(body, before, `cut at ${cut}`);
          stream.close();
        }
      }
    });

    test("a value longer than any model's name passes in any number of pieces", () => {
      const before = JSON.stringify({ model: "m".repeat(200_000), prompt: "hi" });
      const { stream, body } = send(setting, before, new Array(20).fill(10_000));
      assert.equal(body, before);
      stream.close();
    });

    test("targets get their shares", () => {
      let first = 0;
      for (let i = 0; i < 2000; i++) {
        const { stream } = send(setting, `{"model":"split"}`);
        if (model(hold, stream) === "split-a") first++;
        stream.close();
      }
      assert.ok(Math.abs(first - 1500) < 100, `${first} of 2000`); // the standard deviation is 19
    });

    test("without rules nothing is touched", () => {
      const plain = serving(hold, []);
      const { stream, body } = send(plain, `{"model":"food"}`, [12]);
      assert.equal(body, `{"model":"food"}`);
      assert.equal(stream.headers?.get("content-length"), "16");
      stream.close();
    });
  });
}

describe("an answer's model", () => {
  const setting = serving("buffer");
  const answers: [string, string, Headers][] = [
    [
      `{"id":"1","model":"food-lora-v2","choices":[{"text":"\\"model\\":\\"food-lora-v2\\" model"}],"models":"food-lora-v2"}`,
      `{"id":"1","model":"food","choices":[{"text":"\\"model\\":\\"food-lora-v2\\" model"}],"models":"food-lora-v2"}`,
      JSON_ANSWER,
    ],
    [
      `{"model" :\n "food-lora-v2","a":{"model":"food-lora-v2"},"b":{"model":"food-lora-v22"},"c":{"model":"food"}}`,
      `{"model" :\n "food","a":{"model":"food"},"b":{"model":"food-lora-v22"},"c":{"model":"food"}}`,
      JSON_ANSWER,
    ],
    [
      `${`data: {"model":"food-lora-v2","choices":[]}\n\n`.repeat(4)}data: [DONE]\n\n`,
      `${`data: {"model":"food","choices":[]}\n\n`.repeat(4)}data: [DONE]\n\n`,
      EVENTS,
    ],
  ];
  for (const [before, after, headers] of answers) {
    test(`is the client's in ${before.slice(0, 50)}`, () => {
      for (let length = 1; length <= before.length; length++) {
        const { stream } = send(setting, `{"model":"food"}`);
        assert.equal(receive(stream, before, [length], headers), after, `pieces of ${length}`);
        assert.equal(stream.responseHeaders?.has("content-length"), false);
        stream.close();
      }
      const dice = new Dice(5);
      for (let round = 0; round < 100; round++) {
        const { stream } = send(setting, `{"model":"food"}`);
        const lengths = Array.from({ length: 20 }, () => dice.integer(1, 40));
        assert.equal(receive(stream, before, lengths, headers), after, `round ${round}`);
        stream.close();
      }
    });
  }

  test("is as the client wrote it, and may be longer", () => {
    const { stream } = send(setting, `{"model":"${LONG}"}`);
    assert.equal(receive(stream, `{"model":"x"}`.repeat(3), [7], EVENTS), `{"model":"${LONG}"}`.repeat(3));
    stream.close();
  });

  test("is found by its escaped name", () => {
    const { stream } = send(setting, `{"model":"qu\\"ote"}`);
    assert.equal(receive(stream, `{"model":"a\\"b\\\\c"}`, [9], JSON_ANSWER), `{"model":"qu\\"ote"}`);
    stream.close();
  });

  test("stays where the answer is encoded, is no JSON, or the request's model has stayed", () => {
    const text = `{"model":"food-lora-v2"}`;
    for (const [request, headers] of [
      [`{"model":"food"}`, [...JSON_ANSWER, ["content-encoding", "gzip"]]],
      [
        `{"model":"food"}`,
        [
          ["content-type", "text/plain"],
          ["content-length", "99"],
        ],
      ],
      [`{"model":"food-lora-v2"}`, JSON_ANSWER],
    ] as [string, Headers][]) {
      const { stream } = send(setting, request);
      assert.equal(receive(stream, text, [10], headers), text);
      assert.equal(stream.responseHeaders?.get("content-length"), "99");
      stream.close();
    }
  });

  test("is let go with the end of an answer that breaks off", () => {
    const { stream } = send(setting, `{"model":"food"}`);
    assert.equal(receive(stream, `{"model":"food-lo`, [3], JSON_ANSWER), `{"model":"food-lo`);
    stream.close();
  });
});

test("nothing stays in memory of requests whose models are replaced", () => {
  const setting = serving("buffer");
  const round = () => {
    const { stream } = send(setting, `{"model":"food","prompt":"hi"}`, [12]);
    receive(stream, `{"model":"food-lora-v2"}`, [5], JSON_ANSWER);
    stream.close();
    const open = send(setting, `{"model":"food","prompt":"hi"}`, [12]).stream;
    open.close();
  };
  for (let i = 0; i < 1000; i++) round();
  const before = setting.vm.memoryBytes;
  for (let i = 0; i < 20_000; i++) round();
  assert.equal(setting.vm.memoryBytes, before);
});

test("the header that names a model comes before all rules, and goes no further", () => {
  const setting = serving("self");
  for (const name of ["x-llm-d-model-name-rewrite", "x-gateway-model-name-rewrite"]) {
    const { stream, body } = send(setting, `{"model":"food"}`, [12], [[name, "forced"]]);
    assert.equal(body, `{"model":"forced"}`);
    assert.equal(model("self", stream), "forced");
    assert.equal(stream.headers?.has(name), false);
    stream.close();
  }
});

test("a client with a fairness id stays with its target", () => {
  const setting = serving("buffer");
  const targets = new Set<string | undefined>();
  for (let client = 0; client < 20; client++) {
    const got = new Set<string | undefined>();
    for (let i = 0; i < 20; i++) {
      const { stream } = send(
        setting,
        `{"model":"split"}`,
        [],
        [["x-gateway-inference-fairness-id", `client-${client}`]],
      );
      got.add(model("buffer", stream));
      stream.close();
    }
    assert.equal(got.size, 1);
    for (const target of got) targets.add(target);
  }
  assert.deepEqual([...targets].sort(), ["split-a", "split-b"]);
});
