// The one description of every frame's bytes, compiled into the filter by asc and run by Node as it stands.
// Only constants live here: integers, without type annotations, so that both languages read the same file.
// The tables in FORMAT.md show the same layout for people. All values are little-endian.

/** First four bytes of every frame: "IEPP". */
export const FRAME_MAGIC = 0x50504549;
/** Version rule: a reader accepts exactly its own version. Any change of a byte's meaning raises it by one. */
export const WIRE_VERSION = 7;
/** No frame may be longer: a roster of MAX_ENDPOINTS with labels stays far below. */
export const MAX_FRAME_BYTES = 4194304;
/** Endpoints (pod ip x target port) that one pool may hold. */
export const MAX_ENDPOINTS = 4096;
/** Pools that one sidecar may push to one gateway. */
export const MAX_POOLS = 1024;

// Header, at the start of every frame.
export const HEADER_MAGIC = 0; // u32
export const HEADER_VERSION = 4; // u16
export const HEADER_KIND = 6; // u16
export const HEADER_LENGTH = 8; // u32, whole frame
export const HEADER_POOL = 16; // u64, xxh64 of the pool's name; 0 where the frame concerns no pool
export const HEADER_EPOCH = 24; // u64, see each kind
export const HEADER_BYTES = 32;

// Kinds. Down: sidecar to gateway; up: gateway to sidecar.
export const KIND_HELLO = 1; // up, first frame of a stream
export const KIND_ROSTER = 2; // down, who the pool's endpoints are
export const KIND_LOAD = 3; // down, what is known of each of them now
export const KIND_PLAN = 4; // down, how to choose among them
export const KIND_SYNC = 5; // down, every pool that is wanted has been sent; forget the others
export const KIND_GONE = 6; // down, the pool is no more
export const KIND_BEAT = 7; // down, the sidecar lives
export const KIND_ACK = 8; // up, what has been accepted and refused
export const KIND_FLIGHT = 9; // up, down and between workers, requests in flight
export const KIND_JOURNAL = 10; // up, down and between workers, what has been learned from requests
export const KIND_WANT = 11; // up, which pools the gateway uses
export const KIND_POLICY = 12; // down, what the pool's requests are subject to
export const KIND_OBSERVED = 13; // up, in a call of its own, what became of requests
export const KIND_SPENT = 14; // up, in a call of its own, what was taken from budgets of rate limits
export const KIND_BUDGETS = 15; // down, the answer to it, how those budgets stand

// HELLO. Epoch 0.
export const HELLO_GATEWAY = 32; // u64, random, one per stream
export const HELLO_NODE_LENGTH = 40; // u32
export const HELLO_NODE = 44; // bytes, Envoy's node id, UTF-8
export const HELLO_NODE_MAX = 256;

// WANT. Epoch 0.
export const WANT_FLAGS = 32; // u32
export const WANT_POOLS = 36; // u32, count
export const WANT_BYTES = 40; // then u64 per pool, its key
/** Flag: a pool's name comes with a request, so every pool's ROSTER, PLAN and first LOAD are wanted too. */
export const WANT_ALL = 1;

// ROSTER. Epoch: this roster's own; changes whenever any byte behind the header does.
export const ROSTER_ENDPOINTS = 32; // u32, count
export const ROSTER_LABELS = 36; // u32, count
export const ROSTER_STRINGS = 40; // u32, bytes
export const ROSTER_NAME_OFFSET = 44; // u32, into the strings
export const ROSTER_NAME_LENGTH = 48; // u32
export const ROSTER_BYTES = 56; // then endpoints, labels, strings

