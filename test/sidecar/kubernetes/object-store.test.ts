import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import type { Identity } from "../../../sidecar/kubernetes/identity.ts";
import { identityOf } from "../../../sidecar/kubernetes/identity.ts";
import { ObjectStore } from "../../../sidecar/kubernetes/object-store.ts";
import { compareVersions } from "../../../sidecar/kubernetes/versions.ts";

const at = (version: string, uid = "u1", key = "default/a"): Identity => ({ key, uid, version });

let reads = 0;
/** Objects are numbers here; those below zero are of no interest. */
const read = (object: unknown): number | undefined => {
  reads++;
  return (object as number) < 0 ? undefined : (object as number);
};
let store = new ObjectStore<number>(read);
beforeEach(() => {
  reads = 0;
  store = new ObjectStore(read);
});

const objects = () => Object.fromEntries(store.objects);

describe("versions", () => {
  test("are compared as numbers of any length, where they are numbers", () => {
    assert.equal(Math.sign(compareVersions("9", "10")!), -1);
    assert.equal(Math.sign(compareVersions("10", "9")!), 1);
    assert.equal(Math.sign(compareVersions("123456789012345678901", "123456789012345678902")!), -1);
    assert.equal(compareVersions("a", "a"), 0);
    assert.equal(compareVersions("007", "8"), undefined);
    assert.equal(compareVersions("a", "1"), undefined);
  });
});

describe("who an object is", () => {
  test("is read from its metadata", () => {
    const metadata = { namespace: "n", name: "a", uid: "u", resourceVersion: "5" };
    assert.deepEqual(identityOf({ metadata }), { key: "n/a", uid: "u", version: "5" });
    assert.deepEqual(identityOf({ metadata: { ...metadata, namespace: undefined } }), {
      key: "a",
      uid: "u",
      version: "5",
    });
  });

  test("is unknown where any of it is missing", () => {
    const whole = { name: "a", uid: "u", resourceVersion: "5" };
    const bad = [null, 7, "x", [], {}, { metadata: null }, { metadata: "x" }];
    for (const object of bad) assert.equal(identityOf(object), undefined);
    for (const field of Object.keys(whole)) {
      assert.equal(identityOf({ metadata: { ...whole, [field]: undefined } }), undefined, field);
      assert.equal(identityOf({ metadata: { ...whole, [field]: 5 } }), undefined, field);
    }
  });
});

describe("a store of objects", () => {
  test("takes what is new or newer, and adds what it has not known", () => {
    assert.equal(store.put(at("5"), 1), true);
    assert.equal(store.put(at("10"), 2), true);
    assert.deepEqual(objects(), { "default/a": 2 });
  });

  test("drops what is older or the same", () => {
    store.put(at("10"), 2);
    assert.equal(store.put(at("9"), 1), false);
    assert.equal(store.put(at("10"), 3), false);
    assert.equal(store.delete(at("9")), false);
    assert.deepEqual(objects(), { "default/a": 2 });
  });

  test("takes every change where versions cannot be compared", () => {
    store.put(at("beta"), 1);
    assert.equal(store.put(at("alpha"), 2), true);
    assert.equal(store.delete(at("x")), true);
    assert.deepEqual(objects(), {});
  });

  test("tells an object from a later one of its name", () => {
    store.put(at("5", "u1"), 1);
    assert.equal(store.put(at("9", "u2"), 2), true);
    assert.equal(store.delete(at("8", "u1")), false);
    assert.equal(store.put(at("7", "u1"), 1), false);
    assert.deepEqual(objects(), { "default/a": 2 });
  });

  test("does not bring a deleted object back for late news of it", () => {
    store.put(at("5"), 1);
    assert.equal(store.delete(at("8")), true);
    assert.equal(store.put(at("7"), 2), false);
    assert.equal(store.put(at("8"), 2), false);
    assert.deepEqual(objects(), {});
    // Deleted by a watch with a selector that it did not fit any more: the same object may come again.
    assert.equal(store.put(at("9"), 3), true);
    assert.deepEqual(objects(), { "default/a": 3 });
  });

  test("remembers objects that are of no interest", () => {
    store.put(at("5"), 1);
    assert.equal(store.put(at("8"), -1), true, "it is gone for those who read");
    assert.equal(store.put(at("7"), 1), false, "older than the one of no interest");
    assert.equal(store.put(at("9"), -1), false);
    assert.equal(store.delete(at("9")), false, "nothing that could be seen went");
    assert.deepEqual(objects(), {});
  });

  test("is replaced by a list, older or not, and reads nothing twice", () => {
    store.put(at("5", "u1", "n/a"), 1);
    store.put(at("6", "u2", "n/b"), 2);
    const same = [store.listed(at("5", "u1", "n/a"), 1), store.listed(at("6", "u2", "n/b"), 2)];
    assert.equal(reads, 2);
    assert.equal(store.replace(same), false);
    const other = [store.listed(at("3", "u9", "n/a"), 7), store.listed(at("2", "u8", "n/c"), -1)];
    assert.equal(store.replace(other), true);
    assert.deepEqual(objects(), { "n/a": 7 });
    assert.equal(store.put(at("4", "u9", "n/a"), 8), true);
    assert.equal(store.replace([]), true);
    assert.equal(store.replace([]), false);
  });

  test("believes a list more than what it was told of deleted objects: a backup may have been restored", () => {
    store.put(at("50", "u1", "n/a"), 1);
    store.delete(at("60", "u1", "n/a"));
    store.put(at("50", "u2", "n/b"), 1);
    store.delete(at("60", "u2", "n/b"));
    store.replace([store.listed(at("30", "u1", "n/a"), 2)]);
    assert.equal(store.put(at("31", "u1", "n/a"), 3), true);
    assert.equal(store.put(at("32", "u2", "n/b"), 4), true, "it fits the selector again");
    assert.deepEqual(objects(), { "n/a": 3, "n/b": 4 });
  });
});
