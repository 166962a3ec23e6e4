import { MEDIA_FORM, MEDIA_JSON, MEDIA_OTHER, MEDIA_UNKNOWN, mediaOf } from "../../assembly/request/media-type.ts";

function kindOf(type: string): i32 {
  const bytes = String.UTF8.encode(type);
  return mediaOf(changetype<usize>(bytes), bytes.byteLength);
}

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
