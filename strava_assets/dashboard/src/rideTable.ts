// The table of rides: sortable, and windowed, so that ten thousand rides open as fast as ten.
// What belongs here: rows, order, keys. What does not: which rides are shown (filters), what opening one does.
import type { Activity } from "./activity";
import { el, sportIcon } from "./dom";
import type { Formats } from "./format";
import { SPORTS } from "./sports";

const ROW = 48; // px, as in style.css
const AROUND = 8; // rows made above and below what is seen

interface Column {
  readonly name: string;
  readonly label: string;
  readonly value: (activity: Activity) => number | string | null;
  readonly words: (activity: Activity, formats: Formats) => string;
}

const COLUMNS: readonly Column[] = [
  { name: "date", label: "Date", value: ({ date }) => date, words: ({ date }, formats) => formats.shortDay(date) },
  { name: "name", label: "Name", value: ({ name }) => name.toLocaleLowerCase(), words: ({ name }) => name },
  { name: "distance", label: "Distance", value: (a) => a.distance, words: (a, formats) => formats.distance(a.distance) },
  { name: "climb", label: "Climb", value: (a) => a.climb, words: (a, formats) => formats.height(a.climb) },
  { name: "time", label: "Time", value: (a) => a.movingTime, words: (a, formats) => formats.duration(a.movingTime) },
];

export interface RideTable {
  show(newestFirst: readonly Activity[], formats: Formats): void;
  /** Marks the open ride and, if asked, brings its row into sight. */
  mark(id: string | null, scroll: boolean): void;
  /** Puts the keyboard's focus on a ride's row, or on the first; false where there is none. */
  focus(id: string | null): boolean;
}

export interface RideTableEvents {
  picked(activity: Activity): void;
  /** The pointer is on this row; null: on none. */
  pointed(activity: Activity | null): void;
  /** Whether arrows open what they come to. */
  opensOnArrow(): boolean;
}

