import {
  API_AUDIO, API_CHAT, API_COMPLETIONS, API_EMBEDDINGS, API_GENERATE, API_IMAGES, API_MESSAGES, API_OTHER, API_RESPONSES,
  apiOf, takesJson, takesModel,
} from "../../assembly/request/api.ts";

// The path stands at the end of its buffer.
function apiAt(path: string): i32 {
  const bytes = String.UTF8.encode(path);
  return apiOf(changetype<usize>(bytes), bytes.byteLength);
}

const PATHS = [
  "/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings", "/v1/messages",
  "/v1/messages/count_tokens", "/generate", "/v1/audio/transcriptions", "/v1/audio/speech", "/v1/images/edits",
];
const APIS: u8[] = [
  API_CHAT, API_COMPLETIONS, API_RESPONSES, API_EMBEDDINGS, API_MESSAGES, API_MESSAGES, API_GENERATE, API_AUDIO,
  API_AUDIO, API_IMAGES,
];

describe("the API of a request", () => {
  it("is told by its path", () => {
    for (let i = 0; i < PATHS.length; i++) expect(apiAt(PATHS[i])).toBe(APIS[i], PATHS[i]);
  });

  it("is the same below any prefix and with any query", () => {
    for (let i = 0; i < PATHS.length; i++) {
      expect(apiAt("/team-a/llama" + PATHS[i])).toBe(APIS[i], PATHS[i]);
      expect(apiAt(PATHS[i] + "?api-version=2024-10-21&x=/v1/audio/y")).toBe(APIS[i], PATHS[i]);
      expect(apiAt(PATHS[i] + "?")).toBe(APIS[i], PATHS[i]);
      expect(apiAt("/v1/audio" + PATHS[i] + "#top")).toBe(APIS[i], PATHS[i]);
    }
  });

  it("is none where the path only looks like one", () => {
    const paths = [
      "", "/", "*", "/v1/models", "/v1/chat/completions/", "/v1/chat", "/v1/chat/completions/chatcmpl-1",
      "/v1/responses/resp_1", "/v1/audio/", "/v1/audio", "/v1/audio/speech/", "/v1/images/a/b", "/xv1/messages/batches",
      "v1/messages", "/v1messages", "/regenerate", "/v1/models?path=/v1/chat/completions", "?/generate", "/V1/messages",
    ];
    for (let i = 0; i < paths.length; i++) expect(apiAt(paths[i])).toBe(API_OTHER, paths[i]);
  });

  it("says what its bodies are", () => {
    for (let api = API_OTHER; api <= API_IMAGES; api++) {
      const json = api != API_OTHER && api != API_AUDIO && api != API_IMAGES;
      expect(takesJson(api)).toBe(json, api.toString());
      expect(takesModel(api)).toBe(json && api != API_GENERATE, api.toString());
    }
  });
});
