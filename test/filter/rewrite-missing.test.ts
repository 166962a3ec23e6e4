// Models where the client names none, and names that are longer than any model's.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Policy } from "../../wire/model.ts";
import { bytesOf } from "./exchanges.ts";
import { refused } from "./refusals.ts";
import { EVENTS, type Headers, model, receive, send, serving } from "./rewriting.ts";

const CHAT: Headers = [[":path", "/v1/chat/completions"]];
const FORCED = ["x-llm-d-model-name-rewrite", "forced"] as const;
const GENERIC: Policy["rules"] = [{ models: [], targets: [{ model: "any", weight: 1 }] }];

for (const hold of ["buffer", "self"] as const) {
  describe(`a model that is missing, hold ${hold}`, () => {
    const setting = serving(hold);
    const generic = serving(hold, GENERIC);
    const cases: [before: string, after: string][] = [
      [`{"prompt":"hi"}`, `{"prompt":"hi","model":"forced"}`],
      [` { } \n`, ` { "model":"forced"} \n`],
      [`{"model":null,"n":{"model":"x"}}\n`, `{"model":null,"n":{"model":"x"},"model":"forced"}\n`],
      [`{"model":"a","model":5}`, `{"model":"forced","model":5,"model":"forced"}`],
      [`{"model":"a"}`, `{"model":"forced"}`],
    ];
    for (const [before, after] of cases) {
      test(`is put into ${JSON.stringify(before)}, whatever way it is cut`, () => {
        const any = after.replaceAll("forced", "any");
        for (let cut = 0; cut < before.length; cut++) {
          const lengths = cut === 0 ? new Array(before.length).fill(1) : [cut];
          const demanded = send(setting, before, lengths, [...CHAT, FORCED]);
          assert.equal(demanded.body, after, `cut at ${cut}`);
          assert.equal(model(hold, demanded.stream), "forced");
          assert.equal(demanded.stream.headers?.get("content-length"), hold === "self" ? `${after.length}` : undefined);
          const ruled = send(generic, before, lengths, CHAT);
          assert.equal(ruled.body, any, `cut at ${cut}`);
          assert.equal(model(hold, ruled.stream), "any");
          assert.equal(ruled.stream.localResponse, undefined);
          demanded.stream.close();
          ruled.stream.close();
        }
      });
    }

    test("is put by a rule only where the API knows models", () => {
      for (const [path, after] of [
        ["/v1/images/generations", `{"prompt":"hi","model":"any"}`],
        ["/generate", `{"prompt":"hi"}`],
        ["/v1/rerank", `{"prompt":"hi"}`],
      ] as const) {
        const { stream, body } = send(generic, `{"prompt":"hi"}`, [], [[":path", path]]);
        assert.equal(body, after, path);
        stream.close();
      }
    });

    test("is not put into what is no JSON object", () => {
      for (const before of ["[{}]", `{"a":1`, `{"a":}`, "a}"]) {
        for (let cut = 0; cut < before.length; cut++) {
          const { stream, body } = send(setting, before, cut === 0 ? [] : [cut], [FORCED]);
          assert.equal(body, before);
          assert.equal(stream.headers?.get("content-length"), hold === "self" ? `${before.length}` : undefined);
          stream.close();
        }
      }
    });

    test("has its length told though the body turns out to be none", () => {
      const { stream, body } = send(setting, `{"a":1}x-y`, [7], [FORCED]);
      assert.equal(body, `{"a":1,"model":"forced"}x-y`);
      assert.equal(stream.headers?.get("content-length"), hold === "self" ? `${body.length}` : undefined);
      stream.close();
    });
  });
}

test("an answer keeps its model where the client named none", () => {
  const { stream } = send(serving("buffer", GENERIC), `{"prompt":"hi"}`, [], CHAT);
  assert.equal(receive(stream, `{"model":"any"}`, [7], EVENTS), `{"model":"any"}`);
  stream.close();
});

test("a long name comes back whole; one of more than 4096 bytes is answered 400", () => {
  const setting = serving("buffer", GENERIC);
  for (const name of ["m".repeat(257), "m".repeat(4096), `${"\\u00e9".repeat(600)}`]) {
    const { stream, body } = send(setting, `{"model":"${name}","prompt":"hi"}`, [300], CHAT);
    assert.equal(body, `{"model":"any","prompt":"hi"}`);
    assert.equal(receive(stream, `{"model":"any"}`.repeat(2), [7], EVENTS), `{"model":"${name}"}`.repeat(2));
    stream.close();
  }
  for (const rules of [GENERIC, []]) {
    const { stream } = send(serving("buffer", rules), `{"model":"${"m".repeat(4097)}"}`, [300], CHAT);
    const message = `the request body's "model" has more than 4096 bytes`;
    assert.deepEqual(stream.localResponse, refused(400, "inline_epp_model_too_long", message));
    stream.close();
  }
});

test("a header that names a model of more than 256 bytes is answered 400", () => {
  const setting = serving("buffer");
  const message = "the header that names the model has more than 256 bytes";
  for (const [length, answer] of [
    [256, undefined],
    [257, refused(400, "inline_epp_model_too_long", message)],
  ] as const) {
    const name = "m".repeat(length);
    const { stream, body } = send(setting, `{"prompt":"hi"}`, [], [["x-gateway-model-name-rewrite", name]]);
    assert.deepEqual(stream.localResponse, answer);
    if (answer === undefined) assert.equal(bytesOf(body).length, 15 + length + 11);
    stream.close();
  }
});
