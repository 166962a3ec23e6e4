import {
  boundaryIn, boundaryLength, MEDIA_FORM, MEDIA_JSON, MEDIA_OTHER, MEDIA_UNKNOWN, mediaOf,
} from "../../assembly/request/media-type.ts";

function kindOf(type: string): i32 {
  const bytes = String.UTF8.encode(type);
  return mediaOf(changetype<usize>(bytes), bytes.byteLength);
}

function boundaryOf(type: string): string {
  const bytes = String.UTF8.encode(type);
  const at = boundaryIn(changetype<usize>(bytes), bytes.byteLength);
  return at == 0 ? "none" : String.UTF8.decodeUnsafe(at, boundaryLength);
}

describe("the boundary of a form", () => {
  it("is a parameter of its content-type, quoted or not", () => {
    expect(boundaryOf("multipart/form-data; boundary=b")).toBe("b");
    expect(boundaryOf("multipart/form-data;x;y=\"boundary=a;\\\"\" ; BOUNDARY=\"a b;c\";z")).toBe("a b;c");
    expect(boundaryOf("multipart/form-data; boundary=----=_Part,1_2.3 ; charset=utf-8")).toBe("----=_Part,1_2.3");
    expect(boundaryOf("multipart/form-data; boundary=" + "b".repeat(70))).toBe("b".repeat(70));
  });

  it("is none where it is missing, empty, too long or not well-formed", () => {
    const types = [
      "multipart/form-data", "multipart/form-data;", "multipart/form-data; boundary", "multipart/form-data; boundary=",
      "multipart/form-data; boundary=\"\"", "multipart/form-data; boundary=\"b", "multipart/form-data; boundary=\"b\\",
      "multipart/form-data; boundary=\"b\\c\"", "multipart/form-data; xboundary=b",
      "multipart/form-data; x=\"; boundary=b",
      "multipart/form-data; boundary=" + "b".repeat(71),
    ];
    for (let i = 0; i < types.length; i++) expect(boundaryOf(types[i])).toBe("none", types[i]);
  });
});

describe("the kind of a body", () => {
  it("is told by its media type, whatever the case and the parameters", () => {
    const json = ["application/json", "Application/JSON;charset=utf-8", "text/json ; a=b", "application/a+json", "a/json,b/c"];
    for (let i = 0; i < json.length; i++) expect(kindOf(json[i])).toBe(MEDIA_JSON, json[i]);
    const form = ["multipart/form-data", "Multipart/Form-Data; boundary=json"];
    for (let i = 0; i < form.length; i++) expect(kindOf(form[i])).toBe(MEDIA_FORM, form[i]);
    const other = ["text/plain", "json", "/", "application/jsonl", "application/xjson", "multipart/mixed", "text/plain;a/json"];
    for (let i = 0; i < other.length; i++) expect(kindOf(other[i])).toBe(MEDIA_OTHER, other[i]);
    expect(kindOf("")).toBe(MEDIA_UNKNOWN);
    expect(kindOf("; charset=utf-8")).toBe(MEDIA_UNKNOWN);
  });
});
