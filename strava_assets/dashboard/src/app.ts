// The page: loads the files of a source, ties data, state and parts together, and looks again now and then.
// What belongs here: wiring. What does not: anything that one part can do alone, which source it is (main).
import { createAbout } from "./about";
import type { Activity } from "./activity";
import { createBar } from "./bar";
import { createCalendar } from "./calendar";
import { fillCard } from "./card";
import { createChartTab } from "./chartTab";
import { fillChips } from "./chips";
import { todayOf } from "./days";
import { byId } from "./dom";
import { figuresOf } from "./figures";
import { createFilterPanel } from "./filterPanel";
import { newestFirst, shown, shownInAnySport, sportCounts } from "./filters";
import { firstWeekday, type Formats, formats as formatsOf, localeOf, unitsOf } from "./format";
import { homeBounds, wholeBounds } from "./geometry";
import { createMap, type MapView } from "./map";
import { attribute, blank, clear, nothingMatches, say } from "./messages";
import { fillLatest, fillTotals } from "./panel";
import type { Profile } from "./profile";
import { createPublicFiles, FileProblem, type History, type PublicFiles } from "./publicFiles";
import { createRideTable } from "./rideTable";
import { createSheet } from "./sheet";
import type { Source } from "./source";
import { createStore, filtersOn, followHash, NO_FILTER, readHash, type State } from "./state";
import { createTabs } from "./tabs";
import type { Bounds } from "./tracks";
import { createTheme, preferences, remember } from "./theme";
import { createTools } from "./tools";
import "./style.css";

/** The page as more than one of it see it: parts that are added to it get this. */
export interface Page {
  readonly map: MapView;
  readonly files: PublicFiles;
  formats(): Formats;
  state(): State;
  set(change: Partial<State>): void;
  /** Shows what these files hold, from now on. */
  show(files: PublicFiles): Promise<void>;
  /** Brings an area into the free part of the map. */
  frame(bounds: Bounds): void;
}

/** What is added to the page, and hears of it. */
export interface Addition {
  /** The rides, the units or the colours are others. */
  drawn(visible: readonly Activity[], formats: Formats): void;
  /** Closes the topmost thing of its own that is open; false if there is none. */
  escape(): boolean;
}

/** Runs the page on a source, and looks again every so many ms while somebody is looking. */
export function run(source: Source, every: number, about: readonly string[], add?: (page: Page) => Addition): void {
  start(source, every, about, add).catch((error: unknown) => {
    blank("The map cannot be shown.", "Something unexpected went wrong; loading the page again may help.");
    throw error;
  });
}

async function start(
  source: Source,
  every: number,
  about: readonly string[],
  add?: (page: Page) => Addition,
): Promise<void> {
  let files = createPublicFiles(source);
  let shownFrom = files;
  let addition: Addition | null = null;
  const store = createStore(readHash(location.hash));
  const card = byId("card");
  const config = await files.config();
  if (config.title !== null) document.title = byId("title").textContent = config.title;
  if (config.tiles !== null && config.tiles.attribution !== "") attribute(config.tiles.attribution);

  const locale = localeOf(navigator.language);
  const first = firstWeekday(locale);
  let formats = formatsOf(locale, preferences().units ?? config.units ?? unitsOf(locale));
  const theme = createTheme(config.theme, () => {
    map.refresh(formats.units === "metric");
    draw(store.get(), true);
    bar.switches(formats, theme.now());
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
  const bar = createBar({
    changed: (change) => store.set(change),
    custom: () => panel.toggle(true),
    reset() {
      reset();
      byId("map").focus({ preventScroll: true });
    },
    theme: () => theme.set(theme.now() === "dark" ? "light" : "dark"),
    units() {
      const units = formats.units === "metric" ? "imperial" : "metric";
      remember({ units });
      formats = formatsOf(locale, units);
      bar.switches(formats, theme.now());
      map.refresh(units === "metric");
      draw(store.get(), true);
      if (store.get().ride !== null) openCard();
    },
  });
  const panel = createFilterPanel(byId("filters"), byId("filters-open"), (change) => store.set(change));
  const tools = createTools(byId("tools"), {
    frame: () => framing()?.go(),
    inView: () => store.set({ inView: !store.get().inView, at: map.place() }),
    heat: () => store.set({ heat: !store.get().heat }),
    draw: (tool) => map.use(tool),
    clear: (what) => store.set(what === "spot" ? { spot: null } : { area: null }),
  });
  createAbout(byId("about") as HTMLDialogElement, byId("about-open"), about);
  followHash(store, ({ at }) => {
    const activity = open();
    if (at !== null) map.go(at);
    else if (activity !== null) bring(activity);
  });

  const open = () => all.find((activity) => activity.id === store.get().ride) ?? null;
  // how much of the map's lower edge is under the sheet or the card: nothing where they stand beside it
  const covered = () => {
    const edge = byId("map").getBoundingClientRect();
    const over = [...document.querySelectorAll<HTMLElement>(".stage > .card, .stage > .sheet")]
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
      bar.show(state, history?.athletes ?? [], formats);
      panel.show(all, state, around.today, formats);
      if (all.length > 0 && visible.length === 0) nothingMatches(reset);
      else if (all.length > 0) clear();
      addition?.drawn(visible, formats);
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
      profile: (activity) => files.profile(activity),
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

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const typing = event.target instanceof HTMLElement && event.target.matches("input, select, textarea");
    if (event.key === "/" && !typing) {
      bar.search.focus();
      bar.search.select();
    } else if (event.key === "Escape") escape();
    else if (event.key === "ArrowDown" && (document.activeElement === document.body || document.activeElement === bar.search)) {
      if (store.get().tab !== "table") store.set({ tab: "table" });
      if (!table.focus(null)) return;
    } else return;
    event.preventDefault();
  });

  /** Closes the topmost thing that is open; nothing open, it clears the filters. */
  function escape(): void {
    if ((byId("about") as HTMLDialogElement).open) (byId("about") as HTMLDialogElement).close();
    else if (addition?.escape() === true) return;
    else if (!byId("filters").hidden) panel.toggle(false);
    else if (document.activeElement === bar.search && bar.search.value !== "") {
      bar.search.value = "";
      store.set({ text: "" });
    } else if (document.activeElement === bar.search) bar.search.blur();
    else if (store.get().ride !== null) store.set({ ride: null });
    else if (filtersOn(store.get()) > 0) reset();
  }
  bar.switches(formats, theme.now());

  async function look(): Promise<void> {
    let next: History;
    const from = files;
    try {
      next = await files.history();
    } catch (problem) {
      if (files !== from) return; // others are to be shown by now
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
    if (next === history || files !== from) return;
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
    clear();
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
    const others = shownFrom !== from;
    shownFrom = from;
    if (next.problems.length > 0) say(next.problems.join(" "));
    else if (!first && !others && fresh.length > 0)
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
  addition = add?.({
    map,
    files,
    formats: () => formats,
    state: store.get,
    set: store.set,
    async show(others) {
      files = others;
      history = null; // what cannot be read now is not what was shown before
      await look();
    },
    frame: (bounds) => map.frame(bounds, covered(), true),
  }) ?? null;
  await lookIfSeen();
  setInterval(() => void lookIfSeen(), every);
  document.addEventListener("visibilitychange", () => void lookIfSeen());
}

/** Everything that a card says about an activity, in one comparable piece. */
function gist(activity: Activity | null): string {
  return JSON.stringify(activity, (key, value: unknown) => (key === "track" ? undefined : value));
}
