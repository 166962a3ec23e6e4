import { exposition } from "../../../sidecar/observe/exposition.ts";

/** An exposition in one piece. */
export async function written(...[registry, format]: Parameters<typeof exposition>): Promise<string> {
  let text = "";
  for await (const piece of exposition(registry, format)) text += piece;
  return text;
}
