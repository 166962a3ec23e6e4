import { Line } from "../../assembly/text/line.ts";
import { assign, emptyText, sameText, spells, text } from "../../assembly/text/text.ts";

function contentOf(line: Line): string {
  return String.UTF8.decodeUnsafe(line.at, line.length);
}

describe("a text", () => {
  it("holds an ASCII literal's bytes", () => {
    const made = text("node\0id");
    expect(made.length).toBe(7);
    expect(load<u8>(made.at, 4)).toBe(0);
    expect(load<u8>(made.at, 5)).toBe(0x69);
  });

  it("equals another by bytes and length", () => {
    expect(sameText(text("abc"), text("abc"))).toBeTruthy();
    expect(sameText(text("abc"), text("abd"))).toBeFalsy();
    expect(sameText(text("abc"), text("ab"))).toBeFalsy();
    expect(sameText(text(""), text(""))).toBeTruthy();
  });

  it("spells a literal, no more and no less", () => {
    const made = text("staleAfter");
    expect(spells(made.at, 10, "staleAfter")).toBeTruthy();
    expect(spells(made.at, 5, "stale")).toBeTruthy();
    expect(spells(made.at, 10, "staleafter")).toBeFalsy();
    expect(spells(made.at, 9, "staleAfter")).toBeFalsy();
    expect(spells(made.at, 10, "staleAfte")).toBeFalsy();
  });

  it("takes the place of what it held", () => {
    const target = emptyText(16);
    expect(target.length).toBe(0);
    const long = text("sixteen bytes ok");
    const short = text("short");
    assign(target, long.at, long.length);
    expect(sameText(target, long)).toBeTruthy();
    assign(target, short.at, short.length);
    expect(sameText(target, short)).toBeTruthy();
  });
});

describe("a line", () => {
  it("is put together from literals, bytes and numbers", () => {
    const line = new Line();
    const name = String.UTF8.encode("größe");
    line.add("a ").bytes(changetype<usize>(name), name.byteLength).add(" b ").number(0).add(" ").number(1024);
    expect(contentOf(line)).toBe("a größe b 0 1024");
  });

  it("writes every number", () => {
    const line = new Line();
    expect(contentOf(line.clear().number(9))).toBe("9");
    expect(contentOf(line.clear().number(10))).toBe("10");
    expect(contentOf(line.clear().number(999999999999))).toBe("999999999999");
    expect(contentOf(line.clear().number(10000000000000000000))).toBe("10000000000000000000");
    expect(contentOf(line.clear().number(u64.MAX_VALUE))).toBe("18446744073709551615");
  });

  it("begins anew after clear", () => {
    const line = new Line();
    expect(contentOf(line.add("first").clear().add("second"))).toBe("second");
  });

  it("cuts off what passes its end", () => {
    const line = new Line();
    const thousand = text("0123456789".repeat(100));
    line.bytes(thousand.at, 1000).bytes(thousand.at, 1000).bytes(thousand.at, 1000);
    expect(line.length).toBe(2048);
    line.add("more").number(12345);
    expect(line.length).toBe(2048);
    expect(contentOf(line).endsWith("34567")).toBeTruthy();
    line.clear().bytes(thousand.at, 1000).bytes(thousand.at, 1000).bytes(thousand.at, 46).number(12345);
    expect(contentOf(line).endsWith("34512")).toBeTruthy("a number is cut too");
  });
});
