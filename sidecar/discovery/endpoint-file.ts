// The endpoint file: pools, their endpoints and their policies in YAML or JSON.

import { type Document, LineCounter, parseDocument } from "yaml";
import { encodeRoster } from "../../wire/encode.ts";
import { MAX_ENDPOINTS, MAX_POOLS } from "../../wire/layout.ts";
import type { Endpoint } from "../../wire/model.ts";
import { flag, integer, list, mapping, Place, type Reader, show, text, texts } from "../support/fields.ts";
import { Findings, findingText } from "../support/findings.ts";
import { lineFinder } from "../support/yaml-lines.ts";
import { parseAddress } from "./address.ts";
import { POLICY_FIELDS, readPolicies } from "./file-policies.ts";
import { engineOf, ROLE_LABEL, roleOf, roleProblem } from "./labels.ts";
import type { DiscoveredEndpoint, DiscoveredPool } from "./pool.ts";

/** What a file may hold, and what each is. */
export const FILE_FIELDS = { pools: `a list; ${MAX_POOLS} at most; required` } as const;

/** What a pool may hold. */
export const POOL_FIELDS = {
  name: "`namespace/name`, or a name alone; required",
  endpoints: `a list; ${MAX_ENDPOINTS} at most; required`,
  ...POLICY_FIELDS,
} as const;

/** What an endpoint may hold. */
export const ENDPOINT_FIELDS = {
  address: "`ip:port` or `[ip6]:port`, each once; no host names; required",
  name: "what it is called; left out, its address",
  zone: "the zone where it is; left out, none",
  ready: "`false`: it takes no new requests and is not scraped; left out, `true`",
  rank: "which of its pod's ports it is, from 0, for data-parallel ranks; left out 0",
  metrics: "URL of its metrics; left out, `http://<address>/metrics`",
  labels: "labels as pods have them, which say its engine and role, and which filters look at; left out, none",
} as const;

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

/** An endpoint file that can be used. */
export interface EndpointFile {
  readonly pools: readonly DiscoveredPool[];
  /** What is surely not meant, one line each, beginning with the path of the field. */
  readonly warnings: readonly string[];
}

/** A document and where to note what is wrong with it: with lines where it is YAML. */
function parseText(text: string): { document: unknown; findings: Findings } {
  if (text.trimStart().startsWith("{")) {
    // Machines write JSON, and it is read many times faster; whatever it is that does not parse is left to YAML,
    // which is a superset and says in which line.
    try {
      return { document: JSON.parse(text), findings: new Findings() };
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
    return { document: document.toJS(), findings: new Findings(lineFinder(document as Document, lines)) };
  } catch (error) {
    throw new EndpointFileError([(error as Error).message]);
  }
}

const readLabels = texts(MAX_LABEL_KEY, MAX_LABEL_VALUE);
const readName = text(MAX_NAME);
const readZone = text(MAX_ZONE, 0);
const readRank = integer(0, MAX_RANK);

function readUrl(value: unknown, place: Place): string | undefined {
  const written = text(MAX_URL)(value, place);
  if (written === undefined) return undefined;
  const url = URL.parse(written);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    return place.refuse(`${show(written)} is not an http or https URL`);
  }
  if (url.username !== "" || url.password !== "") return place.refuse("must not carry a user or a password");
  return url.href;
}

function readEndpoint(value: unknown, place: Place): DiscoveredEndpoint | undefined {
  const { problems } = place.findings;
  const before = problems.length;
  const fields = mapping(value, place, Object.keys(ENDPOINT_FIELDS));
  if (fields === undefined) return undefined;
  /** The default where the field is left out. */
  const read = <T>(key: string, absent: T, reader: Reader<T>): T =>
    fields[key] === undefined ? absent : (reader(fields[key], place.at(key)) ?? absent);

  const addressPlace = place.at("address");
  const written = readName(fields.address, addressPlace);
  const address = written === undefined ? undefined : parseAddress(written);
  if (written !== undefined && address === undefined) {
    addressPlace.refuse(
      `${show(written)} is not ip:port or [ip6]:port (hostnames are not resolved; give the pod's IP)`,
    );
  }
  const labels = read("labels", {}, readLabels);
  const engine = engineOf(labels);
  if ("problem" in engine) place.at("labels").at(engine.label).refuse(engine.problem);
  const unknownRole = roleProblem(labels);
  if (unknownRole !== undefined) place.at("labels").at(ROLE_LABEL).warn(unknownRole);
  const name = read("name", address ?? "", readName);
  const zone = read("zone", "", readZone);
  const rank = read("rank", 0, readRank);
  const ready = read("ready", true, flag);
  const metricsUrl = read("metrics", `http://${address}/metrics`, readUrl);
  if (address === undefined || "problem" in engine || problems.length > before) return undefined;
  const endpoint: Endpoint = { address, name, zone, labels, engine: engine.engine, role: roleOf(labels), rank };
  return { endpoint, ready, metricsUrl };
}

function readPool(value: unknown, place: Place): DiscoveredPool | undefined {
  const { problems } = place.findings;
  const fields = mapping(value, place, Object.keys(POOL_FIELDS));
  if (fields === undefined) return undefined;
  const before = problems.length;
  const name = readName(fields.name, place.at("name"));
  if (name !== undefined && !POOL_NAME.test(name)) {
    place.at("name").refuse(`${show(name)} is not "name" or "namespace/name" of letters, digits, ".", "_" and "-"`);
  }
  const section = place.at("endpoints");
  const items = list(fields.endpoints, section) ?? [];
  if (items.length > MAX_ENDPOINTS) {
    return section.refuse(`${items.length} endpoints, a pool may hold ${MAX_ENDPOINTS}`);
  }
  const endpoints: DiscoveredEndpoint[] = [];
  const places = new Map<string, string>();
  items.forEach((item, index) => {
    const at = section.at(index);
    const found = readEndpoint(item, at);
    if (found === undefined) return;
    const { address } = found.endpoint;
    const other = places.get(address);
    if (other !== undefined) at.at("address").refuse(`${show(address)} is already ${other}`);
    places.set(address, other ?? at.text);
    endpoints.push(found);
  });
  const policies = readPolicies(fields, name ?? "", place);
  if (name === undefined || problems.length > before) return undefined;
  try {
    encodeRoster({ pool: name, epoch: 0n, endpoints: endpoints.map(({ endpoint }) => endpoint) });
  } catch (error) {
    return place.refuse(`names and labels are more than a gateway takes: ${(error as Error).message}`);
  }
  return { name, endpoints, ...policies };
}

/**
 * Reads an endpoint file's text.
 * @throws EndpointFileError with all its problems.
 */
export function parseEndpointFile(source: string): EndpointFile {
  const { document, findings } = parseText(source);
  const root = new Place([], findings);
  const fields = mapping(document, root, Object.keys(FILE_FIELDS));
  const section = root.at("pools");
  const items = (fields && list(fields.pools, section)) ?? [];
  if (items.length > MAX_POOLS) section.refuse(`${items.length} pools, there may be ${MAX_POOLS}`);
  const pools: DiscoveredPool[] = [];
  const places = new Map<string, string>();
  items.forEach((item, index) => {
    const at = section.at(index);
    const pool = readPool(item, at);
    if (pool === undefined) return;
    const other = places.get(pool.name);
    if (other !== undefined) at.at("name").refuse(`${show(pool.name)} is already ${other}`);
    places.set(pool.name, other ?? at.text);
    pools.push(pool);
  });
  if (findings.problems.length > 0) throw new EndpointFileError(findings.problems.map(findingText));
  return { pools, warnings: findings.warnings.map(findingText) };
}
