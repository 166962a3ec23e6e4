import { JsonText } from "../../assembly/text/json.ts";

const json = new JsonText();

function result(): string {
  return String.UTF8.decodeUnsafe(json.at, json.length);
}

function ofNumber(value: f64): string {
  json.clear().number(value);
  return result();
}

function ofText(value: string): string {
  const bytes = String.UTF8.encode(value);
  json.clear().string(changetype<usize>(bytes), bytes.byteLength);
  return result();
}

describe("a JSON text", () => {
  it("sets commas between members and elements", () => {
    json.clear().open(0x7b).key("a").number(1).key("b").open(0x5b).number(2).number(3).close(0x5d);
    json.key("c").open(0x7b).close(0x7d).key("d").number(4).close(0x7d);
    expect(result()).toBe('{"a":1,"b":[2,3],"c":{},"d":4}');
  });

  it("writes numbers with as many decimals as they need, up to nine", () => {
    expect(ofNumber(0)).toBe("0");
    expect(ofNumber(-0.0)).toBe("0");
    expect(ofNumber(0.5)).toBe("0.5");
    expect(ofNumber(-2.25)).toBe("-2.25");
    expect(ofNumber(1.0 / 3)).toBe("0.333333333");
    expect(ofNumber(0.000000001)).toBe("0.000000001");
    expect(ofNumber(0.9999999999)).toBe("1");
    expect(ofNumber(-0.0000000001)).toBe("0");
    expect(ofNumber(1234567890.125)).toBe("1234567890.125");
    expect(ofNumber(NaN)).toBe("null");
    expect(ofNumber(Infinity)).toBe("null");
  });

  it("escapes what JSON or a header would not take", () => {
    expect(ofText('a"b\\c')).toBe('"a\\"b\\\\c"');
    expect(ofText("\n\x7f")).toBe('"\\u000a\\u007f"');
    expect(ofText("größe 東 🚀")).toBe('"gr\\u00f6\\u00dfe \\u6771 \\ud83d\\ude80"');
  });

  it("grows as far as it must and starts anew", () => {
    json.clear().open(0x5b);
    for (let i = 0; i < 5000; i++) json.number(f64(i));
    json.close(0x5d);
    expect(result().length).toBe(2 + 10 + 90 * 2 + 900 * 3 + 4000 * 4 + 4999);
    expect(result().endsWith(",4998,4999]")).toBe(true);
    expect(ofNumber(7)).toBe("7");
    json.release();
    expect(ofNumber(8)).toBe("8");
  });
});
