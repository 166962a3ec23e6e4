// A gateway as far as ext_proc can tell: a raw gRPC client, and a sidecar's push with the filter behind it.

import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, type ClientDuplexStream, credentials, type StatusObject } from "@grpc/grpc-js";
import { defaultConfig } from "../../../sidecar/epp-config/default-config.ts";
import { LivePlans } from "../../../sidecar/epp-config/live-plans.ts";
import { readConfig } from "../../../sidecar/epp-config/read.ts";
import { ExtProcServer } from "../../../sidecar/ext-proc/server.ts";
import { type ExtProcSettings, USUAL } from "../../../sidecar/ext-proc/settings.ts";
import { type PushServer, startPushServer } from "../../../sidecar/push/push-server.ts";
import { systemClock } from "../../../sidecar/support/clock.ts";
import { sampledPlans } from "../../../sidecar/tracing/sampled-plans.ts";
import type { Observation, PlanSampling, TracedRequest } from "../../../wire/model.ts";
import { FakeSource } from "../push/fake-source.ts";
import { RecordingLog, RecordingObserver } from "../push/recorder.ts";
import { type Answer, decodeAnswer, encodeRequest } from "./messages.ts";

/** How bodies are sent. */
export const NONE = 0;
export const STREAMED = 1;
export const BUFFERED = 2;
export const DUPLEX = 4;

export const DESTINATION = "x-gateway-destination-endpoint";
export const POOL = "ns/a";
const PATH = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";
const PATIENCE_MS = 30_000;
const asIs = (bytes: Buffer): Buffer => bytes;

type Fields = Readonly<Record<string, unknown>>;
export type Headers = Readonly<Record<string, string>>;

const CHAT: Headers = {
  ":method": "POST",
  ":path": "/v1/chat/completions",
  ":authority": "test",
  "content-type": "application/json",
};

/** A chat completion of so many characters. */
export function bodyOf(length = 100): string {
  const frame = JSON.stringify({ model: "base", messages: [{ role: "user", content: "" }] });
  const content = "word ".repeat(Math.ceil(length / 5)).slice(0, Math.max(0, length - frame.length));
  return JSON.stringify({ model: "base", messages: [{ role: "user", content }] });
}

const headerMap = (headers: Headers) => ({
  headers: Object.entries(headers).map(([key, value]) => ({ key, rawValue: Buffer.from(value) })),
});
const struct = (fields: Fields) => ({ fields });
/** Text, or a list of such, as a protobuf Value. */
const textOrList = (value: string | readonly string[]) =>
  typeof value === "string"
    ? { stringValue: value }
    : { listValue: { values: value.map((stringValue) => ({ stringValue })) } };

/** The stream of one HTTP request. */
export class Request {
  readonly answers: Answer[] = [];
  readonly status: Promise<StatusObject>;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  #read = 0;
  #over: StatusObject | undefined;
  #wake: () => void = () => undefined;

