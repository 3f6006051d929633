// The tab of charts: a measure by year, quarter or week and sport, the watts of each week, the quarters; each with
// its table twin. What belongs here: what the charts say. What does not: how bars look (charts), sums (figures).
import type { Activity } from "./activity";
import type { Drawn } from "./charts";
import { nextStart, type Period, plus, type Weekday } from "./days";
import { dot, el, options } from "./dom";
import { byPeriod, measured, type PeriodFigures } from "./figures";
import { sportCounts } from "./filters";
import type { Formats } from "./format";
import { SPORTS, type SportKey } from "./sports";
import { type Measure, MEASURES, PERIODS, type State } from "./state";

const MOST = 160; // bars: more are thinner than a finger of dust
const WORDS: Readonly<Record<Measure, string>> = {
  distance: "Distance",
  count: "Activities",
  climb: "Climb",
  time: "Moving time",
  watts: "Average watts",
};
const A: Readonly<Record<Period, string>> = { year: "Year", quarter: "Quarter", week: "Week" };

export interface ChartTab {
  show(activities: readonly Activity[], state: State, formats: Formats): void;
}

export interface ChartTabEvents {
  changed(change: { period?: Period; measure?: Measure }): void;
  chose(from: string, to: string): void;
}

export function createChartTab(holder: HTMLElement, first: Weekday, events: ChartTabEvents): ChartTab {
  const periods = el("div", { class: "segments", role: "group", "aria-label": "Bars per" });
  const measure = el("select", { "aria-label": "What the bars show", id: "measure" });
  measure.addEventListener("change", () => events.changed({ measure: measure.value as Measure }));
  const main = createFigure("main");
  const watts = createFigure("watts");
  const quarters = el("section", { class: "quarters", "aria-label": "Quarters" });
  const empty = el("p", { class: "quiet empty", hidden: true }, "Nothing to draw.");
  holder.replaceChildren(el("div", { class: "chart-head" }, periods, measure), empty, main.element, watts.element, quarters);

  let drawn: Promise<[Drawn, Drawn]> | null = null;
  let turn = 0; // the newest wish wins, should the code still be on its way

  return {
    show(activities, state, formats) {
      const mine = ++turn;
      fillPeriods(periods, state.period, (period) => events.changed({ period }));
      options(
        measure,
        MEASURES.map((each) => [each, WORDS[each]]),
        state.measure,
      );
      const all = byPeriod(activities, state.period, first);
      const rows = all.slice(-MOST);
      const weeks = (state.period === "week" ? all : byPeriod(activities, "week", first)).slice(-MOST);
      const worked = weeks.some(({ all }) => all.averageWatts !== null);
      empty.hidden = rows.length > 0;
      main.element.hidden = rows.length === 0;
      watts.element.hidden = !worked;
      fillQuarters(quarters, byPeriod(activities, "quarter", first).reverse(), formats);
      if (rows.length === 0) return;

      const sports = sportCounts(activities).map(([sport]) => sport);
      const many = all.length > rows.length ? `, the last ${rows.length}` : "";
      main.say(
        `${WORDS[state.measure]} by ${state.period}${many}`,
        legend(sports),
        () => table(rows, state.period, sports, (figures) => formats.measure(state.measure, measured(figures, state.measure)), formats),
      );
      watts.say("Average watts, week by week", null, () => wattsTable(weeks, formats));
      drawn ??= import("./charts").then(({ createChart }) => [createChart(main.canvas), createChart(watts.canvas)]);
      void drawn.then(([bars, line]) => {
        if (mine !== turn) return;
        const stacked = state.measure !== "watts";
        bars.show({
          kind: "bar",
          stacked,
          labels: rows.map(({ start }) => formats.period(start, state.period)),
          series: sports.map((sport) => ({
            label: SPORTS[sport].label,
            colour: SPORTS[sport].colour,
            values: rows.map(({ bySport }) => {
              const value = measured(bySport.get(sport), state.measure);
              return value === null ? null : formats.scaled(state.measure, value);
            }),
          })),
          words: (value) => formats.measure(state.measure, value / formats.scaled(state.measure, 1)),
          tick: (value) => `${formats.count(value)} ${formats.unit(state.measure)}`.trim(),
          picked: (index) => {
            const { start } = rows[index]!;
            events.chose(start, plus(nextStart(start, state.period), -1));
          },
        });
        if (worked)
          line.show({
            kind: "line",
            stacked: false,
            labels: weeks.map(({ start }) => formats.period(start, "week")),
            series: [{ label: "Average", colour: "#e0842c", values: weeks.map(({ all }) => all.averageWatts) }],
            words: (value) => formats.whole(value, "W"),
            tick: (value) => formats.whole(value, "W"),
          });
      });
    },
  };
}

