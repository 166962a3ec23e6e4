import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EndpointFileError, parseEndpointFile } from "../../../sidecar/discovery/endpoint-file.ts";
import * as L from "../../../wire/layout.ts";

/** What is wrong with a text; nothing: an empty list. */
function problems(text: string): readonly string[] {
  try {
    parseEndpointFile(text);
    return [];
  } catch (error) {
    assert.ok(error instanceof EndpointFileError, String(error));
    return error.problems;
  }
}

/** A file with one pool of one endpoint with these fields. */
function one(fields: Record<string, unknown>): string {
  return JSON.stringify({ pools: [{ name: "p", endpoints: [{ address: "10.0.0.1:80", ...fields }] }] });
}

describe("an endpoint file", () => {
  test("in YAML, with everything", () => {
    const { pools } = parseEndpointFile(`
pools:
  - name: default/base
    endpoints:
      - address: 127.0.0.1:8001
        name: default/sim-1
        zone: a
        ready: false
        rank: 1
        metrics: https://metrics.example:9000/a/b?c=d
        labels: { llm-d.ai/role: decode, inference.networking.k8s.io/engine-type: sglang }
      - address: "[FD00::0:1]:8001"
  - name: empty
    endpoints: []
`);
    assert.deepEqual(pools, [
      {
        name: "default/base",
        endpoints: [
          {
            endpoint: {
              address: "127.0.0.1:8001",
              name: "default/sim-1",
              zone: "a",
              labels: { "llm-d.ai/role": "decode", "inference.networking.k8s.io/engine-type": "sglang" },
              engine: L.ENGINE_SGLANG,
              role: L.ROLE_DECODE,
              rank: 1,
            },
            ready: false,
            metricsUrl: "https://metrics.example:9000/a/b?c=d",
          },
          {
            endpoint: {
              address: "[fd00::1]:8001",
              name: "[fd00::1]:8001",
              zone: "",
              labels: {},
              engine: L.ENGINE_VLLM,
              role: L.ROLE_ANY,
              rank: 0,
            },
            ready: true,
            metricsUrl: "http://[fd00::1]:8001/metrics",
          },
        ],
        objectives: [],
        rewrites: [],
      },
      { name: "empty", endpoints: [], objectives: [], rewrites: [] },
    ]);
  });

  test("in JSON says the same as in YAML", () => {
    const json = `{"pools": [{"name": "a/b", "endpoints": [{"address": "10.0.0.1:80", "labels": {"x": "1"}}]}]}`;
    const yaml = `pools: [{name: a/b, endpoints: [{address: "10.0.0.1:80", labels: {x: "1"}}]}]`;
    assert.deepEqual(parseEndpointFile(json), parseEndpointFile(yaml));
    assert.deepEqual(
      parseEndpointFile(`{pools: [{name: a/b, endpoints: [{address: "10.0.0.1:80", labels: {x: "1"}}]}]}`),
      parseEndpointFile(yaml),
    );
    assert.deepEqual(parseEndpointFile("pools: []"), { pools: [], warnings: [] });
  });

  test("labels may be called anything", () => {
    const {
      pools: [pool],
    } = parseEndpointFile(
      '{"pools":[{"name":"p","endpoints":[{"address":"10.0.0.1:80","labels":{"__proto__":"x","constructor":""}}]}]}',
    );
    const labels = pool?.endpoints[0]?.endpoint.labels ?? {};
    assert.deepEqual(Object.entries(labels), [
      ["__proto__", "x"],
      ["constructor", ""],
    ]);
  });
});