  constructor(client: Client) {
    this.#call = client.makeBidiStreamRequest(PATH, asIs, asIs);
    this.#call.on("error", () => undefined);
    this.status = new Promise((resolve) => this.#call.on("status", resolve));
    this.#call.on("data", (bytes: Buffer) => {
      this.answers.push(decodeAnswer(bytes));
      this.#wake();
    });
    this.#call.on("status", (over) => {
      this.#over = over;
      this.#wake();
    });
  }

  /** Sends a message as it stands, or bytes that may be none. */
  send(message: Fields | Buffer): this {
    this.#call.write(Buffer.isBuffer(message) ? message : encodeRequest(message));
    return this;
  }

  /** The request's headers. `modes`: of the request and of the answer; undefined: the gateway does not tell. */
  headers(
    modes: readonly [request: number, response: number] | undefined,
    {
      headers = {},
      end = false,
      subset,
    }: { headers?: Headers; end?: boolean; subset?: string | readonly string[] } = {},
  ): this {
    const hint = subset !== undefined && {
      metadataContext: {
        filterMetadata: {
          "envoy.lb.subset_hint": struct({ "x-gateway-destination-endpoint-subset": textOrList(subset) }),
        },
      },
    };
    return this.send({
      requestHeaders: { headers: headerMap({ ...CHAT, ...headers }), endOfStream: end },
      ...(modes && { protocolConfig: { requestBodyMode: modes[0], responseBodyMode: modes[1] } }),
      ...hint,
    });
  }

  body(text: string, end = true): this {
    return this.send({ requestBody: { body: Buffer.from(text), endOfStream: end } });
  }

  trailers(): this {
    return this.send({ requestTrailers: { trailers: headerMap({ "x-end": "1" }) } });
  }

  /** The answer's headers, and who has served, by metadata or by attribute. */
  response(headers: Headers, served?: { metadata: string } | { attribute: string }): this {
    return this.send({
      responseHeaders: { headers: headerMap({ ":status": "200", ...headers }) },
      ...(served !== undefined &&
        ("metadata" in served
          ? {
              metadataContext: {
                filterMetadata: {
                  "envoy.lb": struct({ "x-gateway-destination-endpoint-served": textOrList(served.metadata) }),
                },
              },
            }
          : {
              attributes: {
                "envoy.filters.http.ext_proc": struct({ "upstream.address": textOrList(served.attribute) }),
              },
            })),
    });
  }

  responseBody(text: string, end: boolean): this {
    return this.send({ responseBody: { body: Buffer.from(text), endOfStream: end } });
  }

  responseTrailers(): this {
    return this.send({ responseTrailers: { trailers: headerMap({ "x-end": "1" }) } });
  }

  /** The next answer; fails where the stream ends instead. */
  async next(): Promise<Answer> {
    while (this.answers.length <= this.#read) {
      if (this.#over !== undefined) throw new Error(`the stream ended: ${this.#over.code} ${this.#over.details}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.answers[this.#read++]!;
  }

  halfClose(): this {
    this.#call.end();
    return this;
  }

  cancel(): void {
    this.#call.cancel();
  }
}

export type SetUp = {
  readonly settings?: Partial<ExtProcSettings>;
  /** EndpointPickerConfig; the built-in one unless told. */
  readonly config?: string;
  readonly endpoints?: number;
  /** Which requests are traced; none unless told. */
  readonly sampling?: PlanSampling;
};

/** A push with a pool of so many endpoints, ext_proc, and a client; all of it ends with the test. */
export async function setUp(t: TestContext, { settings = {}, config, endpoints = 3, sampling }: SetUp = {}) {
  const source = new FakeSource();
  source.setRoster(POOL, endpoints);
  const live = new LivePlans(config === undefined ? defaultConfig().config : readConfig(config, "test").config);
  const plans = sampling === undefined ? live : sampledPlans(live, sampling);
  const log = new RecordingLog();
  const observed: Observation[] = [];
  const traced: TracedRequest[] = [];
  let push: PushServer;
  const server = new ExtProcServer({
    settings: { ...USUAL, ...settings },
    clock: systemClock,
    log,
    push: () => push,
  });
  push = await startPushServer({
    ...{ source, plans, clock: systemClock, log, observer: new RecordingObserver() },
    listen: { host: "127.0.0.1", port: 0, flag: "--grpc-port" },
    methods: server.methods,
    observed(batch) {
      observed.push(...batch.records);
      traced.push(...batch.traced);
    },
  });
  const client = new Client(`127.0.0.1:${push.port}`, credentials.createInsecure());
  t.after(async () => {
    client.close();
    await push.stop(100);
    server.stop();
  });

  /** Waits for what the filter tells on its ticks. */
  async function until(what: string, holds: () => boolean): Promise<void> {
    for (const began = performance.now(); !holds(); ) {
      if (performance.now() - began > PATIENCE_MS) throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
      await sleep(5);
    }
  }

  return {
    source,
    server,
    push,
    client,
    observed,
    traced,
    until,
    open: () => new Request(client),
    inFlight: () => server.metrics.value("inline_epp_in_flight"),
  };
}
