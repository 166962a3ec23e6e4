import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeHuffman } from "../../../sidecar/http2/huffman.ts";

const decode = (hex: string): string | undefined => decodeHuffman(Buffer.from(hex, "hex"))?.toString("latin1");

test("strings of RFC 7541, appendix C", () => {
  const strings = {
    f1e3c2e5f23a6ba0ab90f4ff: "www.example.com",
    a8eb10649cbf: "no-cache",
    "25a849e95ba97d7f": "custom-key",
    "25a849e95bb8e8b4bf": "custom-value",
    "6402": "302",
    aec3771a4b: "private",
    d07abe941054d444a8200595040b8166e082a62d1bff: "Mon, 21 Oct 2013 20:13:21 GMT",
    "9d29ad171863c78f0b97c8e9ae82ae43d3": "https://www.example.com",
    "9bd9ab": "gzip",
    "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007":
      "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
    "": "",
  };
  for (const [hex, text] of Object.entries(strings)) assert.equal(decode(hex), text);
});

test("codes of appendix B, one for each length", () => {
  // The code's bits, then ones up to a whole byte.
  const codes: readonly (readonly [bits: string, byte: number])[] = [
    ["00000", 0x30],
    ["010100", 0x20],
    ["1011100", 0x3a],
    ["11111000", 0x26],
    ["1111111000", 0x21],
    ["11111111011", 0x2b],
    ["111111111010", 0x23],
    ["1111111111000", 0x00],
    ["11111111111100", 0x5e],
    ["111111111111100", 0x3c],
    ["1111111111111110000", 0x5c],
    ["11111111111111100110", 0x80],
    ["111111111111111011100", 0x99],
    ["1111111111111111010010", 0x81],
    ["11111111111111111011000", 0x01],
    ["111111111111111111101010", 0x09],
    ["1111111111111111111101100", 0xc7],
    ["11111111111111111111100000", 0xc0],
    ["111111111111111111111011110", 0xcb],
    ["1111111111111111111111100010", 0x02],
    ["111111111111111111111111111100", 0x0a],
  ];
  for (const [bits, byte] of codes) {
    const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
    const hex = padded.match(/.{8}/g)!.map((each) => Number.parseInt(each, 2).toString(16).padStart(2, "0"));
    assert.equal(decode(hex.join("")), String.fromCharCode(byte), bits);
  }
});

test("what is no string: padding with zeros, with a whole byte, and the mark for the end", () => {
  assert.equal(decode("00"), undefined, "00000 is a 0, and 000 is left");
  assert.equal(decode("07"), "0");
  assert.equal(decode("07ff"), undefined);
  assert.equal(decode("ff"), undefined);
  assert.equal(decode("ffffffff"), undefined, "the mark: thirty ones");
});
