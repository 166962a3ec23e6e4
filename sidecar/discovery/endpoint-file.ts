// The endpoint file: pools and their endpoints in YAML or JSON.

import { LineCounter, parseDocument } from "yaml";
import { encodeRoster } from "../../wire/encode.ts";
import { MAX_ENDPOINTS, MAX_POOLS } from "../../wire/layout.ts";
import type { Endpoint } from "../../wire/model.ts";
import { parseAddress } from "./address.ts";
import { Fields, join, show } from "./fields.ts";
import { engineOf, roleOf } from "./labels.ts";
import type { DiscoveredEndpoint, DiscoveredPool } from "./pool.ts";

const FILE_FIELDS = ["pools"];
const POOL_FIELDS = ["name", "endpoints"];
const ENDPOINT_FIELDS = ["address", "name", "zone", "ready", "rank", "metrics", "labels"];

const POOL_NAME = /^[\w.-]+(\/[\w.-]+)?$/;
/** A namespace of 63, a slash and a name of 253 characters, the most that Kubernetes allows. */
const MAX_NAME = 317;
const MAX_ZONE = 253;
/** Kubernetes: a key has a prefix of 253, a slash and 63 characters, a value 63; files may say more in a value. */
const MAX_LABEL_KEY = 317;
const MAX_LABEL_VALUE = 512;
const MAX_URL = 2048;
const MAX_RANK = 0xffff;

/** An endpoint file that is refused: everything that is wrong with it. */
export class EndpointFileError extends Error {
  /** One line each, beginning with the path of the field where there is one. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[], file?: string) {
    const where = file === undefined ? "endpoint file" : `endpoint file ${file}`;
    super(`${where}: ${problems.join("\n  ")}`);
    this.name = "EndpointFileError";
    this.problems = problems;
  }
}

function parseText(text: string): unknown {
  if (text.trimStart().startsWith("{")) {
    // Machines write JSON, and it is read many times faster; whatever it is that does not parse is left to YAML,
    // which is a superset and says in which line.
    try {
      return JSON.parse(text);
    } catch {}
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new EndpointFileError(
      document.errors.map(({ message, pos }) => {
        const { line, col } = lines.linePos(pos[0]);
        return `line ${line}, column ${col}: ${message}`;
      }),
    );
  }
  try {
    return document.toJS();
  } catch (error) {
    throw new EndpointFileError([(error as Error).message]);
  }
}

function readLabels(fields: Fields, value: unknown, path: string): Record<string, string> | undefined {
  const mapping = fields.mapping(value, path);
  if (mapping === undefined) return undefined;
  const entries: [string, string][] = [];
  for (const [key, text] of Object.entries(mapping)) {
    fields.text(key, `${path}: key ${show(key)}`, MAX_LABEL_KEY);
    entries.push([key, fields.text(text, join(path, key), MAX_LABEL_VALUE, 0) ?? ""]);
  }
  return Object.fromEntries(entries);
}

function readUrl(fields: Fields, value: unknown, path: string): string | undefined {
  const text = fields.text(value, path, MAX_URL);
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    return fields.refuse(path, `${show(text)} is not an http or https URL`);
  }
  if (url.username !== "" || url.password !== "") return fields.refuse(path, "must not carry a user or a password");
  return url.href;
}

function readEndpoint(fields: Fields, value: unknown, path: string): DiscoveredEndpoint | undefined {
  const before = fields.problems.length;
  const mapping = fields.mapping(value, path, ENDPOINT_FIELDS);
  if (mapping === undefined) return undefined;
  /** The default where the field is left out. */
  const read = <T>(key: string, absent: T, reader: (value: unknown, path: string) => T | undefined): T =>
    mapping[key] === undefined ? absent : (reader(mapping[key], join(path, key)) ?? absent);

