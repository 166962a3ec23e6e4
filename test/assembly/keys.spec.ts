import { frameKey, journalKey, ownerKey, renumber, sharedKey, storeKey, waitingKey } from "../../assembly/sync/keys.ts";
import { sameText, Text, text } from "../../assembly/text/text.ts";
import { WIRE_VERSION } from "../../wire/layout.ts";

const CLUSTER = text("sidecar");
const AUTHORITY = text("inline-epp");
const START = "inline-epp/" + WIRE_VERSION.toString() + "/";

function contentOf(key: Text, length: u32): string {
  return String.UTF8.decodeUnsafe(key.at, length);
}

describe("shared-data keys", () => {
  it("name the product, the wire version, the sidecar and the thing", () => {
    const key = storeKey(CLUSTER, AUTHORITY, "directory");
    expect(contentOf(key, key.length)).toBe(START + "sidecar/inline-epp/directory");
    const owners = sharedKey("owners");
    expect(contentOf(owners, owners.length)).toBe(START + "owners");
  });

  it("of frames end in 8 bytes of the pool's key", () => {
    const key = frameKey(CLUSTER, AUTHORITY, "roster/", 0x1122334455667788);
    expect(contentOf(key, key.length - 8)).toBe(START + "sidecar/inline-epp/roster/");
    expect(load<u64>(key.at + key.length - 8)).toBe(0x1122334455667788);
  });

  it("of journals end in 8 bytes of the owner", () => {
    const key = journalKey(7);
    expect(contentOf(key, key.length - 8)).toBe(START + "journal/");
    expect(load<u64>(key.at + key.length - 8)).toBe(7);
  });

  it("of vectors end in 8 bytes of the owner", () => {
    const key = ownerKey(u64.MAX_VALUE);
    expect(contentOf(key, key.length - 8)).toBe(START + "flight/");
    expect(load<u64>(key.at + key.length - 8)).toBe(u64.MAX_VALUE);
  });

  it("of digests end in 8 bytes of the owner", () => {
    const key = waitingKey(7);
    expect(contentOf(key, key.length - 8)).toBe(START + "waiting/");
    expect(load<u64>(key.at + key.length - 8)).toBe(7);
  });

  it("are pointed at another number in place", () => {
    const key = frameKey(CLUSTER, AUTHORITY, "load/", 0);
    renumber(key, 99);
    expect(sameText(key, frameKey(CLUSTER, AUTHORITY, "load/", 99))).toBeTruthy();
  });

  it("of two sidecars differ", () => {
    const other = storeKey(text("sidecar-2"), AUTHORITY, "epoch");
    expect(sameText(storeKey(CLUSTER, AUTHORITY, "epoch"), other)).toBeFalsy();
    const authority = storeKey(CLUSTER, text("other"), "epoch");
    expect(sameText(storeKey(CLUSTER, AUTHORITY, "epoch"), authority)).toBeFalsy();
  });
});
