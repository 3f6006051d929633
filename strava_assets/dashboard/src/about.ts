// What the page says about itself: that private places are cut out, and how.
// What belongs here: those words. What does not: anything that changes with the data.
import { el } from "./dom";

/** What everybody is told. */
export const FOR_ALL: readonly string[] = [
  "Private places, such as a home, are cut out before anything is published. For each of them one larger, displaced shape was drawn at random, once, and is kept secret; whatever lies inside it never leaves the owner's machine. So the end of a line does not point at a door.",
  "Distances, times, climb, averages and calories are computed from the visible parts alone. A ride that was partly hidden therefore counts less than was ridden, and some figures are missing: they would tell what is not shown. In a profile such places are gaps, labelled “hidden section”.",
  "Only rides that everybody may see are here, with their days but without any time of day. Every file was read again and checked against these rules before it was published.",
  "This page reads only files that lie beside it. It sets no cookie and asks nobody else, but for map tiles where the owner switched them on. Your switches for colours and units stay in this browser.",
];

export function createAbout(dialog: HTMLDialogElement, opener: HTMLElement, paragraphs: readonly string[]): void {
  const close = el("button", { type: "button", class: "close", "aria-label": "Close" }, "×");
  close.addEventListener("click", () => dialog.close());
  const keys: [string, string][] = [
    ["/", "search"],
    ["Esc", "close, then clear"],
    ["↑ ↓", "through the list"],
    ["Enter", "open a ride"],
    ["← →", "along a profile"],
  ];
  dialog.replaceChildren(
    el("div", { class: "popover-head" }, el("h2", { id: "about-title" }, "About this map"), close),
    ...paragraphs.map((words) => el("p", {}, words)),
    el("h3", {}, "Keys"),
    el("dl", { class: "keys" }, ...keys.map(([key, does]) => el("div", {}, el("dt", {}, el("kbd", {}, key)), el("dd", {}, does)))),
  );
  opener.addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside it
  });
}
