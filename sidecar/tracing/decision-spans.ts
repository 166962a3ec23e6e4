// A traced request as spans. Where the reference has a name for something, it has the same here:
// pkg/epp/handlers, requestcontrol and scheduling of llm-d-router. Names of its own begin with `inline_epp.`.

import {
  type Attributes,
  type Context,
  type HrTime,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { FINISH_CONTENT_FILTER, FINISH_LENGTH, FINISH_STOP, FINISH_TOOL_CALLS } from "../../wire/layout.ts";
import type { Observation, ObservedModel, TracedRequest } from "../../wire/model.ts";
import type { PoolIndex } from "./pool-index.ts";
import { profileAttributes } from "./profile-attributes.ts";
import { readExplanation } from "./read-explanation.ts";

const MICROSECONDS = 1e6;
const WHOLE = 1_000_000n;
/** Microseconds since 1970 that OTLP's nanoseconds have room for, with a request's duration on top. */
const LATEST = 2n ** 63n / 1000n - 2n ** 32n;
const FINISH = new Map<number, string>([
  [FINISH_STOP, "stop"],
  [FINISH_LENGTH, "length"],
  [FINISH_TOOL_CALLS, "tool_calls"],
  [FINISH_CONTENT_FILTER, "content_filter"],
]);

function nameOf(model: ObservedModel | "other" | undefined): string | undefined {
  return model === "other" ? undefined : model?.name;
}

function parentOf({ parent }: TracedRequest): Context {
  if (parent === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { ...parent, traceFlags: TraceFlags.SAMPLED, isRemote: true });
}

/** What went wrong with a request, as a span's status; undefined: nothing. */
function problemOf({ status }: Observation, { details }: TracedRequest): string | undefined {
  if (details !== "") return details;
  if (status === 0) return "no answer";
  return status >= 500 ? `HTTP ${status}` : undefined;
}

function usage(record: Observation): Attributes {
  return {
    ...(record.prompt > 0 && { "gen_ai.usage.input_tokens": record.prompt }),
    ...(record.output > 0 && { "gen_ai.usage.output_tokens": record.output }),
    ...(record.cachedKnown && { "gen_ai.usage.cache_read.input_tokens": record.cached }),
  };
}

/** Makes spans of what gateways tell of traced requests. */
export class DecisionSpans {
  readonly #tracer: Tracer;
  readonly #index: PoolIndex;

  constructor(tracer: Tracer, index: PoolIndex) {
    this.#tracer = tracer;
    this.#index = index;
  }

  /**
   * Makes the spans of one request of a pool; "" where there is no such pool any more. Returns the trace's id in hex;
   * undefined: there is no span.
   */
  add(pool: string, record: Observation, traced: TracedRequest): string | undefined {
    if (traced.started > LATEST) return undefined;
    const at = (later: number): HrTime => {
      const time = traced.started + BigInt(later);
      return [Number(time / WHOLE), Number(time % WHOLE) * 1000];
    };
    const target = nameOf(record.target) ?? nameOf(record.model);
    const model = { ...(target !== undefined && { "gen_ai.request.model": target }) };
    const span = this.#tracer.startSpan(
      "gateway.request",
      { kind: SpanKind.SERVER, startTime: at(0), attributes: { ...model, ...this.#request(pool, record, traced) } },
      parentOf(traced),
    );
    if (record.ttft > 0) span.addEvent("first_token", at(record.ttft));
    const problem = problemOf(record, traced);
    if (problem !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: problem });
    this.#orchestration(span, target, record, traced, at);
    span.end(at(record.duration));
    return span.spanContext().traceId;
  }

  #request(pool: string, record: Observation, traced: TracedRequest): Attributes {
    const asked = nameOf(record.model);
    const finish = FINISH.get(record.finish);
    const objective = traced.objective === 0n ? undefined : this.#index.objective(pool, traced.objective);
    const served = this.#index.endpoint(pool, record.endpoint);
    const picked = this.#index.endpoint(pool, traced.picked);
    return {
      "inline_epp.pool": pool,
      ...(asked !== undefined && record.target !== record.model && { "inline_epp.client_model": asked }),
      ...(objective !== undefined && { "inline_epp.objective": objective }),
      ...(picked !== undefined && { "inline_epp.picked_endpoint": picked.address }),
      ...(served !== undefined && { "inline_epp.endpoint": served.address, "inline_epp.endpoint_name": served.name }),
      ...(record.status !== 0 && { "http.response.status_code": record.status }),
      "http.request.body.size": record.requestBytes,
      "http.response.body.size": record.answerBytes,
      "gen_ai.request.stream": record.streamed,
      ...(record.local && { "inline_epp.answered_by_gateway": true }),
      ...(traced.details !== "" && { "inline_epp.rejected": traced.details }),
      ...(finish !== undefined && { "gen_ai.response.finish_reasons": [finish] }),
      ...(record.ttft > 0 && { "gen_ai.latency.time_to_first_token": record.ttft / MICROSECONDS }),
      ...usage(record),
    };
  }

  // From the complete body to the decision, or to the refusal; and in it the waiting and what each profile found.
  #orchestration(
    request: Span,
    target: string | undefined,
    record: Observation,
    traced: TracedRequest,
    at: (later: number) => HrTime,
  ): void {
    const { whole, decided, details } = traced;
    const end = decided > 0 ? decided : Math.min(whole + record.queued, record.duration);
    if (decided === 0 && whole === 0 && details === "") return;
    const explanation = readExplanation(traced.explanation);
    const span = this.#tracer.startSpan(
      "gateway.request_orchestration",
      {
        startTime: at(whole > 0 ? Math.min(whole, end) : end),
        attributes: {
          ...(target !== undefined && { target_model: target }),
          request_prio: record.priority,
          ...(explanation !== undefined && {
            "inline_epp.prompt_tokens": explanation.promptTokens,
            "inline_epp.prompt_blocks": explanation.promptBlocks,
          }),
        },
      },
      trace.setSpan(ROOT_CONTEXT, request),
    );
    if (details !== "") span.setStatus({ code: SpanStatusCode.ERROR, message: details });
    const inside = trace.setSpan(ROOT_CONTEXT, span);
    if (record.queued > 0) {
      const from = Math.max(end - record.queued, 0);
      this.#tracer.startSpan("inline_epp.queue", { startTime: at(from) }, inside).end(at(end));
    }
    for (const profile of explanation?.profiles ?? []) {
      const attributes = profileAttributes(profile);
      this.#tracer.startSpan("run_scheduler_profile", { startTime: at(end), attributes }, inside).end(at(end));
    }
    span.end(at(end));
  }
}