export const ENDPOINT_KEY = 0; // u64, xxh64 of the address: the same in every pool and from every sidecar
export const ENDPOINT_ADDRESS_OFFSET = 8; // u32, "10.0.0.1:8000" or "[fd00::1]:8000", ASCII
export const ENDPOINT_ADDRESS_LENGTH = 12; // u32
export const ENDPOINT_NAME_OFFSET = 16; // u32, "namespace/pod"
export const ENDPOINT_NAME_LENGTH = 20; // u32
export const ENDPOINT_ZONE_OFFSET = 24; // u32, topology zone
export const ENDPOINT_ZONE_LENGTH = 28; // u32
export const ENDPOINT_LABEL_START = 32; // u32, index of its first label
export const ENDPOINT_LABEL_COUNT = 36; // u32
export const ENDPOINT_ENGINE = 40; // u8, ENGINE_*
export const ENDPOINT_ROLE = 41; // u8, ROLE_*
export const ENDPOINT_RANK = 42; // u16, which of the pool's target ports
export const ENDPOINT_BYTES = 48;
/** Longest address: "[" + 39 characters of IPv6 + "]:" + 5 digits. */
export const ENDPOINT_ADDRESS_MAX = 47;

export const LABEL_KEY_OFFSET = 0; // u32
export const LABEL_KEY_LENGTH = 4; // u32
export const LABEL_VALUE_OFFSET = 8; // u32
export const LABEL_VALUE_LENGTH = 12; // u32
export const LABEL_BYTES = 16;

export const ENGINE_VLLM = 0;
export const ENGINE_SGLANG = 1;
export const ENGINE_TRTLLM_SERVE = 2;
export const ENGINE_TRITON_TENSORRT_LLM = 3;

export const ROLE_ANY = 0;
export const ROLE_PREFILL = 1;
export const ROLE_DECODE = 2;
export const ROLE_PREFILL_DECODE = 3;
export const ROLE_ENCODE = 4;

// LOAD. Epoch: of the roster whose order the records follow.
export const LOAD_ENDPOINTS = 32; // u32, count, equal to the roster's
export const LOAD_ADAPTERS = 36; // u32, count
export const LOAD_SEQUENCE = 40; // u64, grows by one per LOAD of a stream; comes back in ACK
export const LOAD_SENT_AT = 48; // u64, microseconds of the sidecar's clock
export const LOAD_RECEIVED_AT = 56; // u64, microseconds of the gateway's clock; 0 on the wire, set on receipt
export const LOAD_FRESH_FOR = 64; // u32, milliseconds: an older sample is stale
export const LOAD_BYTES = 72; // then records, adapters

export const SAMPLE_FLAGS = 0; // u32, SAMPLE_READY
export const SAMPLE_AGE = 4; // u32, milliseconds from the scrape to LOAD_SENT_AT; SAMPLE_NEVER
export const SAMPLE_WAITING = 8; // u32, requests queued in the engine
export const SAMPLE_RUNNING = 12; // u32, requests being served
export const SAMPLE_KV_USAGE = 16; // f32, 0..1
export const SAMPLE_BLOCK_SIZE = 20; // u32, tokens per KV-cache block; 0 unknown
export const SAMPLE_BLOCK_COUNT = 24; // u32, KV-cache blocks; 0 unknown
export const SAMPLE_ADAPTER_START = 28; // u32, index of its first adapter: the running ones, then the waiting ones
export const SAMPLE_ADAPTERS_RUNNING = 32; // u16, count
export const SAMPLE_ADAPTERS_WAITING = 34; // u16, count
export const SAMPLE_ADAPTERS_MAX = 36; // u16, slots; 0 unknown
export const SAMPLE_COUNTER = 38; // u16, moves with every new sample of this endpoint, wraps
export const SAMPLE_BYTES = 40;
export const SAMPLE_READY = 1; // flag: takes new requests
export const SAMPLE_NEVER = 0xffffffff;
/** An adapter is the xxh64 of its name. */
export const ADAPTER_BYTES = 8;

