// The calendar: a month of days, each with what was done on it, and a strip of months to go by.
// What belongs here: that table. What does not: arithmetic on days, which rides are shown.
import type { Activity } from "./activity";
import { type Weekday, monthGrid, plusMonths } from "./days";
import { el, sportIcon } from "./dom";
import { byDay, figuresOf } from "./figures";
import type { Formats } from "./format";
import { SPORTS } from "./sports";

export interface Calendar {
  show(newestFirst: readonly Activity[], formats: Formats): void;
}

export function createCalendar(
  holder: HTMLElement,
  first: Weekday,
  events: { picked(activity: Activity): void; chose(from: string, to: string): void },
): Calendar {
  let days = new Map<string, Activity[]>();
  let formats: Formats | null = null;
  let month = "";
  let [earliest, latest] = ["", ""];

  function turn(next: string, focus: string): void {
    month = next;
    draw();
    holder.querySelector<HTMLElement>(`[data-turn="${focus}"]`)?.focus();
  }

  function draw(): void {
    if (formats === null) return;
    const shown = formats;
    if (month === "") {
      holder.replaceChildren(el("p", { class: "quiet empty" }, "No day to show."));
      return;
    }
    const members = [...days].filter(([day]) => day.startsWith(month)).flatMap(([, theirs]) => theirs);
    const sums = figuresOf(members);
    const button = (turned: string, label: string, words: string, to: string, off: boolean) => {
      const made = el("button", { type: "button", class: "turn", "data-turn": turned, "aria-label": label, disabled: off }, words);
      made.addEventListener("click", () => turn(to, turned));
      return made;
    };
    const order = Array.from({ length: 7 }, (_, i) => (first + i) % 7);
    const whole = el("button", { type: "button", class: "link" }, "Show only this month");
    whole.addEventListener("click", () => {
      const weeks = monthGrid(month, first).flat().filter((day) => day !== null);
      events.chose(weeks[0]!, weeks.at(-1)!);
    });
    const most = Math.max(1, ...[...days.values()].map((theirs) => figuresOf(theirs).distance ?? 0));
    holder.replaceChildren(
      el(
        "div",
        { class: "calendar-head" },
        button("year-back", "A year earlier", "«", later(plusMonths(month, -12), earliest), month <= earliest),
        button("back", "A month earlier", "‹", plusMonths(month, -1), month <= earliest),
        el("h3", { "aria-live": "polite" }, shown.month(`${month}-01`)),
        button("on", "A month later", "›", plusMonths(month, 1), month >= latest),
        button("year-on", "A year later", "»", earlier(plusMonths(month, 12), latest), month >= latest),
      ),
      el(
        "p",
        { class: "quiet calendar-sums" },
        members.length === 0
          ? "Nothing in this month."
          : `${shown.count(sums.activities)} ${sums.activities === 1 ? "activity" : "activities"} · ${shown.distance(sums.distance)} · ↑ ${shown.height(sums.climb)} · ${shown.duration(sums.movingTime)} `,
        members.length === 0 ? "" : whole,
      ),
      el(
        "table",
        { class: "calendar" },
        el("caption", { class: "visually-hidden" }, `Days of ${shown.month(`${month}-01`)}`),
        el(
          "thead",
          {},
          el("tr", {}, ...order.map((day) => el("th", { scope: "col", abbr: shown.weekday(day).long }, shown.weekday(day).short))),
        ),
        el(
          "tbody",
          {},
          ...monthGrid(month, first).map((week) =>
            el("tr", {}, ...week.map((day) => (day === null ? el("td", {}) : cell(day, days.get(day) ?? [], most, shown)))),
          ),
        ),
      ),
    );
  }

  function cell(day: string, members: readonly Activity[], most: number, shown: Formats): HTMLElement {
    const number = el("span", { class: "calendar-day" }, String(Number(day.slice(8))));
    if (members.length === 0) return el("td", {}, number);
    const td = el("td", { class: "busy-day" }, number);
    for (const activity of members.slice(0, 3)) {
      const button = el(
        "button",
        {
          type: "button",
          class: "calendar-ride",
          "data-id": activity.id,
          "aria-label": `${shown.day(day)}: ${activity.name}, ${shown.distance(activity.distance)}`,
          title: `${activity.name} · ${shown.distance(activity.distance)}`,
        },
        sportIcon(SPORTS[activity.sport]),
        el("span", {}, shown.distance(activity.distance).replace(/ \S+$/, "")), // the unit is in the label: days are narrow
      );
      const share = Math.sqrt(Math.min(1, (activity.distance ?? 0) / most));
      button.style.setProperty("--share", `${Math.round(12 + share * 30)}%`);
      button.style.setProperty("--sport", SPORTS[activity.sport].colour);
      button.addEventListener("click", () => events.picked(activity));
      td.append(button);
    }
    if (members.length > 3) td.append(el("span", { class: "quiet" }, `+ ${members.length - 3}`));
    return td;
  }

  return {
    show(newestFirst, next) {
      formats = next;
      days = byDay(newestFirst);
      const months = [...days.keys()].map((day) => day.slice(0, 7)).sort();
      [earliest, latest] = [months[0] ?? "", months.at(-1) ?? ""];
      if (month === "" || month < earliest || month > latest || !months.includes(month)) month = latest;
      draw();
    },
  };
}

const later = (a: string, b: string) => (a > b ? a : b);
const earlier = (a: string, b: string) => (a < b ? a : b);