interface Figure {
  readonly element: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  say(title: string, legend: HTMLElement | null, twin: () => HTMLElement): void;
}

/** A chart with its title and a table that says the same, made when it is opened. */
function createFigure(name: string): Figure {
  const caption = el("figcaption", {});
  const canvas = el("canvas", { role: "img" });
  const under = el("div", { class: "legend-holder" });
  const twin = el("div", { class: "twin", tabindex: 0 });
  const details = el("details", {}, el("summary", {}, "As a table"), twin);
  const element = el("figure", { class: "chart", "data-chart": name }, caption, el("div", { class: "chart-holder" }, canvas), under, details);
  let make: (() => HTMLElement) | null = null;
  const fill = () => {
    if (details.open && make !== null) twin.replaceChildren(make());
  };
  details.addEventListener("toggle", fill);
  return {
    element,
    canvas,
    say(title, legend, nextTwin) {
      caption.textContent = title;
      twin.setAttribute("aria-label", `${title}, as a table`);
      canvas.setAttribute("aria-label", `${title}. The table below says the same.`);
      under.replaceChildren(...(legend === null ? [] : [legend]));
      make = nextTwin;
      fill();
    },
  };
}

function fillPeriods(group: HTMLElement, chosen: Period, choose: (period: Period) => void): void {
  if (group.childElementCount === 0)
    for (const period of PERIODS) {
      const button = el("button", { type: "button", "data-period": period }, A[period]);
      button.addEventListener("click", () => choose(period));
      group.append(button);
    }
  for (const button of group.querySelectorAll<HTMLElement>("button"))
    button.setAttribute("aria-pressed", String(button.dataset["period"] === chosen));
}

function legend(sports: readonly SportKey[]): HTMLElement {
  return el(
    "ul",
    { class: "legend", "aria-hidden": "true" },
    ...sports.map((sport) => el("li", {}, dot(SPORTS[sport].colour), SPORTS[sport].label)),
  );
}

function table(
  rows: readonly PeriodFigures[],
  period: Period,
  sports: readonly SportKey[],
  words: (figures: PeriodFigures["all"] | undefined) => string,
  formats: Formats,
): HTMLElement {
  const several = sports.length > 1;
  return el(
    "table",
    {},
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        el("th", { scope: "col" }, A[period]),
        el("th", { scope: "col" }, "All"),
        ...(several ? sports.map((sport) => el("th", { scope: "col" }, SPORTS[sport].label)) : []),
      ),
    ),
    el(
      "tbody",
      {},
      ...[...rows].reverse().map(({ start, all, bySport }) =>
        el(
          "tr",
          { "data-start": start },
          el("th", { scope: "row" }, formats.period(start, period)),
          el("td", {}, words(all)),
          ...(several ? sports.map((sport) => el("td", {}, bySport.has(sport) ? words(bySport.get(sport)) : "–")) : []),
        ),
      ),
    ),
  );
}

function wattsTable(weeks: readonly PeriodFigures[], formats: Formats): HTMLElement {
  return el(
    "table",
    {},
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Week"), el("th", { scope: "col" }, "Average watts"))),
    el(
      "tbody",
      {},
      ...[...weeks]
        .reverse()
        .map(({ start, all }) =>
          el("tr", { "data-start": start }, el("th", { scope: "row" }, formats.period(start, "week")), el("td", {}, formats.whole(all.averageWatts, "W"))),
        ),
    ),
  );
}

/** The quarters, newest first: a table with a bar in each row. */
function fillQuarters(section: HTMLElement, rows: readonly PeriodFigures[], formats: Formats): void {
  section.hidden = rows.length === 0;
  const most = Math.max(1, ...rows.map(({ all }) => all.distance ?? 0));
  const wide = el(
    "div",
    { class: "quarter-table", tabindex: 0, role: "group", "aria-label": "Quarters, a table" },
    el(
      "table",
      {},
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          ...["Quarter", "Activities", "Distance", "Climb", "Time", "Watts"].map((label) => el("th", { scope: "col" }, label)),
        ),
      ),
      el(
        "tbody",
        {},
        ...rows.map(({ start, all }) => {
          const bar = el("span", { class: "quarter-bar", "aria-hidden": "true" });
          bar.style.width = `${((all.distance ?? 0) / most) * 100}%`;
          return el(
            "tr",
            { "data-start": start },
            el("th", { scope: "row" }, formats.period(start, "quarter")),
            el("td", {}, formats.count(all.activities)),
            el("td", { class: "with-bar" }, bar, el("span", {}, formats.distance(all.distance))),
            el("td", {}, formats.height(all.climb)),
            el("td", {}, formats.duration(all.movingTime)),
            el("td", {}, formats.whole(all.averageWatts, "W")),
          );
        }),
      ),
    ),
  );
  section.replaceChildren(el("h3", {}, "Quarters"), wide);
}