// PLAN. Epoch: this plan's own.
export const PLAN_PROFILES = 32; // u32, count, 1..MAX_PROFILES
export const PLAN_STEPS = 36; // u32, count
export const PLAN_TERMS = 40; // u32, count
export const PLAN_VALUES = 44; // u32, count
export const PLAN_STRINGS = 48; // u32, bytes
export const PLAN_HANDLER = 52; // u32, HANDLER_*
export const PLAN_HANDLER_PARAMETERS = 56; // 8 x f64, by handler
export const PLAN_BLOCK_TOKENS = 120; // u32, tokens per prefix block; 0: as the engine has it
export const PLAN_MAX_BLOCKS = 124; // u32, blocks of a prompt that are looked at, 1..MAX_PROMPT_BLOCKS
export const PLAN_LRU_BLOCKS = 128; // u32, blocks remembered per endpoint; 0: as many as the engine has
export const PLAN_OUTPUT_MAX = 132; // u32, cap of the estimated output tokens; 0: none
export const PLAN_OUTPUT_RATIO = 136; // f64, output tokens estimated per prompt token; 0: output is not counted
export const PLAN_DETECTOR = 144; // u32, DETECTOR_*: what tells that the pool is saturated
export const PLAN_FLAGS = 148; // u32, PLAN_FLOW_CONTROL or nothing
export const PLAN_DETECTOR_PARAMETERS = 152; // 8 x f64, by detector
export const PLAN_USAGE_LIMIT = 216; // f64, saturation from which on requests wait
export const PLAN_QUEUE_BYTES = 224; // u64, bodies that may wait over all bands; 0: no limit
export const PLAN_QUEUE_REQUESTS = 232; // u32, requests that may wait over all bands; 0: no limit
export const PLAN_TTL = 236; // u32, milliseconds that a request waits at most; 0: no limit
export const PLAN_NO_ENDPOINT_TTL = 240; // u32, the same while the pool has no endpoint that takes requests
export const PLAN_BANDS = 244; // u32, count
export const PLAN_LIMITS = 248; // u32, count
export const PLAN_LIMIT_MODELS = 252; // u32, count
export const PLAN_SAMPLER = 256; // u32, SAMPLER_*: which requests are traced
export const PLAN_SAMPLER_RATIO = 264; // f64, 0..1, of those that it decides over
export const PLAN_BYTES = 272; // then profiles, steps, terms, values, bands, limits, models of limits, strings
/** Flag: requests wait while the pool is saturated; without it those with priorities below 0 are turned away. */
export const PLAN_FLOW_CONTROL = 1;
export const SAMPLER_OFF = 0; // none
export const SAMPLER_PARENT = 1; // as their traceparent says; by the ratio where they have none
export const SAMPLER_RATIO = 2; // by the ratio, whatever their traceparent says
export const MAX_BANDS = 64;
export const MAX_LIMITS = 16;
export const MAX_LIMIT_MODELS = 1024;
export const MAX_PROFILES = 16;
export const MAX_STEPS = 256;
export const MAX_TERMS = 1024;
export const MAX_VALUES = 4096;
/** Tokens that a prefix block may have. */
export const MAX_BLOCK_TOKENS = 1024;
/** Tokens of a prefix block where the plan leaves it to engines that have smaller ones, or say nothing. */
export const LEAST_ENGINE_BLOCK_TOKENS = 16;
/** Prompt blocks that a plan may ask to look at. */
export const MAX_PROMPT_BLOCKS = 4096;

export const PROFILE_FIRST_STEP = 0; // u32
export const PROFILE_STEPS = 4; // u32, in order: filters, scorers, one picker
export const PROFILE_NAME_OFFSET = 8; // u32
export const PROFILE_NAME_LENGTH = 12; // u32
export const PROFILE_BYTES = 16;

export const STEP_STAGE = 0; // u16, STAGE_*
export const STEP_PLUGIN = 2; // u16, PLUGIN_*
export const STEP_NAME_OFFSET = 4; // u32
export const STEP_NAME_LENGTH = 8; // u32
export const STEP_WEIGHT = 16; // f64, scorers only
export const STEP_TERM_START = 24; // u32, index of its first term
export const STEP_TERM_COUNT = 28; // u32
export const STEP_TEXT_OFFSET = 32; // u32, a text by plugin
export const STEP_TEXT_LENGTH = 36; // u32
export const STEP_PARAMETERS = 40; // 8 x f64, by plugin; FORMAT.md lists them
export const STEP_BYTES = 104;
/** Numbers that a step or a handler may have. */
export const MAX_PARAMETERS = 8;

