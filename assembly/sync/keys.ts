// Names in Envoy's shared data. One map serves every plugin with the same vm_id (Istio gives all of them the empty
// one), so each key begins with the product's name and the wire version; state keys go on with the sidecar's cluster
// and authority, so that two sidecars in one Envoy keep apart.

import { WIRE_VERSION } from "../../wire/layout.ts";
import { Line } from "../text/line.ts";
import { assign, emptyText, Text } from "../text/text.ts";

const line = new Line();

function begin(): Line {
  return line.clear().add("inline-epp/").number(WIRE_VERSION).add("/");
}

function finish(): Text {
  const key = emptyText(line.length);
  assign(key, line.at, line.length);
  return key;
}

/** Key of something that belongs to one sidecar: "epoch", "directory", "lease", "remote", "remote-journal". */
export function storeKey(cluster: Text, authority: Text, name: string): Text {
  begin().bytes(cluster.at, cluster.length).add("/").bytes(authority.at, authority.length).add("/").add(name);
  return finish();
}

/** Key of a pool's frame: "roster/", "load/", "plan/" or "policy/" with 8 bytes of the pool's key. */
export function frameKey(cluster: Text, authority: Text, name: string, pool: u64): Text {
  begin().bytes(cluster.at, cluster.length).add("/").bytes(authority.at, authority.length).add("/").add(name);
  appendNumber(pool);
  return finish();
}

/** Key of what all workers share whatever their sidecar: "flight/" with 8 bytes of the owner. */
export function ownerKey(owner: u64): Text {
  begin().add("flight/");
  appendNumber(owner);
  return finish();
}

/** Key of a worker's journal: "journal/" with 8 bytes of the owner. */
export function journalKey(owner: u64): Text {
  begin().add("journal/");
  appendNumber(owner);
  return finish();
}

/** Key of what a worker tells of its queues: "waiting/" with 8 bytes of the owner. */
export function waitingKey(owner: u64): Text {
  begin().add("waiting/");
  appendNumber(owner);
  return finish();
}

/** Name of the shared queue of a worker's grants: "grants/" with 8 bytes of the owner. */
export function queueName(owner: u64): Text {
  begin().add("grants/");
  appendNumber(owner);
  return finish();
}

/** Key of one value for all workers: "owners", the list of them; "waits", when somebody waited last. */
export function sharedKey(name: string): Text {
  begin().add(name);
  return finish();
}

const scratch: usize = memory.data(8, 8);

function appendNumber(value: u64): void {
  store<u64>(scratch, value);
  line.bytes(scratch, 8);
}

/** Points a key made by one of the above for a number at another number: its last 8 bytes. */
export function renumber(key: Text, value: u64): void {
  store<u64>(key.at + key.length - 8, value);
}
