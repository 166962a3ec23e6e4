import { check, EncodeError, frame } from "./encode-frame.ts";
import * as L from "./layout.ts";
import type { Load, Roster, Sample } from "./model.ts";
import { nameKey } from "./name-key.ts";
import { LabelTable, StringSection } from "./strings.ts";

/** ROSTER frame. */
export function encodeRoster(roster: Roster): Uint8Array {
  check(`number of endpoints of pool ${roster.pool}`, roster.endpoints.length, L.MAX_ENDPOINTS);
  const strings = new StringSection();
  const labels = new LabelTable(strings);
  const poolName = strings.add(roster.pool);
  const rows = roster.endpoints.map((endpoint) => ({
    endpoint,
    address: strings.add(endpoint.address),
    name: strings.add(endpoint.name),
    zone: strings.add(endpoint.zone),
    labels: labels.add(endpoint.labels),
  }));
  const labelsAt = L.ROSTER_BYTES + rows.length * L.ENDPOINT_BYTES;
  const stringsAt = labelsAt + labels.count * L.LABEL_BYTES;
  const { bytes, view } = frame(L.KIND_ROSTER, stringsAt + strings.size, roster.pool, roster.epoch);
  view.setUint32(L.ROSTER_ENDPOINTS, rows.length, true);
  view.setUint32(L.ROSTER_LABELS, labels.count, true);
  view.setUint32(L.ROSTER_STRINGS, strings.size, true);
  view.setUint32(L.ROSTER_NAME_OFFSET, poolName.offset, true);
  view.setUint32(L.ROSTER_NAME_LENGTH, poolName.length, true);
  rows.forEach((row, index) => {
    const at = L.ROSTER_BYTES + index * L.ENDPOINT_BYTES;
    const { address, engine, role, rank } = row.endpoint;
    check(`length of address ${address}`, row.address.length, L.ENDPOINT_ADDRESS_MAX, 1);
    view.setBigUint64(at + L.ENDPOINT_KEY, nameKey(address), true);
    view.setUint32(at + L.ENDPOINT_ADDRESS_OFFSET, row.address.offset, true);
    view.setUint32(at + L.ENDPOINT_ADDRESS_LENGTH, row.address.length, true);
    view.setUint32(at + L.ENDPOINT_NAME_OFFSET, row.name.offset, true);
    view.setUint32(at + L.ENDPOINT_NAME_LENGTH, row.name.length, true);
    view.setUint32(at + L.ENDPOINT_ZONE_OFFSET, row.zone.offset, true);
    view.setUint32(at + L.ENDPOINT_ZONE_LENGTH, row.zone.length, true);
    view.setUint32(at + L.ENDPOINT_LABEL_START, row.labels.start, true);
    view.setUint32(at + L.ENDPOINT_LABEL_COUNT, row.labels.count, true);
    view.setUint8(at + L.ENDPOINT_ENGINE, check("engine", engine, L.ENGINE_TRITON_TENSORRT_LLM));
    view.setUint8(at + L.ENDPOINT_ROLE, check("role", role, L.ROLE_ENCODE));
    view.setUint16(at + L.ENDPOINT_RANK, check("rank", rank, 0xffff), true);
  });
  labels.writeTo(view, labelsAt);
  strings.writeTo(bytes, stringsAt);
  return bytes;
}

function writeSample(view: DataView, at: number, sample: Sample, adapterStart: number): void {
  const kvUsage = Math.fround(sample.kvUsage);
  if (!(kvUsage >= 0 && kvUsage <= 1)) throw new EncodeError(`kvUsage is ${sample.kvUsage}, must be 0..1`);
  const age = sample.age === undefined ? L.SAMPLE_NEVER : check("age", sample.age, L.SAMPLE_NEVER - 1);
  view.setUint32(at + L.SAMPLE_FLAGS, sample.ready ? L.SAMPLE_READY : 0, true);
  view.setUint32(at + L.SAMPLE_AGE, age, true);
  view.setUint32(at + L.SAMPLE_WAITING, check("waiting", sample.waiting, 0xffffffff), true);
  view.setUint32(at + L.SAMPLE_RUNNING, check("running", sample.running, 0xffffffff), true);
  view.setFloat32(at + L.SAMPLE_KV_USAGE, kvUsage, true);
  view.setUint32(at + L.SAMPLE_BLOCK_SIZE, check("blockSize", sample.blockSize, 0xffffffff), true);
  view.setUint32(at + L.SAMPLE_BLOCK_COUNT, check("blockCount", sample.blockCount, 0xffffffff), true);
  view.setUint32(at + L.SAMPLE_ADAPTER_START, adapterStart, true);
  view.setUint16(at + L.SAMPLE_ADAPTERS_RUNNING, check("adapters", sample.runningAdapters.length, 0xffff), true);
  view.setUint16(at + L.SAMPLE_ADAPTERS_WAITING, check("adapters", sample.waitingAdapters.length, 0xffff), true);
  view.setUint16(at + L.SAMPLE_ADAPTERS_MAX, check("maxAdapters", sample.maxAdapters, 0xffff), true);
  view.setUint16(at + L.SAMPLE_COUNTER, sample.counter & 0xffff, true);
}

/** LOAD frame. */
export function encodeLoad(load: Load): Uint8Array {
  check("samples", load.samples.length, L.MAX_ENDPOINTS);
  const adapters = load.samples.flatMap((sample) => [...sample.runningAdapters, ...sample.waitingAdapters]);
  const adaptersAt = L.LOAD_BYTES + load.samples.length * L.SAMPLE_BYTES;
  const { bytes, view } = frame(
    L.KIND_LOAD,
    adaptersAt + adapters.length * L.ADAPTER_BYTES,
    load.pool,
    load.rosterEpoch,
  );
  view.setUint32(L.LOAD_ENDPOINTS, load.samples.length, true);
  view.setUint32(L.LOAD_ADAPTERS, adapters.length, true);
  view.setBigUint64(L.LOAD_SEQUENCE, load.sequence, true);
  view.setBigUint64(L.LOAD_SENT_AT, load.sentAt, true);
  view.setUint32(L.LOAD_FRESH_FOR, check("freshFor", load.freshFor, L.SAMPLE_NEVER - 1), true);
  let adapter = 0;
  load.samples.forEach((sample, index) => {
    writeSample(view, L.LOAD_BYTES + index * L.SAMPLE_BYTES, sample, adapter);
    adapter += sample.runningAdapters.length + sample.waitingAdapters.length;
  });
  adapters.forEach((name, index) => {
    view.setBigUint64(adaptersAt + index * L.ADAPTER_BYTES, nameKey(name), true);
  });
  return bytes;
}