// A term of a label selector; a step's terms must all hold.
export const TERM_KEY_OFFSET = 0; // u32
export const TERM_KEY_LENGTH = 4; // u32
export const TERM_VALUE_START = 8; // u32, index of its first value
export const TERM_VALUE_COUNT = 12; // u32
export const TERM_OPERATOR = 16; // u32, TERM_*
export const TERM_BYTES = 24;

export const TERM_IN = 1; // the label has one of the values
export const TERM_NOT_IN = 2; // it is absent or has none of them
export const TERM_EXISTS = 3;
export const TERM_DOES_NOT_EXIST = 4;
export const TERM_IN_OR_ABSENT = 5; // it is absent or has one of the values

export const VALUE_OFFSET = 0; // u32
export const VALUE_LENGTH = 4; // u32
export const VALUE_BYTES = 8;

// How requests of one priority wait.
export const BAND_PRIORITY = 0; // i32; 0 where the kind is not BAND_EXACT
export const BAND_KIND = 4; // u32, BAND_*
export const BAND_MAX_BYTES = 8; // u64, at least 1
export const BAND_MAX_REQUESTS = 16; // u32, at least 1
export const BAND_FAIRNESS = 20; // u16, FAIRNESS_*
export const BAND_ORDER = 22; // u16, ORDER_*
export const BAND_HALF_LIFE = 24; // f64, seconds after which what a flow has been given counts half; above 0
export const BAND_BYTES = 32;

export const BAND_EXACT = 0; // for the priority that it names
export const BAND_DEFAULT = 1; // for priorities without a band; exactly one
export const BAND_NEGATIVE = 2; // for priorities below 0 without a band; exactly one

export const FAIRNESS_GLOBAL_STRICT = 1; // no flows: the order counts over all of them
export const FAIRNESS_ROUND_ROBIN = 2; // flows get equally many requests
export const FAIRNESS_RECENT_TOKENS = 3; // flows get equally many tokens, an output token counting as two

export const ORDER_FCFS = 1;
export const ORDER_EDF = 2; // by the end of its time to live
export const ORDER_SLO_DEADLINE = 3; // by arrival and the time to the first token that the client asks for

/** Requests, or tokens, that a limit may allow. */
export const MAX_LIMIT_QUANTITY = 1000000000000000;
// A rate limit. Each client has a budget of it, or all have one; budgets fill up evenly while time passes.
export const LIMIT_KEY = 0; // u64, xxh64 of its name
export const LIMIT_REQUESTS = 8; // f64, requests per LIMIT_PER; 0: any number
export const LIMIT_TOKENS = 16; // f64, tokens of prompts and answers per LIMIT_PER; 0: any number
export const LIMIT_PER = 24; // f64, microseconds; above 0
export const LIMIT_BURST = 32; // f64, microseconds in which an empty budget fills up; above 0
export const LIMIT_NAME_OFFSET = 40; // u32, into the strings
export const LIMIT_NAME_LENGTH = 44; // u32
export const LIMIT_HEADER_OFFSET = 48; // u32, the request header that names the client, in lower case
export const LIMIT_HEADER_LENGTH = 52; // u32; 0: all clients share
export const LIMIT_MODEL_START = 56; // u32, index of its first model
export const LIMIT_MODEL_COUNT = 60; // u32; 0: it holds for every model
export const LIMIT_FLAGS = 64; // u32, LIMIT_PER_MODEL or nothing
export const LIMIT_BYTES = 72;
/** Flag: each model has budgets of its own. */
export const LIMIT_PER_MODEL = 1;
/** A model that a limit is for is the u64 xxh64 of its name. */
export const LIMIT_MODEL_BYTES = 8;

