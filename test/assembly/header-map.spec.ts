import {
  CONTENT_TYPE, DESTINATION, EXPLAIN, hasHeader, headerAt, headerLength, lookFor, METHOD, MODEL, OLD_SLO_TPOT, PATH, SESSION,
  SLO_TPOT, walkHeaders,
} from "../../assembly/request/header-map.ts";

const room = memory.data(8192, 8);
let length: u32 = 0;

// Serializes names and values in turn.
function serialize(pairs: string[]): void {
  const count = pairs.length / 2;
  store<u32>(room, count);
  let at: u32 = 4 + count * 8;
  for (let i = 0; i < pairs.length; i++) {
    const bytes = String.UTF8.encode(pairs[i]);
    store<u32>(room + 4 + i * 4, bytes.byteLength);
    memory.copy(room + at, changetype<usize>(bytes), bytes.byteLength);
    at += bytes.byteLength;
    store<u8>(room + at++, 0);
  }
  length = at;
}

function walk(pairs: string[]): void {
  serialize(pairs);
  walkHeaders(room, length);
}

function valueOf(which: u32): string {
  if (!hasHeader(which)) return "none";
  return String.UTF8.decodeUnsafe(headerAt(which), headerLength(which));
}

function nothing(): void {
  for (let which: u32 = 0; which <= EXPLAIN; which++) expect(hasHeader(which)).toBe(false, which.toString());
}

describe("a walk through headers", () => {
  it("finds what means something, wherever it stands", () => {
    walk([
      ":path", "/v1/messages", "x-gateway-destination-endpoints", "no", "x-llm-d-model-name-rewrite", "größe", ":method",
      "POST", "x-slo-tpot-ms", "12", "content-type", "",
    ]);
    expect(valueOf(PATH)).toBe("/v1/messages");
    expect(valueOf(METHOD)).toBe("POST");
    expect(valueOf(MODEL)).toBe("größe");
    expect(valueOf(OLD_SLO_TPOT)).toBe("12");
    expect(valueOf(SLO_TPOT)).toBe("none");
    expect(valueOf(CONTENT_TYPE)).toBe("", "there, and empty");
    expect(valueOf(DESTINATION)).toBe("none");
  });

  it("takes the first value of a header that comes again", () => {
    walk([":path", "/a", "x-gateway-destination-endpoint", "", ":path", "/b", "x-gateway-destination-endpoint", "1:2"]);
    expect(valueOf(PATH)).toBe("/a");
    expect(valueOf(DESTINATION)).toBe("");
  });

  it("forgets what the one before has found", () => {
    walk([":path", "/a"]);
    walk([":method", "GET"]);
    expect(valueOf(PATH)).toBe("none");
    walk([]);
    nothing();
    walkHeaders(room, 0);
    nothing();
  });

  it("finds names that it is told, even where they are known ones", () => {
    const session = String.UTF8.encode(":path");
    const explain = String.UTF8.encode("x-" + "long-".repeat(40));
    lookFor(SESSION, changetype<usize>(session), session.byteLength);
    lookFor(EXPLAIN, changetype<usize>(explain), explain.byteLength);
    walk(["x-" + "long-".repeat(40), "7", ":path", "/a"]);
    expect(valueOf(SESSION)).toBe("/a");
    expect(valueOf(PATH)).toBe("/a");
    expect(valueOf(EXPLAIN)).toBe("7");
    lookFor(SESSION, 0, 0);
    lookFor(EXPLAIN, 0, 0);
    walk(["", "empty", ":path", "/a"]);
    expect(valueOf(SESSION)).toBe("none");
    expect(valueOf(EXPLAIN)).toBe("none");
  });

  it("reads nothing behind the end of what it was given", () => {
    serialize([":method", "GET", ":path", "/a"]);
    for (let cut: u32 = 0; cut < length; cut++) {
      walkHeaders(room, cut);
      for (let which: u32 = 0; which <= EXPLAIN; which++) {
        if (hasHeader(which)) expect(headerAt(which) + headerLength(which) < room + cut).toBe(true, cut.toString());
      }
      expect(hasHeader(PATH)).toBe(false, cut.toString());
    }
    store<u32>(room, 0xffffffff);
    walkHeaders(room, length);
    nothing();
    serialize([":method", "GET", ":path", "/a"]);
    store<u32>(room, 0xfffffffe, 8); // the value's size
    walkHeaders(room, length);
    nothing();
  });
});
