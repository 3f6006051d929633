// Making elements. Every text from data goes in as text, here and nowhere else; nothing is ever parsed as HTML.

type Attributes = Readonly<Record<string, string | number | boolean | null>>;
type Children = readonly (Node | string)[];

/** An HTML element; attributes that are null or false are left out. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Children
): HTMLElementTagNameMap[K] {
  return filled(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Children
): SVGElementTagNameMap[K] {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** The element of index.html with this id. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html has no element #${id}`);
  return element;
}

/** A spot of colour, for eyes only: the words beside it say the same. */
export function dot(colour: string): HTMLElement {
  const spot = el("span", { class: "dot", "aria-hidden": "true" });
  spot.style.background = colour; // through the CSSOM: a style attribute would break the content policy
  return spot;
}

/** A small drawing in strokes of the text's colour, in a box of 20 by 20. */
export function icon(path: string): SVGElement {
  return svg("svg", { class: "icon", viewBox: "0 0 20 20", "aria-hidden": "true" }, svg("path", { d: path }));
}

/** A sport's icon in its colour: the words beside it say the same. */
export function sportIcon(sport: { readonly icon: string; readonly colour: string }): SVGElement {
  const made = icon(sport.icon);
  made.style.color = sport.colour; // through the CSSOM: a style attribute would break the content policy
  return made;
}

/** Fills a select element. */
export function options(select: HTMLSelectElement, choices: readonly (readonly [string, string])[], chosen: string): void {
  select.replaceChildren(...choices.map(([value, label]) => el("option", { value, selected: value === chosen }, label)));
}

function filled<E extends Element>(element: E, attributes: Attributes, children: Children): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}
