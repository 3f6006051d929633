// What the page says in words: nothing published, nothing matches, something wrong, something new, whose map it is.
// What belongs here: those words and where they stand. What does not: when they are true (main).
import { byId, el } from "./dom";

const NOTICE = 8_000; // ms
let hiding = 0;

/** Over the map, until `clear`. */
export function blank(title: string, words: string): void {
  show(el("p", {}, el("strong", {}, title)), el("p", {}, words));
}

/** No ride passes the filters; the way out is beside it. */
export function nothingMatches(reset: () => void): void {
  const again = el("button", { type: "button", class: "primary" }, "Reset");
  again.addEventListener("click", reset);
  show(el("p", {}, el("strong", {}, "Nothing matches.")), el("p", {}, again));
}

export function clear(): void {
  byId("message").hidden = true;
}

/** In passing, and gone after some seconds. */
export function say(words: string): void {
  const notice = byId("notice");
  notice.textContent = words;
  notice.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => {
    notice.hidden = true;
  }, NOTICE) as unknown as number;
}

/** OpenStreetMap asks for a link; whatever else the owner wrote stays plain text. */
export function attribute(words: string): void {
  const place = byId("attribution");
  const [before, after] = words.split(/OpenStreetMap(?: contributors)?/, 2);
  place.replaceChildren(before ?? "");
  if (after !== undefined)
    place.append(
      el(
        "a",
        { href: "https://www.openstreetmap.org/copyright", rel: "noopener noreferrer" },
        "OpenStreetMap contributors",
      ),
      after,
    );
  place.hidden = false;
}

function show(...children: Node[]): void {
  byId("message").replaceChildren(...children);
  byId("message").hidden = false;
}
