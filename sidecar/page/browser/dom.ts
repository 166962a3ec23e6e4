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

/** Sets an attribute where it is another one. */
export function setAttribute(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Hides an element, or shows it, where it is not so already. */
export function setHidden(element: HTMLElement, hidden: boolean): void {
  if (element.hidden !== hidden) element.hidden = hidden;
}

/** A row of cells; a number from 0 to 1 is shown as a bar, which says nothing to who does not see it. */
export type Row = readonly (string | number)[];

function fillCell(cell: HTMLTableCellElement, content: string | number): void {
  if (typeof content === "string") {
    setText(cell, content);
    return;
  }
  let bar = cell.firstElementChild as HTMLElement | null;
  if (bar === null) {
    bar = make("div", "", "share-bar");
    bar.ariaHidden = "true";
    cell.replaceChildren(bar);
  }
  const width = `${(content * 100).toFixed(1)}%`;
  if (bar.style.width !== width) bar.style.width = width;
}

function addCell(line: HTMLTableRowElement, column: number, words: readonly number[]): HTMLTableCellElement {
  const cell = make(column === 0 ? "th" : "td", "", words.includes(column) ? "words" : "");
  if (column === 0) cell.scope = "row";
  line.append(cell);
  return cell;
}

/** Makes a row's cells these; the first is its head. @param words indices of the columns that hold words, beside the first. */
export function fillRow(line: HTMLTableRowElement, row: Row, words: readonly number[] = []): void {
  for (const [column, content] of row.entries()) {
    fillCell(line.cells[column] ?? addCell(line, column, words), content);
  }
}

/** The body of the table in a place, which gets a table with this head where it has none, or one with another. */
export function tableBody(place: HTMLElement, head: readonly string[], words: readonly number[] = []) {
  const present = place.querySelector("table");
  const titles = [...(present?.tHead?.rows[0]?.cells ?? [])].map(({ textContent }) => textContent);
  if (present !== null && titles.join("\n") === head.join("\n")) return present.tBodies[0]!;
  const cells = head.map((text, column) => {
    const cell = make("th", text, words.includes(column) ? "words" : "");
    cell.scope = "col";
    return cell;
  });
  const body = make("tbody");
  place.replaceChildren(make("table", [make("thead", [make("tr", cells)]), body]));
  return body;
}

/** Makes a table's content these rows. @param words indices of the columns that hold words, beside the first. */
export function fillTable(
  place: HTMLElement,
  head: readonly string[],
  rows: readonly Row[],
  words: readonly number[] = [],
): void {
  const body = tableBody(place, head, words);
  while (body.rows.length > rows.length) body.deleteRow(-1);
  for (const [index, row] of rows.entries()) fillRow(body.rows[index] ?? body.insertRow(), row, words);
}

/** Shows a sentence where there is nothing to tabulate. */
export function fillSentence(place: HTMLElement, text: string): void {
  if (place.querySelector("table") === null && place.textContent === text) return;
  place.replaceChildren(make("p", text, "quiet"));
}