export const DETECTOR_UTILIZATION = 1; // 0 queueDepthThreshold, 1 kvCacheUtilThreshold, 2 metricsStalenessThreshold in ms, 3 headroom
export const DETECTOR_CONCURRENCY = 2; // 0 maxConcurrency, 1 maxTokenConcurrency, 2 headroom, 3 concurrencyMode (0 requests, 1 tokens, 2 hybrid)

export const STAGE_FILTER = 1;
export const STAGE_SCORER = 2;
export const STAGE_PICKER = 3;

export const HANDLER_SINGLE = 1; // parameter 0: profile
// parameters: 0 decode, 1 prefill, 2 encode profile, -1 none; 3 DECIDER_* of prefill; 4 nonCachedTokens; 5 promptTokens;
// 6 DECIDER_* of encode; 7 primaryPort, 0 none
export const HANDLER_DISAGG = 2;
export const HANDLER_DATA_PARALLEL = 3; // parameters: 0 profile; 7 primaryPort

export const DECIDER_NEVER = 0;
export const DECIDER_ALWAYS = 1;
export const DECIDER_PREFIX = 2; // prefill: by prompt tokens that the decode endpoint has not cached
export const DECIDER_MULTIMODAL = 3; // encode: where the prompt has images, audio or video

// Scorers.
export const PLUGIN_QUEUE_SCORER = 1;
export const PLUGIN_KV_CACHE_UTILIZATION_SCORER = 2;
export const PLUGIN_RUNNING_REQUESTS_SIZE_SCORER = 3;
export const PLUGIN_PREFIX_CACHE_SCORER = 4; // 0 matchLengthWeight, 1 matchLengthScaleTokens
export const PLUGIN_LORA_AFFINITY_SCORER = 5;
export const PLUGIN_TOKEN_LOAD_SCORER = 6; // 0 queueThresholdTokens
export const PLUGIN_ACTIVE_REQUEST_SCORER = 7; // 0 idleThreshold, 1 maxBusyScore
export const PLUGIN_LOAD_AWARE_SCORER = 8; // 0 threshold
export const PLUGIN_SESSION_AFFINITY_SCORER = 9; // text: header
export const PLUGIN_NO_HIT_LRU_SCORER = 10; // 0 lruSize
export const PLUGIN_CONTEXT_LENGTH_SCORER = 11; // text: label
export const PLUGIN_LATENCY_SCORER = 12; // 0 ttftWeight, 1 tpotWeight, 2 strategy (0 least, 1 most), 3 compositeKVWeight, 4 compositeQueueWeight, 5 compositePrefixWeight
export const PLUGIN_EXPECTED_LATENCY_SCORER = 13; // FORMAT.md lists its parameters
// Filters.
export const PLUGIN_LABEL_SELECTOR_FILTER = 32; // terms
export const PLUGIN_PREFIX_CACHE_AFFINITY_FILTER = 33; // 0 affinityThreshold, 1 explorationProbability, 2 maxTTFTPenaltyMs, 3 ttftSource (0 prefillThroughput, 1 latencyPredictor), 4 peakPrefillThroughput
export const PLUGIN_SLO_HEADROOM_TIER_FILTER = 34; // 0 epsilonExploreNeg
export const PLUGIN_CONTEXT_LENGTH_FILTER = 35; // text: label
// Pickers; parameter 0: maxNumOfEndpoints.
export const PLUGIN_MAX_SCORE_PICKER = 64;
export const PLUGIN_RANDOM_PICKER = 65;
export const PLUGIN_WEIGHTED_RANDOM_PICKER = 66;
/** Destinations a picker may list. */
export const MAX_DESTINATIONS = 16;

