import type { Document, LineCounter } from "yaml";
import type { Path } from "./findings.ts";

/**
 * On which line of a YAML text a value stands, counted from 1. A field that is missing has no place of its own: the
 * mapping that lacks it is where to look.
 * @param counter what the document's parser was given.
 */
export function lineFinder(document: Document, counter: LineCounter): (path: Path) => number | undefined {
  return (path) => {
    for (let steps = path.length; steps > 0; steps--) {
      const node = document.getIn(path.slice(0, steps), true) as { range?: [number, number, number] } | undefined;
      if (node?.range) return counter.linePos(node.range[0]).line;
    }
    return undefined;
  };
}
