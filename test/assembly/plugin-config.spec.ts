import {
  ERRORS_API, ERRORS_PLAIN, FAIL_CLOSE, FAIL_OPEN, HOLD_BUFFER, HOLD_SELF, parsePluginConfig, PluginConfig, POOL_CONFIGURED, POOL_FROM_CLUSTER,
  POOL_FROM_METADATA, POOL_FROM_ROUTE,
} from "../../assembly/config/plugin-config.ts";
import { xxh64 } from "../../assembly/hash/xxh64.ts";
import { Line } from "../../assembly/text/line.ts";
import { Text } from "../../assembly/text/text.ts";

const config = new PluginConfig();
const error = new Line();

function parse(json: string): bool {
  const bytes = String.UTF8.encode(json);
  error.clear();
  return parsePluginConfig(config, changetype<usize>(bytes), bytes.byteLength, error);
}

function contentOf(value: Text): string {
  return String.UTF8.decodeUnsafe(value.at, value.length);
}

// Refuses the configuration and says exactly this.
function refusal(json: string): string {
  return parse(json) ? "accepted" : String.UTF8.decodeUnsafe(error.at, error.length);
}

// The message for a field of a configuration that is right otherwise.
function refusalOf(field: string): string {
  return refusal('{"stateCluster": "sidecar", ' + field + "}");
}

// Every field but stateCluster, which has none.
function expectDefaults(): void {
  expect(contentOf(config.authority)).toBe("inline-epp");
  expect(contentOf(config.pool)).toBe("");
  expect(contentOf(config.route)).toBe("");
  expect(config.poolFrom).toBe(POOL_CONFIGURED);
  expect(config.pools.size).toBe(0);
  expect(config.hold).toBe(HOLD_BUFFER);
  expect(config.failureMode).toBe(FAIL_CLOSE);
  expect(config.errors).toBe(ERRORS_API);
  expect(config.staleAfter).toBe(5000000);
  expect(config.watchdog).toBe(5000000);
  expect(config.prefixMemory).toBe(16777216);
  expect(contentOf(config.explainHeader)).toBe("");
}

// The name of the pool that a cluster's or route's name stands for; empty: none.
function poolFor(name: string): string {
  const bytes = String.UTF8.encode(name);
  const place = config.pools.find(changetype<usize>(bytes), bytes.byteLength);
  if (place < 0) return "";
  const at = config.pools.poolAt(place);
  const length = config.pools.poolLength(place);
  expect(config.pools.pool(place)).toBe(xxh64(at, length), "its key");
  return String.UTF8.decodeUnsafe(at, length);
}

function manyPools(count: i32): string {
  let entries = "";
  for (let i = 0; i < count; i++) {
    entries += (i == 0 ? "" : ",") + '"route-' + i.toString() + '":"ns/pool-' + i.toString() + '"';
  }
  return '"poolFrom":"route","pools":{' + entries + "}";
}

const DURATION = ', must be a duration such as "500ms", "5s" or "2m"';