// POLICY. Epoch: this policy's own. Comes before the pool's first ROSTER.
export const POLICY_OBJECTIVES = 32; // u32, count
export const POLICY_RULES = 36; // u32, count
export const POLICY_MODELS = 40; // u32, count
export const POLICY_TARGETS = 44; // u32, count
export const POLICY_STRINGS = 48; // u32, bytes
export const POLICY_BYTES = 56; // then objectives, rules, models, targets, strings
export const MAX_OBJECTIVES = 4096;
export const MAX_RULES = 4096;
export const MAX_RULE_MODELS = 16384;
export const MAX_TARGETS = 16384;
/** Bytes of a model's name. */
export const MODEL_NAME_MAX = 256;
export const TARGET_WEIGHT_MAX = 1000000;

export const OBJECTIVE_NAME = 0; // u64, xxh64 of its name
export const OBJECTIVE_MODEL = 8; // u64, xxh64 of the model whose requests have it without naming it; 0: none
export const OBJECTIVE_PRIORITY = 16; // i32
export const OBJECTIVE_BYTES = 24;

// A rule says which model requests get. Of those that match, one that names the model comes before one for all, then
// the one that stands first.
export const RULE_MODEL_START = 0; // u32, index of its first model
export const RULE_MODEL_COUNT = 4; // u32; 0: any model
export const RULE_TARGET_START = 8; // u32, index of its first target
export const RULE_TARGET_COUNT = 12; // u32; 0: the model stays
export const RULE_BYTES = 16;

/** A model that a rule is for is the u64 xxh64 of its name. */
export const RULE_MODEL_BYTES = 8;

export const TARGET_KEY = 0; // u64, xxh64 of the model's name
export const TARGET_MODEL_OFFSET = 8; // u32
export const TARGET_MODEL_LENGTH = 12; // u32, 1..MODEL_NAME_MAX
export const TARGET_WEIGHT = 16; // u32, 1..TARGET_WEIGHT_MAX
export const TARGET_BYTES = 24;

// ACK. Epoch 0.
export const ACK_SEQUENCE = 32; // u64, of the last LOAD accepted
export const ACK_ACCEPTED = 40; // u32, frames since the stream opened
export const ACK_REFUSED = 44; // u32, frames since the stream opened
export const ACK_REASON = 48; // u32, REFUSED_* of the last refused frame
export const ACK_BYTES = 56;

// FLIGHT. Epoch 0.
export const FLIGHT_OWNER = 32; // u64, random, one per worker VM; up: the gateway's number; down: 0
export const FLIGHT_BEAT_AT = 40; // u64, microseconds of the gateway's clock; up and down 0
export const FLIGHT_JOURNAL = 48; // u64, the owner's journal: sequence of the record that comes next
export const FLIGHT_ENTRIES = 56; // u32, count
export const FLIGHT_BYTES = 64; // then entries

export const FLIGHT_KEY = 0; // u64, ENDPOINT_KEY
export const FLIGHT_REQUESTS = 8; // u32
export const FLIGHT_TOKENS = 12; // u32, of prompts, and of outputs where the plan counts them
export const FLIGHT_PREFILL = 16; // u32, prompt tokens not cached of requests without a first token yet
export const FLIGHT_ENTRY_BYTES = 24;

// JOURNAL. Epoch 0.
export const JOURNAL_OWNER = 32; // u64, random, one per worker VM; up: the gateway's number; down: 0
export const JOURNAL_FIRST = 40; // u64, sequence of its first record; grows by one per record
export const JOURNAL_RECORDS = 48; // u32, count
export const JOURNAL_BYTES = 56; // then records
/** No journal may be longer. */
export const MAX_JOURNAL_BYTES = 262144;

export const RECORD_KIND = 0; // u16, RECORD_*
export const RECORD_VALUES = 2; // u16, count
export const RECORD_KEY = 8; // u64, ENDPOINT_KEY
export const RECORD_BYTES = 16; // then values, 8 bytes each

export const RECORD_HELD = 1; // u64 each: the endpoint now holds these prompt blocks
export const RECORD_LOST = 2; // u64 each: it turned out not to hold them
export const RECORD_TTFT = 3; // f64: uncached tokens, tokens ahead, waiting, running, KV use, milliseconds
export const RECORD_TPOT = 4; // f64: running, KV use, tokens in flight, milliseconds

