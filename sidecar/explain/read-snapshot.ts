// A snapshot's JSON, read strictly: what is unknown or wrong is refused by name, all of it at once.

import { decodeUp, FrameRefused } from "../../wire/decode.ts";
import { EncodeError } from "../../wire/encode.ts";
import { MAX_ENDPOINTS, MAX_JOURNAL_BYTES, SAMPLE_NEVER } from "../../wire/layout.ts";
import { parseAddress } from "../discovery/address.ts";
import { engineOf, roleOf } from "../discovery/labels.ts";
import {
  flag,
  integer,
  list,
  listOf,
  mapping,
  number,
  Place,
  type Reader,
  show,
  text,
  texts,
} from "../support/fields.ts";
import { type Finding, Findings, findingText } from "../support/findings.ts";
import { engineNames, roleNames } from "./names.ts";
import { constant, optional } from "./plan-fields.ts";
import { POLICY_FIELDS, readPolicies } from "./policies.ts";
import { readPlan } from "./read-plan.ts";
import { SNAPSHOT_VERSION, type Snapshot, type SnapshotEndpoint, type SnapshotPool } from "./snapshot.ts";
import { flightFrame, loadFrame, planFrame, policyFrame, rosterFrame } from "./state-frames.ts";

const SNAPSHOT_FIELDS = ["version", "pools", "journals"];
const POOL_FIELDS = ["name", "freshFor", "plan", "endpoints", ...POLICY_FIELDS];
const ENDPOINT_FIELDS = [
  ...["address", "name", "zone", "labels", "engine", "role", "rank", "ready", "age", "waiting", "running", "kvUsage"],
  ...["blockSize", "blockCount", "runningAdapters", "waitingAdapters", "maxAdapters", "inFlight"],
];
const IN_FLIGHT_FIELDS = ["requests", "tokens", "prefill"];
/** How long a sidecar believes a sample unless it is told otherwise, in milliseconds. */
const FRESH_FOR_MS = 2000;
const U16_MAX = 0xffff;
const U32_MAX = 0xffffffff;
const MAX_TEXT = 2048;
const BASE64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/;
const NOTHING = { requests: 0, tokens: 0, prefill: 0 };

/** A snapshot that cannot be used, with every reason why. */
export class SnapshotRefused extends Error {
  readonly problems: readonly Finding[];

  /** @param origin what was read, as a reader of the message knows it: a file's name or an address. */
  constructor(origin: string, problems: readonly Finding[]) {
    super([`${origin} is refused:`, ...problems.map((problem) => `  ${findingText(problem)}`)].join("\n"));
    this.name = "SnapshotRefused";
    this.problems = problems;
  }
}

const count = integer(0, U32_MAX);
const readText = text(MAX_TEXT);
const readTextOrNothing = text(MAX_TEXT, 0);
const readLabels = texts(MAX_TEXT, MAX_TEXT);
const readAge: Reader<number | null> = (value, place) =>
  value === null ? null : integer(0, SAMPLE_NEVER - 1)(value, place);

const readInFlight: Reader<typeof NOTHING> = (value, place) => {
  const fields = mapping(value, place, IN_FLIGHT_FIELDS);
  if (fields === undefined) return undefined;
  const read = optional(fields, place);
  return {
    requests: read("requests", 0, count),
    tokens: read("tokens", 0, count),
    prefill: read("prefill", 0, count),
  };
};

function readAddress(value: unknown, place: Place): string | undefined {
  const written = readText(value, place);
  if (written === undefined) return undefined;
  return parseAddress(written) ?? place.refuse(`${show(written)} is not ip:port or [ip6]:port`);
}

const readEndpoint: Reader<SnapshotEndpoint> = (value, place) => {
  const fields = mapping(value, place, ENDPOINT_FIELDS);
  if (fields === undefined) return undefined;
  const read = optional(fields, place);
  const address = readAddress(fields.address, place.at("address"));
  const labels = read("labels", {}, readLabels);
  const engine = engineOf(labels);
  if ("problem" in engine) place.at("labels").at(engine.label).refuse(engine.problem);
  const byLabel = "problem" in engine ? 0 : engine.engine;
  return {
    endpoint: {
      address: address ?? "",
      name: read("name", address ?? "", readTextOrNothing),
      zone: read("zone", "", readTextOrNothing),
      labels,
      engine: read("engine", byLabel, constant(engineNames)),
      role: read("role", roleOf(labels), constant(roleNames)),
      rank: read("rank", 0, integer(0, U16_MAX)),
    },
    sample: {
      ready: read("ready", true, flag),
      age: read("age", 0, readAge) ?? undefined,
      counter: 1,
      waiting: read("waiting", 0, count),
      running: read("running", 0, count),
      kvUsage: read("kvUsage", 0, number({ min: 0, max: 1 })),
      blockSize: read("blockSize", 0, count),
      blockCount: read("blockCount", 0, count),
      runningAdapters: read("runningAdapters", [], listOf(readText)),
      waitingAdapters: read("waitingAdapters", [], listOf(readText)),
      maxAdapters: read("maxAdapters", 0, integer(0, U16_MAX)),
    },
    inFlight: read("inFlight", NOTHING, readInFlight),
  };
};