test("a role that no filter knows is warned of, with its line where the file is YAML", () => {
  const yaml = `pools:
  - name: p
    endpoints:
      - address: 10.0.0.1:80
        labels:
          llm-d.ai/role: decoder
      - { address: 10.0.0.2:80, labels: { llm-d.ai/role: anything } }
`;
  const { pools, warnings } = parseEndpointFile(yaml);
  assert.deepEqual(warnings, [
    'pools[0].endpoints[0].labels["llm-d.ai/role"] (line 6): "decoder" is not a known role, did you mean "decode"?',
    'pools[0].endpoints[1].labels["llm-d.ai/role"] (line 7): "anything" is not a known role, known are prefill, ' +
      "decode, prefill-decode, both, encode, encode-prefill, encode-prefill-decode",
  ]);
  assert.deepEqual(
    pools[0]?.endpoints.map(({ endpoint }) => endpoint.role),
    [L.ROLE_ANY, L.ROLE_ANY],
  );
  assert.deepEqual(parseEndpointFile(one({ labels: { "llm-d.ai/role": "Prefill" } })).warnings, [
    'pools[0].endpoints[0].labels["llm-d.ai/role"]: "Prefill" is not a known role, did you mean "prefill"?',
  ]);
});

const AT = "pools[0].endpoints[0]";
const NOT_AN_ADDRESS = "is not ip:port or [ip6]:port (hostnames are not resolved; give the pod's IP)";
const REFUSED: readonly (readonly [name: string, text: string, problems: readonly string[]])[] = [
  ["nothing", "", ["must be a mapping with pools, is empty"]],
  ["a list", "- a", ["must be a mapping with pools, is a list"]],
  ["no pools", "{}", ["pools: must be a list, is missing"]],
  ["pools that are empty", "pools:", ["pools (line 1): must be a list, is empty"]],
  [
    "a misspelt root",
    "pool: []",
    ['pool (line 1): unknown field, did you mean "pools"?', "pools: must be a list, is missing"],
  ],
  [
    "a pool that is none",
    "pools: [x]",
    ['pools[0] (line 1): must be a mapping with name, endpoints, objectives, rewrites, is "x"'],
  ],
  [
    "a pool without anything",
    "pools: [{}]",
    ["pools[0].name (line 1): must be a string, is missing", "pools[0].endpoints (line 1): must be a list, is missing"],
  ],
  [
    "a pool's name",
    "pools: [{name: a/b/c, endpoints: []}]",
    ['pools[0].name (line 1): "a/b/c" is not "name" or "namespace/name" of letters, digits, ".", "_" and "-"'],
  ],
  ["an empty name", 'pools: [{name: "", endpoints: []}]', ["pools[0].name (line 1): must have 1 to 317 bytes, has 0"]],
  [
    "one pool twice",
    "pools: [{name: a/b, endpoints: []}, {name: a/b, endpoints: []}]",
    ['pools[1].name (line 1): "a/b" is already pools[0]'],
  ],
  ["a host name", one({ address: "sim:8000" }), [`${AT}.address: "sim:8000" ${NOT_AN_ADDRESS}`]],
  ["an address that is missing", one({ address: undefined }), [`${AT}.address: must be a string, is missing`]],
  ["a number for an address", one({ address: 8000 }), [`${AT}.address: must be a string, is 8000; put it in quotes`]],
  [
    "one address twice, however written",
    `pools: [{name: p, endpoints: [{address: "[::1]:80"}, {address: "10.0.0.1:80"}, {address: "[0::1]:80"}]}]`,
    ['pools[0].endpoints[2].address (line 1): "[::1]:80" is already pools[0].endpoints[0]'],
  ],
  ["a misspelt field", one({ adress: "x" }), [`${AT}.adress: unknown field, did you mean "address"?`]],
  [
    "an unknown field",
    one({ weight: 3 }),
    [`${AT}.weight: unknown field, known are address, name, zone, ready, rank, metrics, labels`],
  ],
  [
    "a field with a strange name",
    one({ "a b": 3 }),
    [`${AT}["a b"]: unknown field, known are address, name, zone, ready, rank, metrics, labels`],
  ],
  ["ready", one({ ready: "yes" }), [`${AT}.ready: must be true or false, is "yes"`]],
  ["a rank that is negative", one({ rank: -1 }), [`${AT}.rank: must be an integer from 0 to 65535, is -1`]],
  ["a rank that is no integer", one({ rank: 1.5 }), [`${AT}.rank: must be an integer from 0 to 65535, is 1.5`]],
  ["a rank that is text", one({ rank: "1" }), [`${AT}.rank: must be an integer from 0 to 65535, is "1"`]],
  ["a zone that is empty", one({ zone: null }), [`${AT}.zone: must be a string, is empty`]],
  ["a metrics path", one({ metrics: "/metrics" }), [`${AT}.metrics: "/metrics" is not an http or https URL`]],
  ["another scheme", one({ metrics: "ftp://x/" }), [`${AT}.metrics: "ftp://x/" is not an http or https URL`]],
  ["credentials", one({ metrics: "http://u:p@x/" }), [`${AT}.metrics: must not carry a user or a password`]],
  ["labels that are a list", one({ labels: ["a"] }), [`${AT}.labels: must be a mapping, is a list`]],
  [
    "labels that are not text",
    one({ labels: { a: 1, "b/c": true, d: null } }),
    [
      `${AT}.labels.a: must be a string, is 1; put it in quotes`,
      `${AT}.labels["b/c"]: must be a string, is true; put it in quotes`,
      `${AT}.labels.d: must be a string, is empty`,
    ],
  ],
  [
    "an engine",
    one({ labels: { "llm-d.ai/engine-type": "tgi" } }),
    [
      `${AT}.labels["llm-d.ai/engine-type"]: "tgi" is not a known engine (vllm, sglang, trtllm-serve, triton-tensorrt-llm)`,
    ],
  ],
  [
    "everything at once",
    `
pools:
  - name: a
    endpoints:
      - { address: "sim:1", rank: x }
      - { address: 10.0.0.1:80, redy: true }
  - nam: b
    endpoints: []
`,
    [
      `${AT}.address (line 5): "sim:1" ${NOT_AN_ADDRESS}`,
      `${AT}.rank (line 5): must be an integer from 0 to 65535, is "x"`,
      'pools[0].endpoints[1].redy (line 6): unknown field, did you mean "ready"?',
      'pools[1].nam (line 7): unknown field, did you mean "name"?',
      "pools[1].name (line 7): must be a string, is missing",
    ],
  ],
];