// OBSERVED. Epoch 0.
export const OBSERVED_RECORDS = 32; // u32, count
export const OBSERVED_MODELS = 36; // u32, count
export const OBSERVED_STRINGS = 40; // u32, bytes
export const OBSERVED_RUNNING = 44; // u32, count
export const OBSERVED_WORKER = 48; // u64, random, of the worker that tells
export const OBSERVED_TRACED = 56; // u32, count
export const OBSERVED_TRACED_BYTES = 60; // u32, bytes of them with their texts
export const OBSERVED_WAITING = 64; // u32, count
export const OBSERVED_BYTES = 72; // then records, running, waiting, models, strings, traced
/** No OBSERVED may be longer, nor have more models or rows of running or waiting requests. */
export const MAX_OBSERVED_BYTES = 65536;
export const MAX_OBSERVED_MODELS = 128;
export const MAX_RUNNING = 64;
export const MAX_WAITING = 64;

// A request that is over. Times are in microseconds, and end at what their fields hold.
export const OBSERVATION_POOL = 0; // u64, key of its pool; 0: it had none
export const OBSERVATION_ENDPOINT = 8; // u64, ENDPOINT_KEY of who served; 0: nobody
export const OBSERVATION_MODEL = 16; // u16, index of the model that the client asked for; OBSERVATION_NO_MODEL, _OTHER_MODEL
export const OBSERVATION_TARGET = 18; // u16, likewise of the model that was asked of the endpoint
export const OBSERVATION_PRIORITY = 20; // i32
export const OBSERVATION_STATUS = 24; // u16, the answer's HTTP status; 0: none came
export const OBSERVATION_FLAGS = 26; // u8, OBSERVATION_STREAMED, _LOCAL, _CACHED_KNOWN
export const OBSERVATION_FINISH = 27; // u8, FINISH_*
export const OBSERVATION_DURATION = 28; // u32, from its headers to the end of its stream
export const OBSERVATION_QUEUED = 32; // u32, how much of that it waited for the pool
export const OBSERVATION_TTFT = 36; // u32, from its headers to the first event with data; 0: none came
export const OBSERVATION_ITL = 40; // u32, mean time between events with data; 0: unknown
export const OBSERVATION_CHUNKS = 44; // u32, events with data
export const OBSERVATION_REQUEST_BYTES = 48; // u32, of its body
export const OBSERVATION_ANSWER_BYTES = 52; // u32, of the answer's body
export const OBSERVATION_PROMPT = 56; // u32, tokens by the answer's usage figures; 0: unknown
export const OBSERVATION_OUTPUT = 60; // u32, likewise
export const OBSERVATION_CACHED = 64; // u32, likewise, of the prompt's
export const OBSERVATION_BYTES = 72;
export const OBSERVATION_NO_MODEL = 65535; // the request named none
export const OBSERVATION_OTHER_MODEL = 65534; // the batch had no room for its name
export const OBSERVATION_STREAMED = 1; // flag: the client wants the answer as a stream
export const OBSERVATION_LOCAL = 2; // flag: the answer came from the gateway itself
export const OBSERVATION_CACHED_KNOWN = 4; // flag: the answer told how many tokens of the prompt were cached

// Requests that the worker has with endpoints.
export const RUNNING_POOL = 0; // u64, key of their pool; 0: of several
export const RUNNING_REQUESTS = 8; // u32
export const RUNNING_MODEL = 12; // u16, index of the model that their clients asked for; OBSERVATION_OTHER_MODEL
export const RUNNING_BYTES = 16;

// Requests that wait for a pool in the worker's queues.
export const WAITING_POOL = 0; // u64, key of their pool; 0: of several pools and priorities
export const WAITING_PRIORITY = 8; // i32; 0 where there are several
export const WAITING_REQUESTS = 12; // u32, at least 1
export const WAITING_OLDEST = 16; // u32, milliseconds for which the one that came first has waited
export const WAITING_BYTES = 24;

