// Pieces of pages.

/** The line with which every page begins. */
export const GENERATED = "<!-- Written by `npm run reference`; change what it is written from. -->";

/** A cell of a table: one line, and no bar that would end it. */
function cell(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ").replaceAll("|", "\\|");
}

/** A table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** A table of fields, by name, and of what each is. */
export function fieldTable(fields: Readonly<Record<string, string>>): string {
  return table(
    ["field", "what it is"],
    Object.entries(fields).map(([name, about]) => [code(name), about]),
  );
}

/** A text as code; nothing for nothing. */
export function code(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}

/** A value as YAML has it in one line. */
export function written(value: unknown): string {
  if (value === undefined) return "";
  return code(typeof value === "string" && value !== "" ? value : JSON.stringify(value));
}

/** A page of blocks. */
export function page(title: string, ...blocks: readonly string[]): string {
  return `${[GENERATED, `# ${title}`, ...blocks].join("\n\n")}\n`;
}
