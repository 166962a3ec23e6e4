import type { Rows } from "../lib/case.ts";

/** The load under which something is profiled. */
export interface ProfileOptions {
  readonly kilobytes: number;
  readonly connections: number;
  /** How long each arm is recorded, in all. */
  readonly seconds: number;
  /** Tells what happens now, for people who wait. */
  readonly progress: (text: string) => void;
}

/** Profiles something; returns tables. */
export type Profile = (options: ProfileOptions) => Promise<readonly Rows[]>;

/** Where the load goes. */
export const PATH = "/v1/chat/completions";