  const addressPath = join(path, "address");
  const written = fields.text(mapping.address, addressPath, MAX_NAME);
  const address = written === undefined ? undefined : parseAddress(written);
  if (written !== undefined && address === undefined) {
    fields.refuse(
      addressPath,
      `${show(written)} is not ip:port or [ip6]:port (hostnames are not resolved; give the pod's IP)`,
    );
  }
  const labels = read("labels", {}, (labelsValue, at) => readLabels(fields, labelsValue, at));
  const engine = engineOf(labels);
  if ("problem" in engine) fields.refuse(join(join(path, "labels"), engine.label), engine.problem);
  const name = read("name", address ?? "", (text, at) => fields.text(text, at, MAX_NAME));
  const zone = read("zone", "", (text, at) => fields.text(text, at, MAX_ZONE, 0));
  const rank = read("rank", 0, (number, at) => fields.integer(number, at, MAX_RANK));
  const ready = read("ready", true, (flag, at) => fields.flag(flag, at));
  const metricsUrl = read("metrics", `http://${address}/metrics`, (url, at) => readUrl(fields, url, at));
  if (address === undefined || "problem" in engine || fields.problems.length > before) return undefined;
  const endpoint: Endpoint = { address, name, zone, labels, engine: engine.engine, role: roleOf(labels), rank };
  return { endpoint, ready, metricsUrl };
}

function readPool(fields: Fields, value: unknown, path: string): DiscoveredPool | undefined {
  const mapping = fields.mapping(value, path, POOL_FIELDS);
  if (mapping === undefined) return undefined;
  const before = fields.problems.length;
  const namePath = join(path, "name");
  const name = fields.text(mapping.name, namePath, MAX_NAME);
  if (name !== undefined && !POOL_NAME.test(name)) {
    fields.refuse(namePath, `${show(name)} is not "name" or "namespace/name" of letters, digits, ".", "_" and "-"`);
  }
  const listPath = join(path, "endpoints");
  const list = fields.list(mapping.endpoints, listPath) ?? [];
  if (list.length > MAX_ENDPOINTS) {
    return fields.refuse(listPath, `${list.length} endpoints, a pool may hold ${MAX_ENDPOINTS}`);
  }
  const endpoints: DiscoveredEndpoint[] = [];
  const places = new Map<string, string>();
  list.forEach((item, index) => {
    const at = `${listPath}[${index}]`;
    const found = readEndpoint(fields, item, at);
    if (found === undefined) return;
    const { address } = found.endpoint;
    const other = places.get(address);
    if (other !== undefined) fields.refuse(join(at, "address"), `${show(address)} is already ${other}`);
    places.set(address, other ?? at);
    endpoints.push(found);
  });
  if (name === undefined || fields.problems.length > before) return undefined;
  try {
    encodeRoster({ pool: name, epoch: 0n, endpoints: endpoints.map(({ endpoint }) => endpoint) });
  } catch (error) {
    return fields.refuse(path, `names and labels are more than a gateway takes: ${(error as Error).message}`);
  }
  return { name, endpoints };
}

/**
 * Reads an endpoint file's text.
 * @throws EndpointFileError with all its problems.
 */
export function parseEndpointFile(text: string): readonly DiscoveredPool[] {
  const document = parseText(text);
  const fields = new Fields();
  const mapping = fields.mapping(document, "", FILE_FIELDS);
  const list = (mapping && fields.list(mapping.pools, "pools")) ?? [];
  if (list.length > MAX_POOLS) fields.refuse("pools", `${list.length} pools, there may be ${MAX_POOLS}`);
  const pools: DiscoveredPool[] = [];
  const places = new Map<string, string>();
  list.forEach((item, index) => {
    const path = `pools[${index}]`;
    const pool = readPool(fields, item, path);
    if (pool === undefined) return;
    const other = places.get(pool.name);
    if (other !== undefined) fields.refuse(`${path}.name`, `${show(pool.name)} is already ${other}`);
    places.set(pool.name, other ?? path);
    pools.push(pool);
  });
  if (fields.problems.length > 0) throw new EndpointFileError(fields.problems);
  return pools;
}
