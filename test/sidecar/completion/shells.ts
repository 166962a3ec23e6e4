// Real shells that complete what is typed.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL("../../../sidecar/main.ts", import.meta.url));
const TYPED = fileURLToPath(new URL("typed.py", import.meta.url));

/** Shows its arguments, a line each, in place of the program. */
const PROGRAM = `inline-epp() { for word; do printf 'word %s\\n' "$word"; done; echo end; }`;

/** A folder with a few files, in which shells are started. */
export interface Place {
  readonly folder: string;
  remove(): Promise<void>;
}

/** Makes the folder: files a.yaml and b.json, folders certs and more files, and the script of each shell. */
export async function makePlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "inline-epp-completion-"));
  await mkdir(join(folder, "files", "certs"), { recursive: true });
  for (const name of ["a.yaml", "b b.json"]) await writeFile(join(folder, "files", name), "");
  for (const shell of ["bash", "zsh", "fish"]) {
    const { stdout } = await run(process.execPath, [MAIN, "completion", shell]);
    await writeFile(join(folder, `completion.${shell}`), stdout);
  }
  await writeFile(
    join(folder, "bashrc"),
    `${PROGRAM}\nsource ../completion.bash\nbind 'set enable-bracketed-paste off'\nPS1='ready> '\n`,
  );
  // With the widget that puts all matches on the line, as bash has it without more ado.
  await writeFile(
    join(folder, ".zshrc"),
    `${PROGRAM}
autoload -Uz compinit && compinit -D -u
source ../completion.zsh
zle -C all-matches complete-word _generic
bindkey '^[*' all-matches
zstyle ':completion:all-matches:*' completer _all_matches _complete
zstyle ':completion:all-matches:*' insert true
unsetopt zle_bracketed_paste prompt_cr prompt_sp auto_remove_slash
PS1='ready> '
`,
  );
  return { folder, remove: () => rm(folder, { recursive: true }) };
}

/** What of a terminal's text the stand-in for the program said, sorted. */
function words(text: string): readonly string[] {
  return [...text.matchAll(/^word (.*?)\r?$/gm)].map(([, word = ""]) => word).toSorted();
}

type Completer = (place: Place, line: string, several: boolean) => Promise<readonly string[]>;

/** Every word of the line after its last one is completed, with `several` in all ways at once, sorted. */
function typing(shell: string, ...args: readonly string[]): Completer {
  return async ({ folder }, line, several) => {
    const { stdout } = await run("python3", [TYPED, `${line}${several ? "\x1b*" : "\t"}\n`, shell, ...args], {
      cwd: join(folder, "files"),
      env: { PATH: process.env.PATH, TERM: "dumb", HOME: folder, ZDOTDIR: folder, LC_ALL: "C.UTF-8" },
    });
    return words(stdout);
  };
}

/** For each shell, what completes the last word of a line: what the line's words are then, sorted. */
export const SHELLS: Readonly<Record<string, Completer>> = {
  bash: typing("bash", "--noprofile", "--rcfile", "../bashrc", "-i"),
  zsh: typing("zsh", "-i"),
  fish: async ({ folder }, line) => {
    const script = `source ../completion.fish; complete -C ${JSON.stringify(line)}`;
    const env = { PATH: process.env.PATH, HOME: folder, LC_ALL: "C.UTF-8" };
    const { stdout } = await run("fish", ["--no-config", "-c", script], { cwd: join(folder, "files"), env });
    const found = stdout.split("\n").filter((row) => row !== "");
    const before = line.split(" ").slice(1, -1);
    return [...before, ...found.map((row) => row.split("\t", 1)[0]!)].toSorted();
  },
};
