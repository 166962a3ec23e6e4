import { parseSize } from "../../assembly/config/size.ts";

function sizeOf(text: string): i64 {
  const bytes = String.UTF8.encode(text);
  return parseSize(changetype<usize>(bytes), bytes.byteLength);
}

describe("an amount of memory", () => {
  it("is a whole number and a unit", () => {
    expect(sizeOf("1KiB")).toBe(1024);
    expect(sizeOf("16MiB")).toBe(16777216);
    expect(sizeOf("16Mi")).toBe(16777216);
    expect(sizeOf("1GiB")).toBe(1073741824);
    expect(sizeOf("0Ki")).toBe(0);
  });

  it("is nothing else", () => {
    const wrong = ["", "16", "Mi", "16M", "16MB", "16mi", "16 MiB", "-1MiB", "1.5MiB", "16MiBs", "2GiB", "99999999999999999999Ki"];
    for (let i = 0; i < wrong.length; i++) expect(sizeOf(wrong[i])).toBe(-1, wrong[i]);
  });
});