/** Refuses what an earlier item has already. */
function refuseTwice(names: readonly (string | undefined)[], section: Place, field: string): void {
  const places = new Map<string, Place>();
  names.forEach((name, index) => {
    if (name === undefined || name === "") return;
    const other = places.get(name);
    if (other !== undefined)
      section
        .at(index)
        .at(field)
        .refuse(`${show(name)} is already ${other.text}`);
    else places.set(name, section.at(index));
  });
}

const readPool: Reader<SnapshotPool> = (value, place) => {
  const { problems } = place.findings;
  const before = problems.length;
  const fields = mapping(value, place, POOL_FIELDS);
  if (fields === undefined) return undefined;
  const read = optional(fields, place);
  const name = readText(fields.name, place.at("name"));
  const section = place.at("endpoints");
  const items = list(fields.endpoints, section) ?? [];
  if (items.length > MAX_ENDPOINTS) {
    return section.refuse(`${items.length} endpoints, a pool may hold ${MAX_ENDPOINTS}`);
  }
  const endpoints = listOf(readEndpoint)(items, section) ?? [];
  if (endpoints.length === items.length) {
    refuseTwice(
      endpoints.map(({ endpoint }) => endpoint.address),
      section,
      "address",
    );
  }
  const freshFor = read("freshFor", FRESH_FOR_MS, integer(0, SAMPLE_NEVER - 1));
  const plan = read("plan", undefined, readPlan);
  const policies = readPolicies(fields, place);
  if (name === undefined || problems.length > before) return undefined;
  const pool = { name, freshFor, plan, endpoints, policies };
  try {
    rosterFrame(pool);
    loadFrame(pool, 1n);
    flightFrame(pool);
    policyFrame(pool);
    if (plan !== undefined) planFrame(pool, plan);
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error;
    return place.refuse(`is more than a gateway takes: ${error.message}`);
  }
  return pool;
};

const readJournal: Reader<Uint8Array> = (value, place) => {
  const written = text(MAX_JOURNAL_BYTES * 2)(value, place);
  if (written === undefined) return undefined;
  if (!BASE64.test(written)) return place.refuse("is not base64");
  try {
    const frame = decodeUp(Buffer.from(written, "base64"));
    if (frame.kind !== "journal") return place.refuse(`must be a JOURNAL frame, is ${frame.kind.toUpperCase()}`);
    return frame.owner === 0n ? frame.bytes : place.refuse(`must have owner 0, has ${frame.owner}`);
  } catch (error) {
    if (!(error instanceof FrameRefused)) throw error;
    return place.refuse(`is no frame: ${error.message}`);
  }
};

function parse(source: string, place: Place): unknown {
  try {
    return JSON.parse(source);
  } catch (error) {
    return place.refuse(`is not JSON: ${(error as Error).message}`);
  }
}

/**
 * Reads a snapshot's JSON.
 * @param origin what errors call the text: the file's name or the address that it came from.
 * @throws SnapshotRefused with every problem of the text.
 */
export function readSnapshot(source: string, origin: string): Snapshot {
  const findings = new Findings();
  const root = new Place([], findings);
  const value = parse(source, root);
  const fields = findings.problems.length > 0 ? undefined : mapping(value, root, SNAPSHOT_FIELDS);
  if (fields === undefined) throw new SnapshotRefused(origin, findings.problems);
  if (fields.version !== SNAPSHOT_VERSION) {
    root.at("version").expect(`${SNAPSHOT_VERSION}, the only one that this program reads`, fields.version);
  }
  const read = optional(fields, root);
  const pools = listOf(readPool)(fields.pools, root.at("pools")) ?? [];
  const journals = read("journals", [], listOf(readJournal));
  if (findings.problems.length === 0) {
    refuseTwice(
      pools.map(({ name }) => name),
      root.at("pools"),
      "name",
    );
  }
  if (findings.problems.length > 0) throw new SnapshotRefused(origin, findings.problems);
  return { pools, journals };
}
