// The page: loads the public files, ties data, state and parts together, and looks again now and then.
// What belongs here: wiring. What does not: anything that one part can do alone.
import type { Activity } from "./activity";
import { fillCard } from "./card";
import { fillChips } from "./chips";
import { byId, el } from "./dom";
import { newestFirst, shown, sportCounts, totals } from "./filters";
import { formats as formatsOf, localeOf } from "./format";
import { homeBounds, wholeBounds } from "./geometry";
import { createMap } from "./map";
import { createRideList, fillTotals, fillWeeks } from "./panel";
import { createPublicFiles, FileProblem, type History } from "./publicFiles";
import { createSheet } from "./sheet";
import { createStore, followHash, readHash, type State } from "./state";
import "./style.css";

const LOOK_AGAIN = 10_000; // ms, while somebody is looking
const NOTICE = 8_000; // ms

const files = createPublicFiles();
const formats = formatsOf(localeOf(navigator.language));
const store = createStore(readHash(location.hash));
const card = byId("card");
const message = byId("message");
const notice = byId("notice");

async function start(): Promise<void> {
  const config = await files.config();
  if (config.title !== null) document.title = byId("title").textContent = config.title;
  if (config.tiles !== null && config.tiles.attribution !== "") showAttribution(config.tiles.attribution);

  let history: History | null = null;
  let all: readonly Activity[] = [];
  let visible: readonly Activity[] = [];
  let framed = false;
  let carded = ""; // what the open card says, to fill it again only when that changes

  const map = createMap(byId("map"), config.tiles, formats.units, {
    picked: (activity) => store.set({ ride: activity?.id ?? null }),
    moved: offerFrame,
    describe: (activity) => `${activity.name} · ${formats.distance(activity.distance)} · ${formats.day(activity.date)}`,
  });
  const sheet = createSheet(byId("sheet"), byId("handle"));
  const list = createRideList(byId("rides"), formats, (activity) => {
    sheet.to("peek"); // on a phone the ride should not open behind the list
    store.set({ ride: activity.id });
    bring(activity);
    card.focus({ preventScroll: true });
  });
  followHash(store);

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

  function draw(state: State, rides: boolean): void {
    if (rides) {
      visible = newestFirst(shown(all, state));
      map.show(visible);
      list.show(visible);
      fillTotals(byId("totals"), totals(visible), formats);
      fillWeeks(byId("weeks"), visible, formats);
      fillChips(byId("chips"), sportCounts(all), state.sports, formats, (sports) => store.set({ sports }));
    }
    const activity = open();
    const raised = activity !== null && visible.includes(activity) ? activity : null;
    map.raise(raised);
    list.mark(raised?.id ?? null, !rides);
    offerFrame();
  }

  function openCard(left: string | null = null): void {
    const activity = open();
    carded = gist(activity);
    const focused = card.contains(document.activeElement);
    card.hidden = activity === null;
    if (activity === null && focused && !(left !== null && list.focus(left)))
      byId("map").focus({ preventScroll: true });
    document.body.classList.toggle("with-card", activity !== null);
    if (activity === null) return;
    fillCard(card, activity, (history?.athletes.length ?? 0) > 1, formats, {
      close: () => store.set({ ride: null }),
      profile: files.profile,
      pointed: map.mark,
    });
  }

  function offerFrame(): void {
    const [whole, home] = [wholeBounds(visible), homeBounds(visible)];
    const button = byId("frame");
    const away = whole !== null && !map.sees(whole);
    button.hidden = whole === null || home === null || !(away || map.dwarfs(home));
    if (whole === null || home === null) return;
    button.textContent = away ? "Show all" : "Home area";
    button.onclick = () => map.frame(away ? whole : home, covered(), true);
  }

  store.subscribe((state, before) => {
    const closes =
      state.sports !== before.sports && open() !== null && shown(open() === null ? [] : [open()!], state).length === 0;
    if (closes) return store.set({ ride: null }); // a ride that is filtered away cannot stay open
    draw(state, state.sports !== before.sports);
    if (state.ride !== before.ride) openCard(before.ride);
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && store.get().ride !== null) store.set({ ride: null });
  });

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
    draw(store.get(), true);
    if (!framed) {
      framed = true;
      openCard();
      const [home, activity] = [homeBounds(visible.length > 0 ? visible : all), open()];
      if (activity !== null) bring(activity);
      else if (home !== null) map.frame(home, covered(), false);
    } else if (gist(open()) !== carded) {
      openCard(); // the open ride was renamed, cut anew or withdrawn
    }
    const fresh = newestFirst(all.filter((activity) => !known.has(activity.id)));
    if (next.problems.length > 0) say(next.problems.join(" "));
    else if (!first && fresh.length > 0)
      say(fresh.length === 1 ? `New on the map: ${fresh[0]!.name}` : `${formats.count(fresh.length)} new on the map`);
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
  return JSON.stringify(activity, (key, value: unknown) => (key === "lines" ? undefined : value));
}

function describeAll(history: History): void {
  const names = history.athletes.join(", ");
  byId("subtitle").textContent = [names, history.updated === "" ? "" : `latest ${formats.day(history.updated)}`]
    .filter((part) => part !== "")
    .join(" · ");
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
