import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "../../../sidecar/epp-config/read.ts";
import { ConfigNews, configText } from "../../../sidecar/page/config-standing.ts";
import { hideInText, hideSecrets } from "../../../sidecar/page/hide-secrets.ts";

test("what is behind a key that says it is a secret is hidden, however deep", () => {
  const document = {
    indexer: { huggingFaceToken: "hf_abc", redisPassword: "x", nested: [{ clientSecret: "y", apiKey: "z" }] },
    credentials: { user: "u", list: ["v", 3] },
    sentinelPassword: 1234,
  };
  assert.deepEqual(hideSecrets(document), {
    indexer: {
      huggingFaceToken: "(hidden)",
      redisPassword: "(hidden)",
      nested: [{ clientSecret: "(hidden)", apiKey: "(hidden)" }],
    },
    credentials: { user: "(hidden)", list: ["(hidden)", "(hidden)"] },
    sentinelPassword: "(hidden)",
  });
});

test("what only counts tokens, and paths and names, are shown", () => {
  const document = {
    ...{ maxPrefixTokensToMatch: 4, tokens: 7, msPerToken: 2, clientKeyPath: "/etc/key", token: "" },
    ...{ maxTokens: "4096", tokenLimit: 8192, maxOutputTokens: 5, tokenizer: "org/model", accessKeys: 3 },
    tokenizersPoolConfig: { modelName: "org/token-model", hf: { tokenizersCacheDir: "/tokenizers" } },
    plugins: [{ type: "token-load-scorer", name: "token-load", parameters: { queueThresholdTokens: 4194304 } }],
    env: [{ name: "MAX_TOKENS", value: "4096" }],
    args: ["--max-tokens", "4096", "--tokenizer", "org/model", "--token-limit=5", "--tokens: 7"],
    spec: 'vllm:prompt_tokens_total{model="a"}',
    problem: "plugins[1].parameters.maxTokens: must be a number; tokenizer: not known; token limit: 5",
  };
  assert.deepEqual(hideSecrets(document), document);
});

test("a value is hidden where a name beside it, or a flag before it, says that it is a secret", () => {
  const document = {
    env: [
      { name: "HF_TOKEN", value: "hf_abc" },
      { name: "PORT", value: "80" },
    ],
    headers: [
      { name: "Authorization", value: "Bearer abc" },
      { header: "x-api-key", values: ["abc"] },
    ],
    args: ["--token", "abc", "--model", "m", "--redis-password", "p", "--api-key=abc"],
    aws: { accessKey: "AKIA", accessKeyId: "A", secretAccessKey: "B" },
    "tls.key": "LS0tLS1CRUdJTiBQ",
    pem: "-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----\n",
  };
  assert.deepEqual(hideSecrets(document), {
    env: [
      { name: "HF_TOKEN", value: "(hidden)" },
      { name: "PORT", value: "80" },
    ],
    headers: [
      { name: "Authorization", value: "(hidden)" },
      { header: "x-api-key", values: ["(hidden)"] },
    ],
    args: ["--token", "(hidden)", "--model", "m", "--redis-password", "(hidden)", "--api-key=(hidden)"],
    aws: { accessKey: "(hidden)", accessKeyId: "(hidden)", secretAccessKey: "(hidden)" },
    "tls.key": "(hidden)",
    pem: "(hidden)\n",
  });
});

test("secrets within texts are hidden where URLs and options have them", () => {
  for (const [text, shown] of [
    ["redis://user:p@ss@redis.ns:6379/0", "redis://(hidden)@redis.ns:6379/0"],
    ["rediss://:secret@h:1", "rediss://(hidden)@h:1"],
    ["https://h/x?token=abc&a=1", "https://h/x?token=(hidden)&a=1"],
    ["h:6379,password=abc,ssl=true", "h:6379,password=(hidden),ssl=true"],
    ["http://h:80/a@b", "http://h:80/a@b"],
    ["Authorization: Bearer abc", "Authorization: (hidden)"],
    ["curl -H 'Authorization: token abc' h", "curl -H 'Authorization: (hidden)' h"],
    ["sent Basic dXNlcjpw, then left", "sent Basic (hidden), then left"],
    ["password: hunter2", "password: (hidden)"],
    ['{"hfToken": "a b", "n": 1}', '{"hfToken": (hidden), "n": 1}'],
    ['{\\"apiKey\\": \\"a\\"}', '{\\"apiKey\\": (hidden)}'],
    ["serve --hf-token abc --port 80", "serve --hf-token (hidden) --port 80"],
    ["a -----BEGIN PRIVATE KEY-----\nabc\n", "a (hidden)"],
    ["-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----"],
    ["plugins[0].weight: must be a number", "plugins[0].weight: must be a number"],
  ] as const) {
    assert.equal(hideInText(text), shown, text);
  }
});

test("a configuration's text has all defaults and no secrets of what is passed over", () => {
  const text = configText(
    readConfig(
      `apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
plugins:
  - type: core-metrics-extractor
    parameters: {engineConfigs: [{name: vllm, authToken: t0p, url: "http://me:pw@h/"}]}
  - type: queue-scorer
schedulingProfiles:
  - name: default
    plugins: [{pluginRef: queue-scorer}]
`,
      "the test",
    ).config,
  );
  assert.match(text, /authToken: \(hidden\)/);
  assert.match(text, /http:\/\/\(hidden\)@h\//);
  assert.doesNotMatch(text, /t0p|pw/);
  assert.match(text, /type: max-score-picker/);
});

test("a problem that quotes a URL shows no password, and the revision moves with what is read", () => {
  const heard: unknown[] = [];
  const news = new ConfigNews("config.yaml", { reloaded: (...all) => heard.push(all) });
  news.reloaded("refused", ["redis://a:b@h is not a number"]);
  assert.deepEqual(news.standing.problems, ["redis://(hidden)@h is not a number"]);
  assert.equal(news.standing.revision, 1);
  news.reloaded("unchanged", []);
  news.reloaded("applied", []);
  assert.deepEqual([news.standing.revision, news.standing.problems], [3, []]);
  assert.equal(heard.length, 3);
});
