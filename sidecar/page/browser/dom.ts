// Elements are made once and changed in place: a person's focus, selection and scroll position stay where they are.

/** The element of the page with that id. Throws where there is none: page.html and this script belong together. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`page.html has no #${id}`);
  return element as T;
}

/** A new element with text or children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  content: string | readonly Node[] = [],
  className = "",
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  if (typeof content === "string") element.textContent = content;
  else element.append(...content);
  return element;
}

/** Sets a text where it is another one. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** A row of cells. */
export type Row = readonly string[];

/** Makes a table's content these rows. @param words indices of the columns that hold words, beside the first. */
export function fillTable(place: HTMLElement, head: Row, rows: readonly Row[], words: readonly number[] = []): void {
  let table = place.querySelector("table");
  if (table === null) {
    const cells = head.map((text, column) => {
      const cell = make("th", text, words.includes(column) ? "words" : "");
      cell.scope = "col";
      return cell;
    });
    table = make("table", [make("thead", [make("tr", cells)]), make("tbody")]);
    place.replaceChildren(table);
  }
  const body = table.tBodies[0]!;
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((row, index) => {
    const line = body.rows[index] ?? body.insertRow();
    for (const [column, text] of row.entries()) setText(line.cells[column] ?? line.insertCell(), text);
    for (const column of words) line.cells[column]!.className = "words";
  });
}

/** Shows a sentence where there is nothing to tabulate. */
export function fillSentence(place: HTMLElement, text: string): void {
  if (place.querySelector("table") === null && place.textContent === text) return;
  place.replaceChildren(make("p", text, "quiet"));
}
