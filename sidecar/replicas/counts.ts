import { MESSAGE_KINDS, type MessageKind, REFUSALS, type Refusal } from "./messages.ts";

/** What travels between replicas, as metric labels show it: messages, and batches of journals. */
export type Kind = MessageKind | "journal";
export const TRAVELLING: readonly Kind[] = [...MESSAGE_KINDS, "journal"];

function noughts<K extends string>(keys: readonly K[]): Record<K, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;
}

/** How often things happened; read by metrics. */
export class Counts {
  readonly sent = noughts(TRAVELLING);
  /** From others. */
  readonly received = noughts(TRAVELLING);
  /** Not sent, because Redis took too slowly what was sent before; journals: forgotten before they could be sent. */
  readonly dropped = noughts(TRAVELLING);
  readonly refused: Record<Refusal, number> = noughts(REFUSALS);
}
