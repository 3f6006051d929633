// The bottom sheet of a phone and its three stops; beside a wide map the same element is a plain column.
// What belongs here: the stops and dragging. What does not: what is in the sheet.

const STOPS = ["peek", "half", "full"] as const;
type Stop = (typeof STOPS)[number];

export interface Sheet {
  to(stop: Stop): void;
  /** Opens it so far, if it is not yet. */
  atLeast(stop: Stop): void;
}

export function createSheet(sheet: HTMLElement, handle: HTMLElement): Sheet {
  function to(stop: Stop): void {
    sheet.dataset["stop"] = stop;
    sheet.style.height = "";
    handle.setAttribute("aria-expanded", String(stop !== "peek"));
  }
  let from: { y: number; height: number; moved: boolean } | null = null;
  handle.addEventListener("pointerdown", (event) => {
    from = { y: event.clientY, height: sheet.offsetHeight, moved: false };
    handle.setPointerCapture(event.pointerId);
  });
  handle.addEventListener("pointermove", (event) => {
    if (from === null) return;
    const up = from.y - event.clientY;
    if (Math.abs(up) > 6) from.moved = true;
    if (from.moved) sheet.style.height = `${Math.max(72, from.height + up)}px`;
  });
  const settle = () => {
    if (from?.moved === true) {
      const share = sheet.offsetHeight / (sheet.parentElement?.offsetHeight ?? innerHeight);
      to(share < 0.36 ? "peek" : share < 0.72 ? "half" : "full");
    }
  };
  handle.addEventListener("pointerup", settle);
  handle.addEventListener("pointercancel", () => {
    settle();
    from = null;
  });
  handle.addEventListener("click", () => {
    if (from?.moved !== true) to(STOPS[(STOPS.indexOf(sheet.dataset["stop"] as Stop) + 1) % STOPS.length]!);
    from = null; // a click follows every drag; only a still one counts
  });
  return {
    to,
    atLeast(stop) {
      if (STOPS.indexOf(sheet.dataset["stop"] as Stop) < STOPS.indexOf(stop)) to(stop);
    },
  };
}
