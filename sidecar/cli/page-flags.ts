// Where people look.

import type { Command } from "commander";
import type { PageSettings } from "../serve-settings.ts";
import { option, spelled } from "./option.ts";
import { fileName, ipAddress, port } from "./values.ts";

/** What these flags say. */
export interface PageFlags {
  readonly pagePort?: number;
  readonly pageBind?: string;
  readonly pageTokenFile?: string;
}

const LOOPBACK = "127.0.0.1";

/** Adds the flags to a command. */
export function addPageFlags(command: Command): void {
  command.optionsGroup("Page:");
  command.addOption(
    option("--page-port <port>", "port of a page that shows pools and requests live (default: no page)").argParser(
      port,
    ),
  );
  command.addOption(option("--page-bind <ip>", `address of the page (default: "${LOOPBACK}")`).argParser(ipAddress));
  command.addOption(
    option("--page-token-file <file>", "who looks has to bring the token in this file; read at the start").argParser(
      fileName,
    ),
  );
}

/** What is wrong with the flags. */
export function pageContradiction(command: Command): string | undefined {
  const flags = command.opts<PageFlags>();
  if (flags.pagePort !== undefined) return undefined;
  const alone = (["pageBind", "pageTokenFile"] as const).find((key) => flags[key] !== undefined);
  return alone && `${spelled(command, alone)} needs --page-port`;
}

/** The settings; undefined where there is no page. */
export function pageSettings({ pagePort, pageBind, pageTokenFile }: PageFlags): PageSettings | undefined {
  if (pagePort === undefined) return undefined;
  return {
    bind: pageBind ?? LOOPBACK,
    port: pagePort,
    ...(pageTokenFile !== undefined && { tokenFile: pageTokenFile }),
  };
}
