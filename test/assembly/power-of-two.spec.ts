import { powerOfTwo } from "../../assembly/admission/power-of-two.ts";

describe("powers of two", () => {
  it("are exact where the exponent is whole", () => {
    let value: f64 = 1;
    for (let i = 0; i <= 1023; i++) {
      expect(powerOfTwo(f64(i))).toBe(value);
      if (i <= 1022) expect(powerOfTwo(f64(-i))).toBe(1 / value);
      value *= 2;
    }
  });

  it("are those of the library to 15 digits", () => {
    for (let i = -4000; i <= 4000; i++) {
      const x = f64(i) * 0.2503;
      const expected = Math.pow(2, x);
      expect(Math.abs(powerOfTwo(x) / expected - 1)).toBeLessThan(1e-15, x.toString());
    }
  });

  it("vanish, and exceed all bounds, where they must", () => {
    expect(powerOfTwo(-1023)).toBe(0);
    expect(powerOfTwo(-1e300)).toBe(0);
    expect(powerOfTwo(-Infinity)).toBe(0);
    expect(powerOfTwo(1024)).toBe(Infinity);
    expect(powerOfTwo(Infinity)).toBe(Infinity);
  });
});
