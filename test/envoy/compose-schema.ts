// The part of the Compose specification that docker-compose.yaml uses, as a JSON schema. Whatever else it may say is
// refused, so that a misspelt field is found.

const text = { type: "string", minLength: 1 };
const texts = { type: "array", items: text, minItems: 1 };
const duration = { type: "string", pattern: "^(\\d+(us|ms|s|m|h))+$" };

const service = {
  type: "object",
  additionalProperties: false,
  required: ["image", "build", "command"],
  properties: {
    image: { type: "string", pattern: "^[a-z0-9][a-z0-9._/-]*(:[\\w.-]+)?$" },
    build: {
      type: "object",
      additionalProperties: false,
      required: ["context"],
      properties: { context: text, dockerfile: text, target: text },
    },
    // A list: a string would be cut into words by rules of its own.
    command: texts,
    ports: {
      type: "array",
      uniqueItems: true,
      items: { type: "string", pattern: "^(\\d{1,3}(\\.\\d{1,3}){3}:)?\\d{1,5}:\\d{1,5}(/(tcp|udp))?$" },
    },
    network_mode: { type: "string", pattern: "^(none|host|bridge|service:.+|container:.+)$" },
    init: { type: "boolean" },
    read_only: { type: "boolean" },
    cap_drop: texts,
    security_opt: texts,
    healthcheck: {
      type: "object",
      additionalProperties: false,
      required: ["test"],
      properties: {
        test: { type: "array", minItems: 2, items: [{ enum: ["CMD", "CMD-SHELL"] }], additionalItems: text },
        interval: duration,
        timeout: duration,
        start_period: duration,
        retries: { type: "integer", minimum: 1 },
      },
    },
  },
};

export const COMPOSE_SCHEMA = {
  type: "object",
  additionalProperties: false,
  required: ["services"],
  patternProperties: { "^x-": {} },
  properties: {
    name: { type: "string", pattern: "^[a-z0-9][a-z0-9_-]*$" },
    services: {
      type: "object",
      additionalProperties: false,
      minProperties: 1,
      patternProperties: { "^[a-zA-Z0-9._-]+$": service },
    },
  },
};
