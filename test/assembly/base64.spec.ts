import { decodeBase64 } from "../../assembly/text/base64.ts";

const to = heap.alloc(64);

// The decoded bytes as text; "-1" where there are none.
function decoded(text: string, capacity: u32 = 64): string {
  const bytes = String.UTF8.encode(text);
  const length = decodeBase64(changetype<usize>(bytes), bytes.byteLength, to, capacity);
  return length < 0 ? "-1" : String.UTF8.decodeUnsafe(to, length);
}

describe("base64", () => {
  it("is decoded as in RFC 4648, section 10", () => {
    expect(decoded("")).toBe("");
    expect(decoded("Zg==")).toBe("f");
    expect(decoded("Zm8=")).toBe("fo");
    expect(decoded("Zm9v")).toBe("foo");
    expect(decoded("Zm9vYg==")).toBe("foob");
    expect(decoded("Zm9vYmE=")).toBe("fooba");
    expect(decoded("Zm9vYmFy")).toBe("foobar");
  });

  it("has + and / as its last digits", () => {
    expect(decoded("w7/Dvg==")).toBe("ÿþ");
    expect(decoded("8J+agA==")).toBe("🚀");
  });

  it("passes over line breaks, and takes any bits left over", () => {
    expect(decoded("Zm9v\r\nYmFy\n")).toBe("foobar");
    expect(decoded("Zh==")).toBe("f");
  });

  it("is refused where its padding is missing, too much or inside", () => {
    const bad = ["Z", "Zg", "Zg=", "Zg===", "Zm8", "Zm9v=", "Zm9v====", "=", "Z===", "Zg==Zg==", "Z=g="];
    for (let i = 0; i < bad.length; i++) expect(decoded(bad[i])).toBe("-1", bad[i]);
  });

  it("is refused where a character is of another alphabet", () => {
    const bad = ["Zm9-", "Zm9_", "Zm 9", "Zm9é", "Zm9\0", "@@@@", "[[[[", "{{{{", "::::"];
    for (let i = 0; i < bad.length; i++) expect(decoded(bad[i])).toBe("-1", bad[i]);
  });

  it("is refused where it gives more than there is room for", () => {
    expect(decoded("Zm9vYmFy", 6)).toBe("foobar");
    expect(decoded("Zm9vYmFy", 5)).toBe("-1");
    expect(decoded("Zm9vYmE=", 4)).toBe("-1");
    expect(decoded("Zm9vYg==", 3)).toBe("-1");
    expect(decoded("Zm9vYg==", 4)).toBe("foob");
  });
});
