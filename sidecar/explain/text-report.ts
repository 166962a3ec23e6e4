import { columns } from "../support/columns.ts";
import type { Answer } from "./explain.ts";
import { type Column, type Explanation, limited, type ProfileExplanation, type Step } from "./explanation.ts";
import { droppedBy, isBlind, outcome, pickerOf, unconsidered } from "./judge.ts";
import type { SnapshotPlan, SnapshotPool } from "./snapshot.ts";

/** Decimals of scores and totals; signals show as many as they have, up to this. */
const DECIMALS = 4;
const NOTHING = "-";

/** What a piece of text is, for those who colour it. */
export type Look = "title" | "head" | "picked" | "dropped";

/** What a report is made of. */
export interface Report {
  readonly pool: SnapshotPool;
  /** The plan that ran. */
  readonly plan: SnapshotPlan;
  readonly answer: Answer;
  /** Endpoints per profile that are listed. */
  readonly endpoints: number;
  /** What to know of the figures as a whole, a sentence each. */
  readonly notes: readonly string[];
}

/** Cells of one column, with its title first. */
interface Cells {
  readonly cells: readonly string[];
  readonly isLeft: boolean;
}

function signal(value: number | null | undefined): string {
  return value === null || value === undefined ? NOTHING : String(Number(value.toFixed(DECIMALS)));
}

function score(value: number | null | undefined): string {
  return value === null || value === undefined ? NOTHING : value.toFixed(DECIMALS);
}

function signalCells(title: string, column: Column): Cells {
  return { cells: [title, ...column.map(signal)], isLeft: false };
}

// A raw score and what its weight makes of it, in one column under one title.
function scoreCells(title: string, scores: Column, weight: number): Cells {
  const weighted = scores.map((value) => score(value === null ? null : value * weight));
  const width = Math.max(...weighted.map(({ length }) => length));
  const cells = scores.map((value, row) =>
    value === null ? "" : `${score(value)}  ${weighted[row]!.padStart(width)}`,
  );
  return { cells: [title, ...cells.map((cell) => cell || NOTHING)], isLeft: false };
}

function stepCells(step: Step): Cells {
  if ("filter" in step) {
    const verdicts = step.kept.map((kept) => (kept === null ? NOTHING : kept === 1 ? "kept" : "dropped"));
    return { cells: [step.filter, ...verdicts], isLeft: true };
  }
  if ("scorer" in step) return scoreCells(`${step.scorer} x ${signal(step.weight)}`, step.scores, step.weight);
  const totals = step.picks.length === 0 ? step.totals.map(() => NOTHING) : step.totals.map(score);
  return { cells: ["total", ...totals], isLeft: false };
}

function table(profile: ProfileExplanation, { endpoints }: SnapshotPool): string[] {
  const names = new Map(endpoints.map(({ endpoint }) => [endpoint.address, endpoint.name]));
  const ownNames = profile.endpoints.map((address) => names.get(address) ?? address);
  const { queue, running, kvUsage, inFlight, matchedBlocks } = profile.signals;
  const all: Cells[] = [
    { cells: ["endpoint", ...profile.endpoints], isLeft: true },
    ...(ownNames.every((name, row) => name === profile.endpoints[row])
      ? []
      : [{ cells: ["name", ...ownNames], isLeft: true }]),
    signalCells("queue", queue),
    signalCells("running", running),
    signalCells("KV use", kvUsage),
    signalCells("in flight", inFlight),
    signalCells("matched blocks", matchedBlocks),
    ...profile.steps.map(stepCells),
  ];
  const rows = all[0]!.cells.map((_, row) => all.map(({ cells }) => cells[row]!));
  return columns(rows, (column) => all[column]!.isLeft);
}

function looks(profile: ProfileExplanation): (Look | undefined)[] {
  const { picks, totals } = pickerOf(profile);
  const rows = profile.endpoints.map((address, row) => {
    if (address === picks[0]) return "picked";
    return totals[row] === null || picks.length === 0 ? "dropped" : undefined;
  });
  return ["head", ...rows];
}

function profileLines(profile: ProfileExplanation, report: Report, paint: Paint): string[] {
  const { pool, plan, answer } = report;
  const [shown] = limited({ ...answer.explanation!, profiles: [profile] }, report.endpoints).profiles;
  const painted = looks(shown!);
  const lines = table(shown!, pool).map((line, row) => (painted[row] ? paint(painted[row], line) : line));
  const hidden = profile.endpoints.length - shown!.endpoints.length;
  return [
    paint(
      "title",
      `profile ${profile.name}: ${profile.candidates} of ${pool.endpoints.length} endpoints to choose from`,
    ),
    ...(isBlind(pool, profile)
      ? ["no sample is fresh: all ready endpoints are considered, and requests in flight are all that is known"]
      : []),
    "",
    ...lines,
    ...(hidden > 0 ? [`and ${hidden} more; --endpoints ${profile.endpoints.length} lists them`] : []),
    "",
    outcome(plan, profile),
    ...droppedBy(profile).map(({ filter, addresses }) => `dropped by ${filter}: ${list(addresses, report.endpoints)}`),
    "",
  ];
}

function list(texts: readonly string[], most: number): string {
  const rest = texts.length - most;
  return rest > 0 ? `${texts.slice(0, most).join(", ")} and ${rest} more` : texts.join(", ");
}

function decision({ answer }: Report): string[] {
  const { destinations, prefill, encode, dataParallel, refusal, waits } = answer;
  if (refusal !== undefined) return [`answered ${refusal.status}: ${refusal.body}`];
  if (waits) return ["waits: the pool is saturated, or others wait before it"];
  const [destination, ...fallbacks] = destinations;
  return [
    `destination: ${destination}`,
    `fallbacks: ${fallbacks.join(", ") || "none"}`,
    ...(dataParallel === undefined ? [] : [`data-parallel rank: ${dataParallel}`]),
    ...(prefill === undefined ? [] : [`prefill: ${prefill}`]),
    ...(encode.length === 0 ? [] : [`encode: ${encode.join(", ")}`]),
  ];
}

function promptText(explanation: Explanation | undefined): string {
  if (explanation === undefined) return "";
  return `; a prompt of ${explanation.promptTokens} tokens, ${explanation.promptBlocks} blocks`;
}

// What the pool's objectives and rewrites make of the request, where they make anything of it.
function policyLines({ model, target, priority }: Answer): string[] {
  return [
    ...(target === model ? [] : [`model ${target} in place of ${model ?? "none"}`]),
    ...(priority === 0 ? [] : [`priority ${priority}`]),
  ];
}

/** Colours a text by what it is. */
export type Paint = (look: Look, text: string) => string;

/** A decision for people: a table per profile, with what decided below it, then where the request goes. */
export function textReport(report: Report, paint: Paint): string {
  const { pool, answer, notes } = report;
  const { explanation } = answer;
  const profiles = explanation?.profiles ?? [];
  const aside = explanation === undefined ? [] : unconsidered(pool, profiles[0]);
  const asideTexts = aside.map(({ address, why }) => `${address} (${why})`);
  return [
    `pool ${pool.name}${promptText(explanation)}`,
    ...policyLines(answer),
    ...notes.map((note) => `note: ${note}`),
    "",
    ...profiles.flatMap((profile) => profileLines(profile, report, paint)),
    ...(asideTexts.length > 0 ? [`not considered: ${list(asideTexts, report.endpoints)}`] : []),
    ...decision(report),
    "",
  ].join("\n");
}