describe("an endpoint file is refused for", () => {
  for (const [name, text, expected] of REFUSED) {
    test(name, () => assert.deepEqual(problems(text), expected));
  }

  test("text that is no YAML, with the line", () => {
    assert.match(problems("pools:\n  - name: [\n")[0] ?? "", /^line 3, column 1: /);
    assert.match(problems('{"pools": [}')[0] ?? "", /^line 1, column \d+: /);
    assert.match(problems("pools: []\npools: []\n")[0] ?? "", /^line 2, column 1: Map keys must be unique/);
    assert.equal(problems("pools: []\n---\npools: []\n").length, 1);
    assert.match(
      problems(
        "a: &a [x,x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\npools: [*c,*c,*c,*c,*c]",
      )[0] ?? "",
      /alias/,
    );
  });

  test("too many endpoints or pools", () => {
    const endpoints = Array.from({ length: L.MAX_ENDPOINTS + 1 }, (_, index) => ({
      address: `10.0.${index >> 8}.${index & 255}:80`,
    }));
    assert.deepEqual(problems(JSON.stringify({ pools: [{ name: "p", endpoints }] })), [
      "pools[0].endpoints: 4097 endpoints, a pool may hold 4096",
    ]);
    endpoints.pop();
    assert.deepEqual(problems(JSON.stringify({ pools: [{ name: "p", endpoints }] })), []);
    const pools = Array.from({ length: L.MAX_POOLS + 1 }, (_, index) => ({ name: `p${index}`, endpoints: [] }));
    assert.deepEqual(problems(JSON.stringify({ pools })), ["pools: 1025 pools, there may be 1024"]);
  });

  test("labels that do not fit a frame", () => {
    const endpoints = Array.from({ length: 1000 }, (_, index) => ({
      address: `10.0.${index >> 8}.${index & 255}:80`,
      labels: Object.fromEntries(
        Array.from({ length: 20 }, (_, label) => [`l${label}`, `${index} ${label}`.padEnd(500)]),
      ),
    }));
    const [problem, ...others] = problems(JSON.stringify({ pools: [{ name: "p", endpoints }] }));
    assert.match(problem ?? "", /^pools\[0\]: names and labels are more than a gateway takes: /);
    assert.deepEqual(others, []);
  });
});
