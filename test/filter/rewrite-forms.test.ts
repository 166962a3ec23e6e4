// The model of forms: known like that of JSON, and replaced on the way in.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeObserved } from "../../wire/decode-observed.ts";
import * as L from "../../wire/layout.ts";
import { xxh64 } from "../../wire/xxh64.ts";
import { Dice } from "../reference/random-state.ts";
import { bytesOf, EXPLAIN, serving as exchanging } from "./exchanges.ts";
import { explainedProfile, scoresOf } from "./explanation.ts";
import { endpoints, sample } from "./pools.ts";
import { picksOf } from "./requests.ts";
import { type Headers, JSON_ANSWER, LONG, model, receive, send, serving } from "./rewriting.ts";
import { profile, scorer } from "./steps.ts";

const BOUNDARY = "----form-1";
const FILE = 'name="file"; filename="model.wav"\r\nContent-Type: audio/wav';
const AUDIO: Headers = [
  [":path", "/v1/audio/transcriptions"],
  ["content-type", `multipart/form-data; boundary=${BOUNDARY}`],
];

/** A form of parts given as what follows `form-data; ` and content. */
function form(...parts: readonly (readonly [string, string])[]): string {
  const texts = parts.map(([what, content]) => {
    return `--${BOUNDARY}\r\nContent-Disposition: form-data; ${what}\r\n\r\n${content}\r\n`;
  });
  return `${texts.join("")}--${BOUNDARY}--\r\n`;
}

const named = (name: string) => form(['name="model"', name], [FILE, "RIFF"]);
const last = (name: string) => form([FILE, `RI\r\n--${BOUNDARY}FF`], ['name="x"', "food"], ["name=model", name]);

for (const hold of ["buffer", "self"] as const) {
  describe(`a form's model, hold ${hold}`, () => {
    const setting = serving(hold);
    const cases: [what: string, before: string, after: string, name: string][] = [
      ["longer", named("food"), named("food-lora-v2"), "food-lora-v2"],
      ["shorter", named(LONG), named("x"), "x"],
      ["behind a file", last("food"), last("food-lora-v2"), "food-lora-v2"],
      ["as it is, not as JSON has it", named('qu"ote'), named('a"b\\c'), 'a"b\\c'],
      ["one that stays", named("kept"), named("kept"), "kept"],
      [
        "several",
        form(['name="model"', "food"], ['name="model"', "other"]),
        form(['name="model"', "food-lora-v2"], ['name="model"', "food-lora-v2"]),
        "food-lora-v2",
      ],
    ];
    for (const [what, before, after, name] of cases) {
      test(`is replaced whatever way it is cut: ${what}`, () => {
        const length = bytesOf(before).length;
        for (let cut = 0; cut < length; cut++) {
          const { stream, body } = send(setting, before, cut === 0 ? [] : [cut], AUDIO);
          assert.equal(body, after, `cut at ${cut}`);
          assert.equal(model(hold, stream), name);
          const told = stream.headers?.get("content-length");
          assert.equal(told, hold === "self" ? String(bytesOf(after).length) : undefined);
          stream.close();
        }
        const dice = new Dice(3);
        for (let round = 0; round < 50; round++) {
          const lengths = Array.from({ length: 30 }, () => dice.integer(1, 1 + round));
          const { stream, body } = send(setting, before, lengths, AUDIO);
          assert.equal(body, after, `pieces ${lengths}`);
          stream.close();
        }
      });
    }

    test("is replaced behind a megabyte", () => {
      const audio = '\r\n--{"model":"food"}\r'.repeat(50_000);
      const { stream, body } = send(setting, form([FILE, audio], ['name="model"', "food"]), [65_536, 400_001], AUDIO);
      assert.equal(body === form([FILE, audio], ['name="model"', "food-lora-v2"]), true);
      stream.close();
    });

    test("stays where the form is malformed, breaks off, has no boundary, or is none", () => {
      const whole = named("food");
      for (const [body, headers] of [
        [whole.slice(0, whole.indexOf("food") + 9), AUDIO],
        [form(['name="model"', `food\r\n--${BOUNDARY}x`]), AUDIO],
        [form(['name="model', "food"]), AUDIO],
        [form([FILE.replace("file", "model"), "food"]), AUDIO],
        [whole, [AUDIO[0]!, ["content-type", "multipart/form-data"]]],
        [whole, [AUDIO[0]!, ["content-type", "multipart/form-data; boundary=other"]]],
        [whole, [AUDIO[0]!, ["content-type", `multipart/mixed; boundary=${BOUNDARY}`]]],
      ] as [string, Headers][]) {
        for (let cut = 0; cut < body.length; cut += 1) {
          const sent = send(setting, body, cut === 0 ? [] : [cut], headers);
          assert.equal(sent.body, body, `cut at ${cut}`);
          assert.equal(model(hold, sent.stream), undefined);
          assert.equal(sent.stream.localResponse, undefined);
          sent.stream.close();
        }
      }
    });

    test("is the header's where there is one, and is not put where there is none", () => {
      const headers: Headers = [...AUDIO, ["x-llm-d-model-name-rewrite", "forced"]];
      assert.equal(send(setting, named("food"), [90], headers).body, named("forced"));
      assert.equal(send(setting, form([FILE, "RIFF"]), [90], headers).body, form([FILE, "RIFF"]));
    });
  });
}