export const MODEL_HASH = 0; // u64, xxh64 of the whole name
export const MODEL_OFFSET = 8; // u32, into the strings
export const MODEL_LENGTH = 12; // u32, at most MODEL_KEPT_MAX: what is longer is cut
export const MODEL_BYTES = 16;
export const MODEL_KEPT_MAX = 256;

// What is told of a request that is traced, beside its record. Behind each row stand its details, then its explanation.
export const TRACED_RECORD = 0; // u32, index of its record
export const TRACED_DECIDED = 4; // u32, microseconds from its headers to the decision; 0: none fell
export const TRACED_ID = 8; // 16 bytes, the trace's id as in traceparent; all 0: the request brought none
export const TRACED_PARENT = 24; // 8 bytes, likewise the id of the span that it came from
export const TRACED_STARTED = 32; // u64, microseconds since 1970 by the gateway's clock: when its headers came
export const TRACED_PICKED = 40; // u64, ENDPOINT_KEY of who was picked; 0: nobody
export const TRACED_OBJECTIVE = 48; // u64, xxh64 of its InferenceObjective's name; 0: it names none
export const TRACED_WHOLE = 56; // u32, likewise until its body was complete; 0: it has none, or never was
export const TRACED_DETAILS_LENGTH = 60; // u16, why the filter turned it away, response code details; 0: it did not
export const TRACED_EXPLANATION_LENGTH = 62; // u16, the decision's explanation, JSON; 0: none, or too long
export const TRACED_BYTES = 64;
/** An explanation that is longer is left out. */
export const MAX_EXPLANATION = 8192;
/** No batch has more bytes of traced requests with their texts. */
export const MAX_TRACED_BYTES = 32768;

export const FINISH_NONE = 0; // none was found
export const FINISH_STOP = 1; // stop; end_turn, stop_sequence
export const FINISH_LENGTH = 2; // length; max_tokens
export const FINISH_TOOL_CALLS = 3; // tool_calls, function_call; tool_use
export const FINISH_CONTENT_FILTER = 4; // content_filter; refusal
export const FINISH_OTHER = 5;

// SPENT. Epoch 0. A budget is told by the microseconds after which it is full, of requests and of tokens: its debts.
export const SPENT_ROWS = 32; // u32, count
export const SPENT_BYTES = 40; // then rows
/** Budgets that a SPENT may tell of. */
export const MAX_SPENT = 256;

export const SPEND_KEY = 0; // u64, the budget's
export const SPEND_REQUESTS = 8; // f64, microseconds added to its debt of requests; below 0: given back
export const SPEND_TOKENS = 16; // f64, likewise of tokens
export const SPEND_REQUEST_DEBT = 24; // f64, microseconds, its debt without that as the gateway has it; 0 or more
export const SPEND_TOKEN_DEBT = 32; // f64, likewise of tokens
export const SPEND_BYTES = 40;

// BUDGETS. Epoch 0. A row for each of the SPENT's, in its order.
export const BUDGETS_ROWS = 32; // u32, count
export const BUDGETS_BYTES = 40; // then rows

export const BUDGET_KEY = 0; // u64
export const BUDGET_REQUEST_DEBT = 8; // f64, microseconds, 0 or more: of all gateways
export const BUDGET_TOKEN_DEBT = 16; // f64, likewise
export const BUDGET_BYTES = 24;

// Why a frame is refused. 0: accepted.
export const ACCEPTED = 0;
export const REFUSED_TRUNCATED = 1; // shorter than its header or than its own length field
export const REFUSED_MAGIC = 2;
export const REFUSED_VERSION = 3;
export const REFUSED_LENGTH = 4; // length field and tables disagree, or a limit is passed
export const REFUSED_KIND = 5; // unknown, or not in this direction
export const REFUSED_REFERENCE = 6; // an offset, index or count points outside its table
export const REFUSED_VALUE = 7; // a field holds a value that its meaning excludes
export const REFUSED_EPOCH = 8; // a LOAD for another roster than the last one
