// Mappings of the EndpointPickerConfig as rows of tables, by the shapes that they are read with.

import type { Field, Shape } from "../../sidecar/epp-config/shape.ts";
import type { Takes } from "../../sidecar/support/fields.ts";
import { code, written } from "./markdown.ts";

/** The head of tables of fields. */
export const FIELD_HEAD = ["field", "takes", "default", "what it does"];

/** One field, by the path that leads to it: `limits[].per`. */
interface Row {
  readonly path: string;
  readonly takes: string;
  readonly fallback: string;
  readonly about: string;
}

function takesText({ text, unit, items }: Takes): string {
  const own = unit === undefined ? text : `${text} (${unit})`;
  return items === undefined ? own : `${own}, each ${takesText(items)}`;
}

/** The fields of a mapping, or of each item of a list of mappings. */
function inner(takes: Takes): { readonly shape: Shape; readonly step: string } | undefined {
  if (takes.items !== undefined) {
    const within = inner(takes.items);
    return within && { shape: within.shape, step: `[]${within.step}` };
  }
  return takes.fields && { shape: takes.fields as Shape, step: "" };
}

function aboutOf({ about, idle, refersTo }: Field<unknown>): string {
  const types = refersTo.length > 0 ? "; left out, the one that is called as its type" : "";
  return `${about}${types}${idle === undefined ? "" : ". **No effect here**"}`;
}

function rowsOf(shape: Shape, before: string): Row[] {
  return Object.entries(shape).flatMap(([name, field]) => {
    const { takes } = field.read;
    if (takes === undefined) throw new Error(`${before}${name} does not say what it takes`);
    const path = `${before}${name}`;
    const row = {
      path,
      takes: takesText(takes),
      fallback: field.required ? "required" : written(field.fallback ?? field.idle?.usual),
      about: aboutOf(field),
    };
    const within = inner(takes);
    return within === undefined ? [row] : [row, ...rowsOf(within.shape, `${path}${within.step}.`)];
  });
}

/** What a newer and an older row of one field say, each where they differ. */
function both(newer: string, older: string | undefined): string {
  return older === undefined || older === newer ? newer : `${newer || "-"}; older: ${older || "-"}`;
}

/** Rows of a table: the fields of a mapping in the newer API group, and where it differs in the older one. */
export function fieldRows(newer: Shape, older: Shape = newer): string[][] {
  const olderRows = new Map(rowsOf(older, "").map((row) => [row.path, row]));
  const newerRows = rowsOf(newer, "");
  const shared = newerRows.map((row) => {
    const other = olderRows.get(row.path);
    olderRows.delete(row.path);
    const only = other === undefined ? ". Newer group only" : "";
    return [
      code(row.path),
      both(row.takes, other?.takes),
      both(row.fallback, other?.fallback),
      `${both(row.about, other?.about)}${only}`,
    ];
  });
  const left = [...olderRows.values()].map(({ path, takes, fallback, about }) => [
    code(path),
    takes,
    fallback,
    `${about}. Older group only`,
  ]);
  return [...shared, ...left];
}
