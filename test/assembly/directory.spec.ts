import {
  directoryEpoch, directoryPools, directorySynced, DIRECTORY_MAX, entryAt, isDirectory, setDirectorySynced,
} from "../../assembly/sync/directory.ts";
import { MAX_POOLS } from "../../wire/layout.ts";

const bytes = heap.alloc(DIRECTORY_MAX + 64);

function directory(pools: u32): usize {
  memory.fill(bytes, 0, DIRECTORY_MAX + 64);
  store<u64>(bytes, 77);
  store<u32>(bytes, pools, 8);
  return bytes;
}

describe("the directory", () => {
  it("has 16 bytes and 40 per pool", () => {
    expect(isDirectory(directory(0), 16)).toBeTruthy();
    expect(isDirectory(directory(1), 56)).toBeTruthy();
    expect(isDirectory(directory(3), 136)).toBeTruthy();
    expect(isDirectory(directory(MAX_POOLS), u32(DIRECTORY_MAX))).toBeTruthy();
    expect(DIRECTORY_MAX).toBe(16 + MAX_POOLS * 40);
  });

  it("is refused at any other length", () => {
    for (let length: u32 = 0; length < 200; length++) {
      expect(isDirectory(directory(3), length)).toBe(length == 136, length.toString());
    }
    expect(isDirectory(directory(MAX_POOLS + 1), u32(DIRECTORY_MAX) + 40)).toBeFalsy("too many pools");
    expect(isDirectory(directory(0x66666667), 24 + 16)).toBeFalsy("a length that would wrap to 40");
    expect(isDirectory(directory(u32.MAX_VALUE), 16)).toBeFalsy();
  });

  it("is read where it stands", () => {
    const at = directory(2);
    const second = entryAt(at, 1);
    second.pool = 1;
    second.roster = 2;
    second.load = 3;
    second.plan = 4;
    second.policy = 5;
    expect(directoryEpoch(at)).toBe(77);
    expect(directoryPools(at)).toBe(2);
    for (let i: u32 = 0; i < 5; i++) expect(load<u64>(at + 56 + i * 8)).toBe(i + 1);
  });

  it("says whether all pools have been named, beside what else it says", () => {
    const at = directory(2);
    expect(directorySynced(at)).toBeFalsy();
    setDirectorySynced(at, true);
    expect(directorySynced(at)).toBeTruthy();
    expect(directoryEpoch(at)).toBe(77);
    expect(directoryPools(at)).toBe(2);
    expect(isDirectory(at, 96)).toBeTruthy();
    setDirectorySynced(at, false);
    expect(directorySynced(at)).toBeFalsy();
  });
});
