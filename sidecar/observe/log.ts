import { type DestinationStream, destination as fileDescriptor, type Logger, pino } from "pino";

/** What parts of the sidecar log through: fields first, then a message that is the same at every call. */
export type Log = Pick<Logger, "debug" | "info" | "warn" | "error">;

/** From all to least; `silent` logs nothing. */
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `json`: one object per line, for machines. `text`: time, level, message and fields, for people. */
export const LOG_FORMATS = ["json", "text"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

const STDERR = 2;
const HEAD = new Set(["level", "time", "msg"]);

function fieldText(value: unknown): string {
  // Anything but a plain word is quoted: a node id or an address may hold spaces, newlines and terminal codes.
  return typeof value === "string" && /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value);
}

/** A line of pino's JSON as text. */
function humanLine(json: string): string {
  const record = JSON.parse(json) as Record<string, unknown>;
  const fields = Object.entries(record)
    .filter(([name]) => !HEAD.has(name))
    .map(([name, value]) => ` ${name}=${fieldText(value)}`);
  const level = String(record.level).toUpperCase().padEnd(5);
  return `${record.time} ${level} ${record.msg}${fields.join("")}\n`;
}

/**
 * The process's logger. Lines go to stderr, written before the call returns, so that the last words of a dying
 * process are not lost.
 */
export function createLogger(
  level: LogLevel,
  format: LogFormat,
  output: DestinationStream = fileDescriptor({ fd: STDERR, sync: true }),
): Logger {
  const target = format === "json" ? output : { write: (line: string) => output.write(humanLine(line)) };
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
    },
    target,
  );
}
