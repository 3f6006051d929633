// The card of one ride: name, date, figures, profile.
// What belongs here: what the card says. What does not: when it is open (main), the profile's drawing.
import type { Activity } from "./activity";
import { el, sportIcon } from "./dom";
import type { Formats } from "./format";
import { createProfile, type Profile } from "./profile";
import { FileProblem } from "./publicFiles";
import { SPORTS } from "./sports";
import type { Run } from "./streams";
import type { LonLat } from "./tracks";

export interface CardEvents {
  close(): void;
  profile(activity: Activity): Promise<Run[]>;
  pointed(position: LonLat | null): void;
  /** The profile is there. */
  ready(profile: Profile): void;
}

/** Fills the card; its profile follows when the CSV has come. */
export function fillCard(
  card: HTMLElement,
  activity: Activity,
  severalAthletes: boolean,
  formats: Formats,
  events: CardEvents,
): void {
  const sport = SPORTS[activity.sport];
  const close = el("button", { class: "close", type: "button", "aria-label": "Close this ride" }, "×");
  close.addEventListener("click", () => events.close());

  const about = el(
    "p",
    { class: "card-about" },
    sportIcon(sport),
    [activity.kind, formats.day(activity.date), severalAthletes ? activity.athleteName : null, activity.gear]
      .filter((part) => part !== null)
      .join(" · "),
  );
  const figures = el("dl", { class: "figures" });
  for (const [label, value] of figuresOf(activity, formats))
    figures.append(el("div", {}, el("dt", {}, label), el("dd", {}, value)));

  const body = el("div", { class: "card-profile" }, el("p", { class: "quiet" }, "Loading the profile …"));
  const parts: Node[] = [
    el("header", { class: "card-head" }, el("h2", { id: "card-name" }, activity.name), close),
    about,
    figures,
  ];
  if (activity.partlyHidden)
    parts.push(
      el(
        "p",
        { class: "quiet card-hidden" },
        "Parts near private places are left out; the figures are of what is visible.",
      ),
    );
  parts.push(body);
  if (activity.stravaId !== null)
    parts.push(
      el(
        "p",
        { class: "quiet" },
        el(
          "a",
          { href: `https://www.strava.com/activities/${activity.stravaId}`, rel: "noopener noreferrer" },
          "See it on Strava",
        ),
      ),
    );
  card.replaceChildren(...parts);

  events.profile(activity).then(
    (runs) => {
      if (!body.isConnected) return; // another ride was opened meanwhile
      const profile = createProfile(runs, sport, formats, events.pointed);
      body.replaceChildren(profile.element);
      events.ready(profile);
    },
    (problem: unknown) => {
      if (!(problem instanceof FileProblem)) throw problem;
      body.replaceChildren(el("p", { class: "quiet" }, `No profile: ${problem.message}`));
    },
  );
}

/** What is known, in the order in which people ask; what is not known is left out. */
function figuresOf(activity: Activity, formats: Formats): [string, string][] {
  const { pace } = SPORTS[activity.sport];
  const all: [string, number | null, string][] = [
    ["Distance", activity.distance, formats.distance(activity.distance)],
    ["Moving time", activity.movingTime, formats.duration(activity.movingTime)],
    ["Climb", activity.climb, formats.height(activity.climb)],
    [
      pace === "speed" ? "Average speed" : "Average pace",
      activity.averageSpeed,
      formats.speed(activity.averageSpeed, pace),
    ],
    ["Average heart rate", activity.averageHeartrate, formats.whole(activity.averageHeartrate, "bpm")],
    ["Average power", activity.averageWatts, formats.whole(activity.averageWatts, "W")],
    ["Calories", activity.calories, formats.whole(activity.calories, "kcal")],
  ];
  return all.filter(([, value]) => value !== null).map(([label, , words]) => [label, words]);
}