describe("the plugin configuration", () => {
  it("needs a stateCluster only", () => {
    expect(parse('{"stateCluster":"sidecar"}')).toBeTruthy();
    expect(contentOf(config.stateCluster)).toBe("sidecar");
    expectDefaults();
  });

  it("reads every field, in any order and with any blanks", () => {
    const json =
      ' { "watchdog" : "250ms" ,"staleAfter":"2m",\n"failureMode":"FailOpen","errors":"plain",\t"hold":"self",' +
      '"pool":"team-a/größe","prefixMemory":"64MiB","explainHeader":"x-explain_2","authority":"state.example:443","route":"iep","stateCluster":"outbound|9002||epp.ns.svc.cluster.local"}\r\n';
    expect(parse(json)).toBeTruthy();
    expect(contentOf(config.stateCluster)).toBe("outbound|9002||epp.ns.svc.cluster.local");
    expect(contentOf(config.authority)).toBe("state.example:443");
    expect(contentOf(config.route)).toBe("iep");
    expect(contentOf(config.pool)).toBe("team-a/größe");
    expect(config.hold).toBe(HOLD_SELF);
    expect(config.failureMode).toBe(FAIL_OPEN);
    expect(config.errors).toBe(ERRORS_PLAIN);
    expect(config.staleAfter).toBe(120000000);
    expect(config.watchdog).toBe(250000);
    expect(config.prefixMemory).toBe(67108864);
    expect(contentOf(config.explainHeader)).toBe("x-explain_2");
  });

  it("takes the values that are defaults too", () => {
    expect(parse('{"stateCluster":"s","hold":"buffer","failureMode":"FailClose"}')).toBeTruthy();
    expect(config.hold).toBe(HOLD_BUFFER);
    expect(config.failureMode).toBe(FAIL_CLOSE);
  });

  it("leaves nothing of the configuration that the object held before", () => {
    parse(
      '{"stateCluster":"long-name-of-a-cluster","authority":"a-long-authority","route":"r","pool":"p/q","hold":"self",' +
        '"failureMode":"FailOpen","staleAfter":"1s","watchdog":"1s","prefixMemory":"1MiB","explainHeader":"x-why","errors":"plain"}',
    );
    parse('{"stateCluster":"s","poolFrom":"route","pools":{"a":"b/c"}}');
    expect(parse('{"stateCluster":"short"}')).toBeTruthy();
    expect(contentOf(config.stateCluster)).toBe("short");
    expectDefaults();
  });

  it("takes the pool from the cluster or the route", () => {
    expect(parse('{"stateCluster":"s","poolFrom":"cluster"}')).toBeTruthy();
    expect(config.poolFrom).toBe(POOL_FROM_CLUSTER);
    expect(config.pools.size).toBe(0);
    expect(parse('{"stateCluster":"s","poolFrom":"route"}')).toBeTruthy();
    expect(config.poolFrom).toBe(POOL_FROM_ROUTE);
    expect(parse('{"stateCluster":"s","poolFrom":"metadata"}')).toBeTruthy();
    expect(config.poolFrom).toBe(POOL_FROM_METADATA);
  });

  it("reads which pool a name stands for, before or after poolFrom", () => {
    expect(
      parse('{ "pools" : { "chat" : "team-a/base" ,\n"größe|1":"team-b/other"} ,"poolFrom":"route","stateCluster":"s"}'),
    ).toBeTruthy();
    expect(config.pools.size).toBe(2);
    expect(poolFor("chat")).toBe("team-a/base");
    expect(poolFor("größe|1")).toBe("team-b/other");
    expect(poolFor("cha")).toBe("");
    expect(poolFor("")).toBe("");
  });

  it("has room for 64 names, with pools of 253 characters, and says so", () => {
    expect(refusalOf(manyPools(64))).toBe("accepted");
    expect(poolFor("route-0")).toBe("ns/pool-0");
    expect(poolFor("route-63")).toBe("ns/pool-63");
    expect(refusalOf(manyPools(65))).toBe("pools has too many entries, at most 64 fit");
    const most = "n".repeat(253);
    expect(refusalOf('"poolFrom":"route","pools":{"a":"' + most + '","b":"ns/b"}')).toBe("accepted");
    expect(poolFor("a")).toBe(most);
    expect(poolFor("b")).toBe("ns/b");
    const long = "n".repeat(254);
    expect(refusalOf('"poolFrom":"route","pools":{"a":"' + long + '"}')).toBe(
      'pools: "a" is "' + long + '", must be 1 to 253 characters',
    );
  });

  it("refuses pools that say nothing, or twice", () => {
    const noMap = "pools must be a JSON object of strings without escapes";
    const values = [
      "5", '"a"', "[]", '{"a"}', '{"a":5}', '{"a":{}}', '{"a":"b/c",}',
      '{"a":"b/c" "d":"e/f"}', '{"a\\u0041":"b/c"}',
    ];
    for (let i = 0; i < values.length; i++) expect(refusalOf('"pools":' + values[i])).toBe(noMap, values[i]);
    expect(refusalOf('"poolFrom":"route","pools":{}')).toBe("pools is empty, must name at least one pool");
    expect(refusalOf('"pools":{"":"a/b"}')).toBe(
      "pools has an entry without a name, must be that of a cluster or route",
    );
    expect(refusalOf('"pools":{"a":""}')).toBe('pools: "a" is "", must be 1 to 253 characters');
    expect(refusalOf('"pools":{"a":"b/c","b":"b/c","a":"d/e"}')).toBe('pools has "a" twice');
  });

  it("refuses settings of pools that contradict each other", () => {
    expect(refusalOf('"poolFrom":"header"')).toBe('poolFrom is "header", must be "cluster", "route" or "metadata"');
    expect(refusalOf('"pool":"a/b","poolFrom":"route"')).toBe(
      "pool and poolFrom exclude each other: either all requests have one pool, or each has its own",
    );
    expect(refusalOf('"pools":{"a":"b/c"}')).toBe(
      'pools needs poolFrom: are its names those of clusters ("cluster") or of routes ("route")?',
    );
    expect(refusalOf('"pool":"a/b","pools":{"a":"b/c"}').startsWith("pools needs poolFrom")).toBeTruthy();
  });

  it("allows names of 253 characters and no longer ones", () => {
    const most = "n".repeat(253);
    expect(parse('{"stateCluster":"' + most + '","authority":"' + most + '","route":"' + most + '","pool":"' + most + '"}')).toBeTruthy();
    expect(config.stateCluster.length).toBe(253);
    expect(config.authority.length).toBe(253);
    expect(config.route.length).toBe(253);
    expect(config.pool.length).toBe(253);
    const long = "n".repeat(254);
    expect(refusal('{"stateCluster":"' + long + '"}')).toBe(
      'stateCluster is "' + long + '", must be 1 to 253 characters',
    );
    expect(refusalOf('"authority":"' + long + '"').startsWith("authority is ")).toBeTruthy();
    expect(refusalOf('"pool":"' + long + '"').startsWith("pool is ")).toBeTruthy();
  });

  it("names the field, its value and what it must be", () => {
    expect(refusalOf('"authority":""')).toBe('authority is "", must be 1 to 253 characters');
    expect(refusalOf('"route":""')).toBe('route is "", must be 1 to 253 characters');
    expect(refusalOf('"pool":""')).toBe('pool is "", must be 1 to 253 characters');
    expect(refusal('{"stateCluster":""}')).toBe('stateCluster is "", must be 1 to 253 characters');
    const memory = ', must be an amount of memory from "64KiB" to "512MiB"';
    expect(refusalOf('"prefixMemory":"63KiB"')).toBe('prefixMemory is "63KiB"' + memory);
    expect(refusalOf('"prefixMemory":"513MiB"')).toBe('prefixMemory is "513MiB"' + memory);
    expect(refusalOf('"prefixMemory":"16MB"')).toBe('prefixMemory is "16MB"' + memory);
    expect(refusalOf('"explainHeader":"X-Explain"')).toBe(
      'explainHeader is "X-Explain", must be a header name in lower case, such as "x-explain"',
    );
    expect(refusalOf('"hold":"filter"')).toBe('hold is "filter", must be "buffer" or "self"');
    expect(refusalOf('"errors":"json"')).toBe('errors is "json", must be "api" or "plain"');
    expect(refusalOf('"failureMode":"failOpen"')).toBe('failureMode is "failOpen", must be "FailOpen" or "FailClose"');
    expect(refusalOf('"staleAfter":"5"')).toBe('staleAfter is "5"' + DURATION);
    expect(refusalOf('"staleAfter":"0s"')).toBe('staleAfter is "0s"' + DURATION);
    expect(refusalOf('"watchdog":"1h"')).toBe('watchdog is "1h"' + DURATION);
    expect(refusalOf('"watchdog":"1441m"')).toBe('watchdog is "1441m"' + DURATION);
  });

  it("names a field that is no string", () => {
    const fields = ["authority", "route", "pool", "hold", "failureMode", "staleAfter", "watchdog", "poolFrom"];
    const values = ["5", "true", "null", "[]", "{}", '"a\\u0041"', ""];
    for (let i = 0; i < fields.length; i++) {
      for (let j = 0; j < values.length; j++) {
        const field = '"' + fields[i] + '":' + values[j];
        expect(refusalOf(field)).toBe(fields[i] + " must be a string without escapes", field);
      }
    }
  });

  it("names an unknown field and lists the known ones", () => {
    const known = "; fields: stateCluster, authority, route, pool, poolFrom, pools, hold, failureMode, staleAfter, watchdog, prefixMemory, explainHeader, errors, subset";
    expect(refusalOf('"failuremode":"FailOpen"')).toBe('unknown field "failuremode"' + known);
    expect(refusalOf('"holds":5')).toBe('unknown field "holds"' + known);
    expect(refusalOf('"":""')).toBe('unknown field ""' + known);
  });

  it("says that stateCluster is missing", () => {
    const missing = "stateCluster is required: the Envoy cluster of the sidecar's state stream";
    expect(refusal("{}")).toBe(missing);
    expect(refusal('{"pool":"default/base"}')).toBe(missing);
  });

  it("says where the JSON is none", () => {
    expect(refusal("")).toBe("the configuration must be a JSON object");
    expect(refusal("[]")).toBe("the configuration must be a JSON object");
    expect(refusal('"stateCluster"')).toBe("the configuration must be a JSON object");
    expect(refusal("{")).toBe("the configuration is not JSON: expected a field name");
    expect(refusal("{,}")).toBe("the configuration is not JSON: expected a field name");
    expect(refusal('{"stateCluster":"s",}')).toBe("the configuration is not JSON: expected a field name");
    expect(refusal('{"stateCluster" "s"}')).toBe("the configuration is not JSON: expected a colon");
    expect(refusal('{"stateCluster":"s" "pool":"p"}')).toBe(
      "the configuration is not JSON: expected a comma or a closing brace",
    );
    expect(refusal('{"stateCluster":"s"')).toBe("the configuration is not JSON: expected a comma or a closing brace");
    expect(refusal('{"stateCluster":"s"} {}')).toBe("the configuration goes on after the closing brace");
  });

  it("is not read past its end", () => {
    const bytes = String.UTF8.encode('{"stateCluster":"s"}');
    for (let length = 0; length < bytes.byteLength; length++) {
      error.clear();
      expect(parsePluginConfig(config, changetype<usize>(bytes), length, error)).toBeFalsy();
    }
  });
});
