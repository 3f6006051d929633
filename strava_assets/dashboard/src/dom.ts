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

function filled<E extends Element>(element: E, attributes: Attributes, children: Children): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}
