import assert from "node:assert/strict";
import { test } from "node:test";
import { engineOf, roleOf, roleProblem } from "../../../sidecar/discovery/labels.ts";
import * as L from "../../../wire/layout.ts";

const OLD = "inference.networking.k8s.io/engine-type";
const NEW = "llm-d.ai/engine-type";

test("the engine comes from either label, vllm where there is none", () => {
  assert.deepEqual(engineOf({}), { engine: L.ENGINE_VLLM });
  assert.deepEqual(engineOf({ app: "sglang" }), { engine: L.ENGINE_VLLM });
  assert.deepEqual(engineOf({ [OLD]: "sglang" }), { engine: L.ENGINE_SGLANG });
  assert.deepEqual(engineOf({ [NEW]: "trtllm-serve" }), { engine: L.ENGINE_TRTLLM_SERVE });
  assert.deepEqual(engineOf({ [NEW]: "triton-tensorrt-llm" }), { engine: L.ENGINE_TRITON_TENSORRT_LLM });
  assert.deepEqual(engineOf({ [NEW]: "sglang", [OLD]: "vllm" }), { engine: L.ENGINE_VLLM });
});

test("an engine that is not known is refused with those that are", () => {
  assert.deepEqual(engineOf({ [NEW]: "vLLM" }), {
    label: NEW,
    problem: '"vLLM" is not a known engine (vllm, sglang, trtllm-serve, triton-tensorrt-llm)',
  });
  assert.ok("problem" in engineOf({ [OLD]: "" }));
  assert.ok("problem" in engineOf({ [OLD]: "toString" }));
});

test("roles", () => {
  const role = (value: string): number => roleOf({ "llm-d.ai/role": value });
  assert.equal(role("prefill"), L.ROLE_PREFILL);
  assert.equal(role("decode"), L.ROLE_DECODE);
  assert.equal(role("prefill-decode"), L.ROLE_PREFILL_DECODE);
  assert.equal(role("both"), L.ROLE_PREFILL_DECODE);
  assert.equal(role("encode"), L.ROLE_ENCODE);
  assert.equal(role("something-else"), L.ROLE_ANY);
  assert.equal(roleOf({}), L.ROLE_ANY);
});

test("roles that filters know have no problem", () => {
  const known = ["prefill", "decode", "prefill-decode", "both", "encode", "encode-prefill", "encode-prefill-decode"];
  for (const role of known) assert.equal(roleProblem({ "llm-d.ai/role": role }), undefined, role);
  assert.equal(roleProblem({}), undefined);
  assert.equal(
    roleProblem({ "llm-d.ai/role": "prefil-decode" }),
    '"prefil-decode" is not a known role, did you mean "prefill-decode"?',
  );
});
