export type Instruction = { keyword: string; flags: Record<string, string>; words: string[]; text: string };
export type Stage = { name: string; base: string; instructions: Instruction[] };

/** The stages of a Dockerfile, as far as this project's uses its language: no heredocs and no ARG. */
export function parseDockerfile(text: string): Stage[] {
  const stages: Stage[] = [];
  const lines = text.replaceAll("\\\n", " ").split("\n");
  for (const line of lines) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [keyword = "", ...rest] = line.trim().split(/\s+/);
    if (keyword === "FROM") {
      const [base = "", as, name = ""] = rest;
      if (as !== "AS") throw new Error(`a stage without a name: ${line}`);
      stages.push({ name, base, instructions: [] });
      continue;
    }
    const flags = rest.filter((word) => word.startsWith("--"));
    stages.at(-1)!.instructions.push({
      keyword,
      flags: Object.fromEntries(flags.map((flag) => flag.slice(2).split("=") as [string, string])),
      words: rest.filter((word) => !word.startsWith("--")),
      text: line.trim().slice(keyword.length).trim(),
    });
  }
  return stages;
}

/** Unlike a shell's, this asterisk takes names that begin with a dot too. */
function matches(path: string, pattern: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\?]/g, "\\$&").replaceAll("*", "[^/]*");
  return new RegExp(`^${escaped}$`).test(path);
}

/** Whether an ignore file keeps a path out of the build context: the last pattern that matches it or a parent wins. */
export function isIgnored(ignoreFile: string, path: string): boolean {
  const parts = path.split("/");
  const selfAndParents = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
  let ignored = false;
  for (const line of ignoreFile.split("\n")) {
    const pattern = line.trim();
    if (pattern === "" || pattern.startsWith("#")) continue;
    const glob = pattern.replace(/^!/, "");
    if (selfAndParents.some((each) => matches(each, glob))) ignored = !pattern.startsWith("!");
  }
  return ignored;
}
