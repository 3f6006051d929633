// The page: loads the public files, ties data, state and parts together, and looks again now and then.
// What belongs here: wiring. What does not: anything that one part can do alone.
import { createAbout } from "./about";
import type { Activity } from "./activity";
import { createCalendar } from "./calendar";
import { fillCard } from "./card";
import { createChartTab } from "./chartTab";
import { fillChips } from "./chips";
import { RANGES, type Range, todayOf } from "./days";
import { byId, el, icon, options } from "./dom";
import { figuresOf } from "./figures";
import { createFilterPanel } from "./filterPanel";
import { newestFirst, shown, shownInAnySport, sportCounts } from "./filters";
import { firstWeekday, formats as formatsOf, localeOf, unitsOf } from "./format";
import { homeBounds, wholeBounds } from "./geometry";
import { createMap } from "./map";
import { fillLatest, fillTotals } from "./panel";
import type { Profile } from "./profile";
import { createPublicFiles, FileProblem, type History } from "./publicFiles";
import { createRideTable } from "./rideTable";
import { createSheet } from "./sheet";
import { PUBLIC } from "./source";
import { createStore, filtersOn, followHash, NO_FILTER, readHash, type State } from "./state";
import { createTabs } from "./tabs";
import { createTheme, preferences, remember } from "./theme";
import { createTools } from "./tools";
import "./style.css";

const LOOK_AGAIN = 10_000; // ms, while somebody is looking
const NOTICE = 8_000; // ms
const RANGE_WORDS: Readonly<Record<(typeof RANGES)[number], string>> = {
  all: "All time",
  year: "This year",
  "12m": "12 months",
  quarter: "This quarter",
  "30d": "30 days",
  "7d": "7 days",
};
const ICONS = {
  light: "M10 6.2a3.8 3.8 0 1 0 .01 0M10 1.5v2M10 16.5v2M1.5 10h2M16.5 10h2M4 4l1.4 1.4M14.6 14.6 16 16M16 4l-1.4 1.4M5.4 14.6 4 16",
  dark: "M16.5 12A7 7 0 0 1 8 3.5a7 7 0 1 0 8.5 8.5z",
  about: "M10 2.5a7.5 7.5 0 1 0 .01 0M10 9v5M10 6v.4",
};

const files = createPublicFiles(PUBLIC);
const store = createStore(readHash(location.hash));
const card = byId("card");
const message = byId("message");
const notice = byId("notice");
const search = byId("search") as HTMLInputElement;
const range = byId("range") as HTMLSelectElement;
const athlete = byId("athlete") as HTMLSelectElement;

