import { Cursor } from "../../assembly/config/cursor.ts";
import { text } from "../../assembly/text/text.ts";

const cursor = new Cursor();

function begin(literal: string): Cursor {
  const bytes = text(literal);
  return cursor.begin(bytes.at, bytes.length);
}

function lastText(): string {
  return String.UTF8.decodeUnsafe(cursor.textAt, cursor.textLength);
}

describe("a cursor", () => {
  it("takes a byte that is next, behind blanks", () => {
    begin(" \t\r\n{}");
    expect(cursor.take(0x7d)).toBeFalsy();
    expect(cursor.take(0x7b)).toBeTruthy();
    expect(cursor.done()).toBeFalsy();
    expect(cursor.take(0x7d)).toBeTruthy();
    expect(cursor.done()).toBeTruthy();
    expect(cursor.take(0x7d)).toBeFalsy("nothing is left");
  });

  it("reads strings as their bytes", () => {
    begin('"one" : "", "two words"');
    expect(cursor.text()).toBeTruthy();
    expect(lastText()).toBe("one");
    expect(cursor.take(0x3a)).toBeTruthy();
    expect(cursor.text()).toBeTruthy();
    expect(lastText()).toBe("");
    expect(cursor.take(0x2c)).toBeTruthy();
    expect(cursor.text()).toBeTruthy();
    expect(lastText()).toBe("two words");
    expect(cursor.done()).toBeTruthy();
  });

  it("reads no string that is not closed, has an escape or a control character, or is none", () => {
    const wrong = ['"open', '"', '"a\\n"', '"a\\""', '"a\tb"', '"a\0b"', "5", "true", "null", "[]", ""];
    for (let i = 0; i < wrong.length; i++) {
      begin(wrong[i]);
      expect(cursor.text()).toBeFalsy(wrong[i]);
    }
  });

  it("never reads past the end it was given", () => {
    const bytes = text('"ab" }');
    expect(cursor.begin(bytes.at, 3).text()).toBeFalsy("the closing quote is not in it");
    expect(cursor.begin(bytes.at, 4).text()).toBeTruthy();
    expect(cursor.done()).toBeTruthy();
    expect(cursor.take(0x7d)).toBeFalsy();
  });

  it("takes no other blank than JSON's", () => {
    expect(begin("\v{").take(0x7b)).toBeFalsy();
    expect(begin("\f{").take(0x7b)).toBeFalsy();
  });
});
