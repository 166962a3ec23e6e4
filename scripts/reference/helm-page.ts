// The chart's values: defaults and comments of values.yaml, types and bounds of the schema that helm checks them with.

import { readFileSync } from "node:fs";
import { isMap, LineCounter, type Node, type Pair, parseDocument, type Scalar, type YAMLMap } from "yaml";
import { code, page, table } from "./markdown.ts";

const CHART = new URL("../../deploy/helm/inline-epp/", import.meta.url);

/** What of JSON schema the chart's schema has. */
interface Schema {
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const read = (name: string): string => readFileSync(new URL(name, CHART), "utf8");

class Values {
  readonly #root: Schema = JSON.parse(read("values.schema.json"));
  readonly #lines: readonly string[];
  readonly #counter = new LineCounter();
  readonly #values: Node;

  constructor() {
    const text = read("values.yaml");
    this.#lines = text.split("\n");
    this.#values = parseDocument(text, { lineCounter: this.#counter }).contents as Node;
  }

  rows(): string[][] {
    return this.#rowsOf(this.#values, this.#root, "");
  }

  #resolved(schema: Schema): Schema {
    const name = schema.$ref?.split("/").at(-1);
    return name === undefined ? schema : (this.#root.$defs?.[name] ?? {});
  }

  #takes(written: Schema): string {
    const schema = this.#resolved(written);
    const { minimum, maximum, maxItems, items } = schema;
    const choices = schema.oneOf ?? schema.anyOf;
    if (choices !== undefined) return choices.map((choice) => this.#takes(choice)).join(" or ");
    if (schema.enum !== undefined) return schema.enum.map((value) => code(`${value}` || '""')).join(", ");
    const type = [schema.type ?? "any"].flat().join(" or ");
    const bounds = [
      ...(minimum === undefined ? [] : [`from ${minimum}`]),
      ...(maximum === undefined ? [] : [`to ${maximum}`]),
      ...(maxItems === undefined ? [] : [`at most ${maxItems}`]),
    ];
    const of = items === undefined ? "" : ` of ${this.#takes(items)}`;
    return `${type}${of}${bounds.length === 0 ? "" : ` ${bounds.join(" ")}`}`;
  }

  /** The comment right above a key. */
  #comment(key: Scalar): string {
    const line = this.#counter.linePos(key.range![0]).line - 1;
    const before = this.#lines.slice(0, line);
    const from = before.findLastIndex((text) => !/^\s*#/.test(text)) + 1;
    return before
      .slice(from)
      .map((text) => text.replace(/^\s*# ?/, ""))
      .join("\n");
  }

  /** Whether something in a mapping has a comment. */
  #isSaid(node: Node): boolean {
    if (!isMap(node)) return false;
    const pairs = node.items as Pair<Scalar<string>, Node>[];
    return pairs.some(({ key, value }) => this.#comment(key) !== "" || (value !== null && this.#isSaid(value)));
  }

  #rowsOf(node: Node, schema: Schema, before: string): string[][] {
    if (!isMap(node)) throw new Error(`${before} is no mapping`);
    const rows = (node.items as Pair<Scalar<string>, Node>[]).flatMap(({ key, value }) => {
      const path = `${before}${key.value}`;
      const inner = this.#resolved(schema.properties?.[key.value] ?? {});
      const about = this.#comment(key);
      // What nobody says of its parts is said of it as a whole.
      if (isMap(value) && (about === "" || this.#isSaid(value))) {
        const own = about === "" ? [] : [[code(path), "object", "", about]];
        return [...own, ...this.#rowsOf(value, inner, `${path}.`)];
      }
      if (about === "") throw new Error(`values.yaml does not say what ${path} is`);
      return [[code(path), this.#takes(inner), code(JSON.stringify(value?.toJSON() ?? null)), about]];
    });
    return [...rows, ...this.#withoutDefault(node, schema, before)];
  }

  /** What the schema takes and values.yaml lacks. */
  #withoutDefault(node: YAMLMap, { properties = {} }: Schema, before: string): string[][] {
    const names = Object.keys(properties).filter((name) => !node.has(name));
    return names.map((name) => {
      const inner = this.#resolved(properties[name]!);
      if (inner.description === undefined)
        throw new Error(`values.yaml lacks ${before}${name}, and nobody describes it`);
      return [code(`${before}${name}`), this.#takes(inner), "", inner.description];
    });
  }
}

/** docs/reference/helm.md */
export function helmPage(): string {
  return page(
    "Values of the Helm chart",
    "`deploy/helm/inline-epp`; [in a cluster](../kubernetes.md) says how to choose. An unknown value is refused.",
    table(["value", "takes", "default", "what it does"], new Values().rows()),
  );
}