async function start(): Promise<void> {
  const config = await files.config();
  if (config.title !== null) document.title = byId("title").textContent = config.title;
  if (config.tiles !== null && config.tiles.attribution !== "") showAttribution(config.tiles.attribution);

  const locale = localeOf(navigator.language);
  const first = firstWeekday(locale);
  let formats = formatsOf(locale, preferences().units ?? config.units ?? unitsOf(locale));
  const theme = createTheme(config.theme, () => {
    map.refresh(formats.units === "metric");
    draw(store.get(), true);
    fillSwitches();
  });

  let history: History | null = null;
  let all: readonly Activity[] = [];
  let visible: readonly Activity[] = [];
  let framed = false;
  let carded = ""; // what the open card says, to fill it again only when that changes
  let profile: Profile | null = null;

  const map = createMap(byId("map"), config.tiles, formats.units === "metric", {
    picked: (activity) => store.set({ ride: activity?.id ?? null }),
    moved(byHand) {
      if (byHand && framed) store.set({ at: map.place() });
      else if (store.get().inView) draw(store.get(), true);
      else offerFrame();
    },
    drawn(tool, corners) {
      if (corners === null) return;
      store.set(tool === "spot" ? { spot: corners[0]! } : { area: corners });
    },
    along: (position) => profile?.point(position),
    describe: (activity) => `${activity.name} · ${formats.distance(activity.distance)} · ${formats.day(activity.date)}`,
  });
  const sheet = createSheet(byId("sheet"), byId("handle"));
  const pick = (activity: Activity) => {
    sheet.to("peek"); // on a phone the ride should not open behind the list
    const opening = store.get().ride !== activity.id;
    store.set({ ride: activity.id });
    if (opening) bring(activity);
  };
  const table = createRideTable(byId("panel-table"), {
    picked: pick,
    pointed: (activity) => map.hint(activity),
    opensOnArrow: () => store.get().ride !== null,
  });
  const calendar = createCalendar(byId("panel-calendar"), first, {
    picked: pick,
    chose: (from, to) => store.set({ range: { from, to } }),
  });
  const charts = createChartTab(byId("panel-chart"), first, {
    changed: (change) => store.set(change),
    chose: (from, to) => store.set({ range: { from, to } }),
  });
  const tabs = createTabs(byId("tabs"), (tab) => {
    store.set({ tab });
    sheet.atLeast("half");
  });
  const panel = createFilterPanel(byId("filters"), byId("filters-open"), (change) => store.set(change));
  const tools = createTools(byId("tools"), {
    frame: () => framing()?.go(),
    inView: () => store.set({ inView: !store.get().inView, at: map.place() }),
    heat: () => store.set({ heat: !store.get().heat }),
    draw: (tool) => map.use(tool),
    clear: (what) => store.set(what === "spot" ? { spot: null } : { area: null }),
  });
  createAbout(byId("about") as HTMLDialogElement, byId("about-open"));
  byId("about-open").append(icon(ICONS.about));
  followHash(store, ({ at }) => {
    const activity = open();
    if (at !== null) map.go(at);
    else if (activity !== null) bring(activity);
  });

  const open = () => all.find((activity) => activity.id === store.get().ride) ?? null;
  // how much of the map's lower edge is under the sheet or the card: nothing where they stand beside it
  const covered = () => {
    const edge = byId("map").getBoundingClientRect();
    const over = [card, byId("sheet")]
      .filter((part) => part.offsetParent !== null)
      .map((part) => part.getBoundingClientRect());
    return Math.max(
      0,
      ...over.filter((box) => box.left < edge.right && box.top < edge.bottom).map((box) => edge.bottom - box.top),
    );
  };
  const bring = (activity: Activity) => map.frame(activity.bounds, covered(), true);
  const reset = () => store.set(NO_FILTER);

  /** Draws what changed: the rides that are shown, or only which panel they are in and which one is open. */
  function draw(state: State, rides: boolean, panels = rides): void {
    if (rides) {
      const around = { today: todayOf(new Date()), view: state.inView ? map.view() : null };
      visible = newestFirst(shown(all, state, around));
      map.show(visible, state.heat);
      map.outline(state);
      byId("heat-key").hidden = !state.heat;
      fillTotals(byId("totals"), figuresOf(visible), formats);
      fillLatest(byId("latest"), visible[0] ?? null, formats, pick);
      fillChips(byId("chips"), sportCounts(shownInAnySport(all, state, around)), state.sports, formats, (sports) =>
        store.set({ sports }),
      );
      fillBar(state);
      panel.show(all, state, around.today, formats);
      if (all.length > 0) nothingMatches(visible.length === 0);
    }
    if (panels) {
      tabs.show(state.tab);
      if (state.tab === "chart" && all.length > 0) charts.show(visible, state, formats);
      if (state.tab === "table") table.show(visible, formats);
      if (state.tab === "calendar") calendar.show(visible, formats);
    }
    const activity = open();
    const raised = activity !== null && visible.includes(activity) ? activity : null;
    map.raise(raised);
    if (state.tab === "table") table.mark(raised?.id ?? null, !rides);
    offerFrame();
  }

  function fillBar(state: State): void {
    const custom = typeof state.range === "object";
    options(
      range,
      [...RANGES.map((each) => [each, RANGE_WORDS[each]] as const), ["custom", custom ? customWords(state.range) : "Custom …"] as const],
      custom ? "custom" : (state.range as string),
    );
    const on = filtersOn(state);
    byId("reset").hidden = on === 0;
    byId("reset").textContent = `Reset ${formats.count(on)} ${on === 1 ? "filter" : "filters"}`;
    byId("filters-open").classList.toggle("on", state.distance.concat(state.climb).some((end) => end !== null) || custom);
    if (document.activeElement !== search) search.value = state.text;
    const athletes = history?.athletes ?? [];
    athlete.hidden = athletes.length < 2;
    options(athlete, [["", "Everybody together"], ...athletes.map(({ id, name }) => [id, name] as const)], state.athlete ?? "");
  }

  function customWords(chosen: Range): string {
    if (typeof chosen === "string") return "";
    const [from, to] = [chosen.from, chosen.to].map((day) => (day === "" ? "…" : formats.shortDay(day)));
    return from === to ? from! : `${from} – ${to}`;
  }

  function fillSwitches(): void {
    const metric = formats.units === "metric";
    byId("units").textContent = metric ? "km" : "mi";
    byId("units").setAttribute("aria-label", metric ? "km, switch to miles" : "mi, switch to kilometres");
    const dark = theme.now() === "dark";
    byId("theme").replaceChildren(icon(dark ? ICONS.light : ICONS.dark));
    byId("theme").setAttribute("aria-label", dark ? "Switch to light colours" : "Switch to dark colours");
  }

  function nothingMatches(none: boolean): void {
    message.hidden = !none;
    if (!none) return;
    const again = el("button", { type: "button", class: "primary" }, "Reset");
    again.addEventListener("click", reset);
    message.replaceChildren(el("p", {}, el("strong", {}, "Nothing matches.")), el("p", {}, again));
  }

  function openCard(left: string | null = null): void {
    const activity = open();
    carded = gist(activity);
    const focused = card.contains(document.activeElement);
    card.hidden = activity === null;
    profile = null;
    map.mark(null);
    if (activity === null && focused && !(left !== null && table.focus(left)))
      byId("map").focus({ preventScroll: true });
    document.body.classList.toggle("with-card", activity !== null);
    if (activity === null) return;
    fillCard(card, activity, (history?.athletes.length ?? 0) > 1, formats, {
      close: () => store.set({ ride: null }),
      profile: files.profile,
      pointed: map.mark,
      ready(made) {
        profile = {
          ...made,
          point(position) {
            made.point(position);
            map.mark(position);
          },
        };
      },
    });
  }

  /** Where the button with the house leads: to everything, or back to the home area. */
  function framing(): { words: string; go(): void } | null {
    const [whole, home] = [wholeBounds(visible), homeBounds(visible)];
    if (whole === null || home === null) return null;
    const away = !map.sees(whole);
    if (!away && !map.dwarfs(home)) return null;
    return {
      words: away ? "Show all" : "Home area",
      go: () => {
        map.frame(away ? whole : home, covered(), true);
        store.set({ at: null });
      },
    };
  }

  function offerFrame(): void {
    tools.show(store.get(), framing()?.words ?? null);
  }

  const DECIDES = ["athlete", "sports", "range", "distance", "climb", "text", "inView", "area", "spot", "heat"] as const;
  const PANELS = ["tab", "period", "measure"] as const;
  store.subscribe((state, before) => {
    const rides = DECIDES.some((name) => state[name] !== before[name]) || (state.inView && state.at !== before.at);
    draw(state, rides, rides || PANELS.some((name) => state[name] !== before[name]));
    const activity = open();
    // a ride that is filtered away cannot stay open
    if (rides && activity !== null && !visible.includes(activity)) return store.set({ ride: null });
    if (state.ride !== before.ride) openCard(before.ride);
  });

  search.addEventListener("input", () => store.set({ text: search.value }));
  range.addEventListener("change", () => {
    if (range.value === "custom") panel.toggle(true);
    else store.set({ range: range.value as Range });
  });
  athlete.addEventListener("change", () => store.set({ athlete: athlete.value === "" ? null : athlete.value }));
  byId("reset").addEventListener("click", () => {
    reset();
    byId("map").focus({ preventScroll: true });
  });
  byId("theme").addEventListener("click", () => theme.set(theme.now() === "dark" ? "light" : "dark"));
  byId("units").addEventListener("click", () => {
    const units = formats.units === "metric" ? "imperial" : "metric";
    remember({ units });
    formats = formatsOf(locale, units);
    fillSwitches();
    map.refresh(units === "metric");
    draw(store.get(), true);
    if (store.get().ride !== null) openCard();
  });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const typing = event.target instanceof HTMLElement && event.target.matches("input, select, textarea");
    if (event.key === "/" && !typing) {
      search.focus();
      search.select();
    } else if (event.key === "Escape") escape();
    else if (event.key === "ArrowDown" && (document.activeElement === document.body || document.activeElement === search)) {
      if (store.get().tab !== "table") store.set({ tab: "table" });
      if (!table.focus(null)) return;
    } else return;
    event.preventDefault();
  });

  /** Closes the topmost thing that is open; nothing open, it clears the filters. */
  function escape(): void {
    if ((byId("about") as HTMLDialogElement).open) (byId("about") as HTMLDialogElement).close();
    else if (!byId("filters").hidden) panel.toggle(false);
    else if (document.activeElement === search && search.value !== "") {
      search.value = "";
      store.set({ text: "" });
    } else if (document.activeElement === search) search.blur();
    else if (store.get().ride !== null) store.set({ ride: null });
    else if (filtersOn(store.get()) > 0) reset();
  }
  fillSwitches();

  async function look(): Promise<void> {
    let next: History;
    try {
      next = await files.history();
    } catch (problem) {
      if (!(problem instanceof FileProblem)) throw problem;
      if (history !== null) return say(`${problem.message} The map shows what was loaded before.`);
      const nothingYet = problem.status === 404 || problem.status === 403;
      return blank(
        nothingYet ? "Nothing is published yet." : "The map cannot be shown.",
        nothingYet
          ? "Rides appear here by themselves once there are some."
          : `${problem.message} It will be tried again.`,
      );
    }
    if (next === history) return;
    const [known, first] = [new Set(all.map((activity) => activity.id)), history === null];
    history = next;
    all = next.activities;
    describeAll(next);
    if (all.length === 0) {
      draw(store.get(), true);
      return blank(
        next.problems.length > 0 ? "The map cannot be shown." : "Nothing is published yet.",
        next.problems[0] ?? "Rides appear here by themselves once there are some.",
      );
    }
    message.hidden = true;
    const { athlete: whose } = store.get();
    if (whose !== null && !next.athletes.some(({ id }) => id === whose)) store.set({ athlete: null }); // gone, or never there
    if (!framed) {
      // the view first: what is in view may decide what is shown
      const { at, inView } = store.get();
      const activity = open();
      if (at !== null) map.go(at);
      else {
        const mine = shown(all, { ...store.get(), inView: false }, { today: todayOf(new Date()), view: null });
        const home = homeBounds(mine.length > 0 ? mine : all);
        if (home !== null) map.frame(home, covered(), false);
      }
      framed = true;
      draw(store.get(), true);
      if (activity !== null && !visible.includes(activity)) store.set({ ride: null });
      openCard();
      if (activity !== null && at === null && !inView) bring(activity);
      document.body.dataset["ready"] = "true";
    } else {
      draw(store.get(), true);
      if (gist(open()) !== carded) openCard(); // the open ride was renamed, cut anew or withdrawn
    }
    const fresh = newestFirst(all.filter((activity) => !known.has(activity.id)));
    if (next.problems.length > 0) say(next.problems.join(" "));
    else if (!first && fresh.length > 0)
      say(fresh.length === 1 ? `New on the map: ${fresh[0]!.name}` : `${formats.count(fresh.length)} new on the map`);
  }

  function describeAll({ athletes, updated }: History): void {
    const names = athletes.map(({ name }) => name).join(", ");
    byId("subtitle").textContent = [names, updated === "" ? "" : `latest ${formats.shortDay(updated)}`]
      .filter((part) => part !== "")
      .join(" · ");
  }

  let looking = false;
  const lookIfSeen = async () => {
    if (looking || document.visibilityState !== "visible") return;
    looking = true;
    try {
      await look();
    } finally {
      looking = false;
    }
  };
  await lookIfSeen();
  setInterval(() => void lookIfSeen(), LOOK_AGAIN);
  document.addEventListener("visibilitychange", () => void lookIfSeen());
}

/** Everything that a card says about an activity, in one comparable piece. */
function gist(activity: Activity | null): string {
  return JSON.stringify(activity, (key, value: unknown) => (key === "track" ? undefined : value));
}

/** OpenStreetMap asks for a link; whatever else the owner wrote stays plain text. */
function showAttribution(words: string): void {
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

function blank(title: string, words: string): void {
  message.replaceChildren(el("p", {}, el("strong", {}, title)), el("p", {}, words));
  message.hidden = false;
}

let hiding = 0;
function say(words: string): void {
  notice.textContent = words;
  notice.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => {
    notice.hidden = true;
  }, NOTICE) as unknown as number;
}

start().catch((error: unknown) => {
  blank("The map cannot be shown.", "Something unexpected went wrong; loading the page again may help.");
  throw error;
});