export function createRideTable(holder: HTMLElement, events: RideTableEvents): RideTable {
  let rides: Activity[] = [];
  let newestFirst: readonly Activity[] = [];
  let formats: Formats | null = null;
  let marked: string | null = null;
  let active = 0; // the row that Tab comes to
  let sorted: { name: string; down: boolean } = { name: "date", down: true };

  const head = el("div", { role: "row", class: "ride-head", "aria-rowindex": 1 });
  const body = el("div", { role: "rowgroup", class: "ride-rows" });
  const grid = el(
    "div",
    { role: "grid", class: "ride-table", "aria-label": "Rides shown" },
    el("div", { role: "rowgroup", class: "ride-heads" }, head),
    body,
  );
  holder.replaceChildren(grid);

  function heads(): void {
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset["sort"] : undefined;
    head.replaceChildren(
      ...COLUMNS.map(({ name, label }) => {
        const order = sorted.name !== name ? "none" : sorted.down ? "descending" : "ascending";
        const button = el("button", { type: "button", "data-sort": name }, label);
        button.addEventListener("click", () => {
          sorted = { name, down: sorted.name === name ? !sorted.down : name !== "name" };
          sort();
          heads();
          grid.scrollTop = 0;
          rows();
        });
        return el("div", { role: "columnheader", class: `cell-${name}`, "aria-sort": order }, button);
      }),
    );
    if (focused !== undefined) head.querySelector<HTMLElement>(`[data-sort="${focused}"]`)?.focus();
  }

  function sort(): void {
    const { value } = COLUMNS.find(({ name }) => name === sorted.name)!;
    const sign = sorted.down ? -1 : 1;
    rides = [...newestFirst];
    if (sorted.name === "date" && sorted.down) return;
    rides.sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === y) return 0;
      if (x === null || x === "") return 1; // what is not known comes last either way
      if (y === null || y === "") return -1;
      return (x < y ? -1 : 1) * sign;
    });
  }

  function rows(): void {
    const first = Math.max(0, Math.floor(grid.scrollTop / ROW) - AROUND);
    const last = Math.min(rides.length, Math.ceil((grid.scrollTop + Math.max(grid.clientHeight, 300)) / ROW) + AROUND);
    const focused = body.contains(document.activeElement);
    body.style.height = `${rides.length * ROW}px`;
    body.replaceChildren(...rides.slice(first, last).map((activity, i) => row(activity, first + i)));
    if (focused) body.querySelector<HTMLElement>('[tabindex="0"]')?.focus({ preventScroll: true });
  }

  function row(activity: Activity, place: number): HTMLElement {
    const cells = COLUMNS.map(({ name, words }) =>
      name === "name"
        ? el(
            "div",
            { role: "gridcell", class: "cell-name" },
            sportIcon(SPORTS[activity.sport]),
            el(
              "span",
              { class: "ride-words" },
              el("span", { class: "ride-name" }, activity.name),
              el(
                "span",
                { class: "ride-about" },
                el("span", { class: "ride-day" }, `${formats!.shortDay(activity.date)} · `),
                [activity.kind, activity.gear].filter(Boolean).join(" · "),
              ),
            ),
          )
        : el("div", { role: "gridcell", class: `cell-${name}` }, words(activity, formats!)),
    );
    const made = el(
      "div",
      {
        role: "row",
        class: "ride",
        "data-id": activity.id,
        "aria-rowindex": place + 2,
        "aria-selected": String(activity.id === marked),
        tabindex: place === active ? 0 : -1,
      },
      ...cells,
    );
    made.style.transform = `translateY(${place * ROW}px)`;
    return made;
  }

  /** Brings a row into sight and onto the keyboard. */
  function go(place: number, focus: boolean): void {
    active = Math.max(0, Math.min(rides.length - 1, place));
    const room = grid.clientHeight - head.offsetHeight;
    if (active * ROW < grid.scrollTop) grid.scrollTop = active * ROW;
    else if ((active + 1) * ROW > grid.scrollTop + room) grid.scrollTop = (active + 1) * ROW - room;
    rows();
    if (focus) body.querySelector<HTMLElement>('[tabindex="0"]')?.focus({ preventScroll: true });
  }

  const rideOf = (target: EventTarget | null) => {
    const id = (target as Element | null)?.closest<HTMLElement>("[data-id]")?.dataset["id"];
    return rides.find((activity) => activity.id === id) ?? null;
  };
  body.addEventListener("click", (event) => {
    const activity = rideOf(event.target);
    if (activity === null) return;
    active = rides.indexOf(activity);
    events.picked(activity);
  });
  body.addEventListener("pointerover", (event) => {
    if (event.pointerType === "mouse") events.pointed(rideOf(event.target));
  });
  body.addEventListener("pointerleave", () => events.pointed(null));
  body.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor(grid.clientHeight / ROW) - 2);
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -Infinity,
      End: Infinity,
    };
    const step = steps[event.key];
    const ride = rides[active];
    if (step !== undefined) {
      go(active + step, true);
      const next = rides[active];
      if (events.opensOnArrow() && next !== undefined) events.picked(next);
    } else if ((event.key === "Enter" || event.key === " ") && ride !== undefined) events.picked(ride);
    else return;
    event.preventDefault();
  });
  let waiting = false;
  grid.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      rows();
    });
  });
  new ResizeObserver(() => rows()).observe(grid);

  return {
    show(next, nextFormats) {
      newestFirst = next;
      formats = nextFormats;
      grid.setAttribute("aria-rowcount", String(next.length + 1));
      sort();
      active = Math.max(0, rides.findIndex(({ id }) => id === marked));
      if (head.childElementCount === 0) heads();
      rows();
    },
    mark(id, scroll) {
      marked = id;
      const place = rides.findIndex((activity) => activity.id === id);
      if (place >= 0 && scroll) go(place, false);
      else if (place >= 0) active = place;
      if (formats !== null) rows();
    },
    focus(id) {
      if (rides.length === 0 || holder.offsetParent === null) return false;
      go(id === null ? active : Math.max(0, rides.findIndex((activity) => activity.id === id)), true);
      return body.contains(document.activeElement);
    },
  };
}