test("the boundary may be quoted, and other parameters may precede it", () => {
  const setting = serving("buffer");
  for (const type of [
    `multipart/form-data; boundary="${BOUNDARY}"`,
    `Multipart/Form-Data;x="a;boundary=b";BOUNDARY=${BOUNDARY} ; charset=utf-8`,
  ]) {
    const { stream, body } = send(setting, named("food"), [], [AUDIO[0]!, ["content-type", type]]);
    assert.equal(body, named("food-lora-v2"), type);
    stream.close();
  }
});

test("an answer gets the client's name, escaped for JSON", () => {
  const { stream } = send(serving("buffer"), named('qu"ote'), [50], AUDIO);
  assert.equal(receive(stream, `{"model":"a\\"b\\\\c"}`, [9], JSON_ANSWER), `{"model":"qu\\"ote"}`);
  stream.close();
});

test("objectives and observations go by the form's model", () => {
  const setting = serving(
    "buffer",
    [{ models: ["food"], targets: [{ model: "tuned", weight: 1 }] }],
    [{ name: "", model: "food", priority: 7 }],
  );
  const { rig } = setting;
  rig.pass(300);
  for (const call of rig.calls.splice(0)) call.done(new Uint8Array());
  const { stream } = send(setting, named("food"), [], AUDIO);
  stream.onResponseHeaders("10.0.0.1:8000", [[":status", "200"]], true);
  stream.close();
  rig.pass(260);
  const [told] = decodeObserved(rig.calls[0]!.message).records;
  assert.equal(told!.priority, 7);
  assert.deepEqual(told!.model, { hash: xxh64("food"), name: "food" });
  assert.deepEqual(told!.target, { hash: xxh64("tuned"), name: "tuned" });
});

test("the form's model finds its adapter", () => {
  const { rig, pool, worker } = exchanging(2, [profile("default", scorer(L.PLUGIN_LORA_AFFINITY_SCORER, "lora"))]);
  rig.stream.message(
    pool.load([
      sample({ maxAdapters: 2, counter: 2 }),
      sample({ runningAdapters: ["food"], maxAdapters: 2, counter: 2 }),
    ]),
  );
  const { stream } = send({ rig, ...worker }, named("food"), [90], [...AUDIO, EXPLAIN]);
  assert.equal(picksOf(stream)[0], endpoints(2)[1]!.address);
  stream.onResponseHeaders(undefined);
  assert.deepEqual([...scoresOf(explainedProfile(stream), "lora").values()].sort(), [0.8, 1]);
  stream.close();
});

test("nothing stays in memory of forms", () => {
  const setting = serving("buffer");
  const round = () => {
    for (const text of [named("food"), named("m".repeat(3000)), named("food").slice(0, 100)]) {
      const { stream } = send(setting, text, [90, 40], AUDIO);
      receive(stream, `{"model":"food-lora-v2"}`, [5], JSON_ANSWER);
      stream.close();
    }
  };
  for (let i = 0; i < 500; i++) round();
  const before = setting.vm.memoryBytes;
  for (let i = 0; i < 5000; i++) round();
  assert.equal(setting.vm.memoryBytes, before);
});
