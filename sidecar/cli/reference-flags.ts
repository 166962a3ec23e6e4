// Flags that deployments of other endpoint pickers set and that mean nothing here, or not everything: each is taken
// without effect, or refused where to ignore it would look like obedience. docs/reference-flags.md has the table of
// all, which a test holds to ALIKE and ODD.

import { type Command, Option } from "commander";
import { truth } from "./option.ts";

/** What becomes of a flag: taken in silence, taken with a warning, or refused. */
type Verdict = "accepted" | "without effect" | "refused";

/** The flags' values by key, as commander gives them. */
type Flags = Readonly<Record<string, unknown>>;

/** A flag that this program has only to say something about it. */
interface OddFlag {
  readonly name: string;
  readonly takes: "switch" | "text";
  /** For the table: what becomes of it. */
  readonly here: string;
  /** Why, and what to do instead. */
  readonly why: string;
  readonly judge: (value: unknown) => Verdict;
}

function ignored(name: string, why: string): OddFlag {
  return { name, takes: "text", here: "without effect", why, judge: () => "without effect" };
}

function ignoredSwitch(name: string, why: string): OddFlag {
  const judge = (value: unknown): Verdict => (value === true ? "without effect" : "accepted");
  return { name, takes: "switch", here: "without effect", why, judge };
}

function onlyFalse(name: string, why: string): OddFlag {
  const judge = (value: unknown): Verdict => (value === true ? "refused" : "accepted");
  return { name, takes: "switch", here: "only `false`", why, judge };
}

const METRICS_TLS = "metrics are served in plaintext; --metrics-endpoint-auth asks readers for a token";

/** Flags of which nothing or not every value has a meaning here. */
export const ODD: readonly OddFlag[] = [
  {
    ...ignored("metrics-cert-dir", METRICS_TLS),
    here: "refused",
    judge: () => "refused",
  },
  {
    ...ignored("metrics-client-ca-file", METRICS_TLS),
    here: "refused",
    judge: () => "refused",
  },
  onlyFalse("ha-enable-leader-election", "every replica is active and there is nothing to elect; leave it out"),
  ignoredSwitch("health-checking", "health is always served, on --grpc-health-port and not on --grpc-port"),
  ignoredSwitch("enable-pprof", "there are no Go profiles; Node's own --inspect and --cpu-prof do that"),
  ignoredSwitch("emit-endpoint-scores", "the filter tells scores to who asks by its setting explainHeader"),
  ignoredSwitch("enable-grpc-stream-metrics", "inline_epp_ext_proc_streams is always there"),
  ignoredSwitch("allow-experimental-plugins", "every plugin that is here may be used; check lists what a plugin does"),
  ignored("refresh-prometheus-metrics-interval", "metrics are computed when they are read"),
  ignored("grpc-max-send-msg-size", "bodies are sent in pieces of 62000 bytes"),
  ignored("zap-stacktrace-level", "errors are logged with their stack, other lines without"),
  ignored("zap-time-encoding", "times are logged as ISO 8601 in UTC"),
];

/** Flags that do what they do elsewhere; with what differs, where something does. */
export const ALIKE: readonly (readonly [name: string, difference: string])[] = [
  ["pool-name", ""],
  ["pool-namespace", "left out: `$NAMESPACE`, else the kubeconfig's or the service account's, else `default`"],
  ["pool-group", ""],
  ["endpoint-selector", "the pool is called as the Deployment in `$POD_NAME`, without one `standalone`"],
  ["endpoint-target-ports", ""],
  ["kubeconfig", ""],
  ["config-file", "followed as it changes"],
  ["config-text", ""],
  ["grpc-port", "gateways' state streams, too"],
  ["grpc-health-port", ""],
  ["metrics-port", "`/state` and HTTP probes too"],
  ["metrics-endpoint-auth", "false by default; covers `/state` too"],
  ["secure-serving", "left out: connections with TLS are taken and those without"],
  ["cert-path", ""],
  ["enable-cert-reload", ""],
  ["tls-min-version", ""],
  ["tls-cipher-suites", "those that Go calls secure"],
  ["disable-endpoint-subset-filter", "with ext_proc"],
  ["destination-endpoint-hint-key", "with ext_proc"],
  ["destination-endpoint-hint-metadata-namespace", "with ext_proc"],
  ["grpc-max-recv-msg-size", "64MiB by default; with ext_proc"],
  ["drain-timeout", "0s by default: a gateway keeps its state while it looks for another replica"],
  ["refresh-metrics-interval", ""],
  ["metrics-staleness-threshold", ""],
  ["model-server-metrics-scheme", "with endpoints from Kubernetes only"],
  ["model-server-metrics-path", "with endpoints from Kubernetes only"],
  ["model-server-metrics-port", "with endpoints from Kubernetes only"],
  ["model-server-metrics-https-insecure-skip-verify", "false by default where the scheme is not `https`"],
  ["total-queued-requests-metric", "of endpoints whose label names no other engine than vLLM; one label at most"],
  ["total-running-requests-metric", "likewise"],
  ["kv-cache-usage-percentage-metric", "likewise"],
  ["lora-info-metric", "likewise; empty for none"],
  ["cache-info-metric", "likewise; empty for none"],
  ["tracing", "false by default; [traces](tracing.md)"],
  ["v", "below 4 info, 4 debug, 5 and up trace"],
  ["zap-encoder", "`json` by default"],
  ["zap-log-level", "`panic` logs nothing"],
  ["zap-devel", "false by default; true only changes the format to `console`"],
];

/** A flag that was taken without effect. */
export interface WithoutEffect {
  readonly flag: string;
  readonly reason: string;
}

/** Adds the odd flags to a command; help does not list them. */
export function addReferenceFlags(command: Command): void {
  for (const { name, takes } of ODD) {
    const made = takes === "switch" ? new Option(`--${name} [bool]`).argParser(truth) : undefined;
    command.addOption((made ?? new Option(`--${name} <value>`)).hideHelp());
  }
}

function judged(command: Command): { odd: OddFlag; value: unknown; verdict: Verdict }[] {
  const flags = command.opts<Flags>();
  return ODD.map((odd) => {
    const value = flags[command.options.find((option) => option.long === `--${odd.name}`)!.attributeName()];
    return { odd, value, verdict: value === undefined ? "accepted" : odd.judge(value) };
  });
}

/** The first odd flag that cannot be taken, as a message to the user. */
export function refusedFlag(command: Command): string | undefined {
  const found = judged(command).find(({ verdict }) => verdict === "refused");
  return found && `--${found.odd.name}=${String(found.value)} is refused: ${found.odd.why}`;
}

/** The flags that are taken and do nothing. */
export function flagsWithoutEffect(command: Command): WithoutEffect[] {
  return judged(command)
    .filter(({ verdict }) => verdict === "without effect")
    .map(({ odd }) => ({ flag: `--${odd.name}`, reason: odd.why }));
}
