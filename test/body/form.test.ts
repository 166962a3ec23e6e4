// The model of forms: worked examples, and small forms cut at every byte against the model in form-model.ts.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { formFindingsOf } from "./form-model.ts";
import { BodyModule } from "./module.ts";

const BOUNDARY = "b-1";
const MODEL = 'Content-Disposition: form-data; name="model"';
const FILE = 'Content-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav';

let module: BodyModule;
before(async () => {
  module = await BodyModule.start();
});

/** A form of parts given as headers and content. */
function form(...parts: readonly (readonly [headers: string, content: string])[]): string {
  const texts = parts.map(([headers, content]) => `--${BOUNDARY}\r\n${headers}\r\n\r\n${content}\r\n`);
  return `${texts.join("")}--${BOUNDARY}--\r\n`;
}

function find(text: string) {
  const bytes = new TextEncoder().encode(text);
  const { status, model } = module.read(bytes, { blockBytes: 1, maxBlocks: 0, boundary: BOUNDARY });
  return { status, model };
}

const NOISE = `\r\r\n-\r\n--\r\n--${BOUNDARY.slice(0, -1)}\r\n--${BOUNDARY}x\r\n--${BOUNDARY}-\r\n${BOUNDARY}--\r`;

const EXAMPLES: readonly (readonly [what: string, form: string, model: string])[] = [
  ["a field", form([MODEL, "base"]), "base"],
  ["behind a file", form([FILE, "RIFF"], [MODEL, "base"]), "base"],
  ["before a file that has almost delimiters", form([MODEL, "base"], [FILE, NOISE]), "base"],
  ["behind a file that has almost delimiters", form([FILE, NOISE], [MODEL, "base"]), "base"],
  ["the last of several", form([MODEL, "a"], ["content-disposition:form-data;NAME=model", "bé\r\n"]), "bé\r\n"],
  ["empty", form([MODEL, ""]), ""],
  ["a file by the field's name", form([`${MODEL}; filename="x"`, "base"]), ""],
  ["a file in another charset", form([`${MODEL}; filename*=utf-8''x`, "base"]), ""],
  ["other fields", form(['Content-Disposition: form-data; name="models"', "base"], [`x: y; name="model"`, "base"]), ""],
  ["quoted pairs", form([String.raw`Content-Disposition: form-data; x="a\";name=\"b"; name="mo\del"`, "base"]), "base"],
  ["a preamble, padding and an epilogue", `hi\r\n--b-1 \t\r\n${MODEL}\r\n\r\nbase\r\n--b-1--\r\n--b-1\r\nx`, "base"],
];

describe("the model of a form", () => {
  for (const [what, text, model] of EXAMPLES) {
    test(`is found: ${what}`, () => {
      assert.deepEqual(find(text), { status: "form", model });
    });

    test(`is found wherever it is cut: ${what}`, () => {
      const bytes = new TextEncoder().encode(text);
      const { findings, values, certain } = formFindingsOf(bytes, BOUNDARY);
      assert.equal(findings.model, model);
      for (let cut = 1; cut < bytes.length; cut++) {
        for (const pieces of [[cut], [cut, 1], new Array(Math.ceil(bytes.length / cut) - 1).fill(cut)]) {
          if (cut + 1 >= bytes.length && pieces.length === 2) continue;
          const reading = { blockBytes: 1, maxBlocks: 0, pieces, boundary: BOUNDARY };
          assert.deepEqual(module.read(bytes, reading), findings, `pieces ${pieces}`);
          const told = module.modelValues(bytes, pieces, BOUNDARY);
          assert.deepEqual(told.values, values, `pieces ${pieces}`);
          const around = values.findIndex(([from], index) => from <= cut && cut < certain[index]!);
          assert.equal(told.inside[0], around < 0 ? -1 : values[around]![0], `pieces ${pieces}`);
        }
      }
    });
  }

  test("is unknown where the form is malformed or breaks off", () => {
    const whole = form([MODEL, "base"], [FILE, "RIFF"]);
    for (let length = 1; length < whole.length - 2; length++) {
      assert.deepEqual(find(whole.slice(0, length)), { status: "broken", model: "" }, whole.slice(0, length));
    }
    assert.deepEqual(find(""), { status: "empty", model: "" });
    for (const text of [
      form([MODEL, "base"]).replaceAll("\r\n", "\n"),
      form([`${MODEL}\r\n folded`, "base"]),
      form(["no colon", "base"], [MODEL, "base"]),
      form(['Content-Disposition: form-data; name="model', "base"]),
      form([MODEL, `a\r\n--${BOUNDARY}x`]),
      form([MODEL, "base"]).replaceAll(BOUNDARY, "other"),
      `{"model":"base"}`,
    ]) {
      assert.deepEqual(find(text), { status: "broken", model: "" }, text);
    }
  });

  test("is found behind megabytes, whatever stands in them", () => {
    for (const unit of [NOISE, "\r", "\n", "\r\n", "-", `\r\n--${BOUNDARY.slice(0, -1)}`, "\0\xff"]) {
      const text = form([FILE, unit.repeat(Math.ceil(3_000_000 / unit.length))], [MODEL, "base"]);
      const bytes = Buffer.from(text, "latin1");
      for (const piece of [bytes.length, 16_384, 4093]) {
        const pieces = new Array(Math.ceil(bytes.length / piece) - 1).fill(piece);
        const found = module.read(bytes, { blockBytes: 1, maxBlocks: 0, pieces, boundary: BOUNDARY });
        assert.equal(found.model, "base", JSON.stringify(unit));
      }
    }
  });
});
