// Light or dark, kilometres or miles: what the system says, what the owner prefers, what the person switched to.
// What belongs here: the two switches and remembering them. What does not: how anything looks (style.css).
import type { Units } from "./format";

export type Theme = "light" | "dark";

const KEY = "strava-assets";

interface Kept {
  theme?: Theme;
  units?: Units;
}

/** What the person switched to; nothing where the browser keeps nothing for us. */
export function preferences(): Kept {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    const { theme, units } = (typeof kept === "object" && kept !== null ? kept : {}) as Record<string, unknown>;
    return {
      ...(theme === "light" || theme === "dark" ? { theme } : {}),
      ...(units === "metric" || units === "imperial" ? { units } : {}),
    };
  } catch {
    return {};
  }
}

export function remember(change: Kept): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...preferences(), ...change }));
  } catch {
    // then it holds until the page is closed
  }
}

/** Sets the page's theme and follows the system until the person chooses; `changed` hears every change. */
export function createTheme(owners: Theme | null, changed: () => void): { now(): Theme; set(theme: Theme): void } {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let own = preferences().theme ?? owners;
  const now = () => own ?? (dark.matches ? "dark" : "light");
  const apply = () => {
    document.documentElement.dataset["theme"] = now();
  };
  apply();
  dark.addEventListener("change", () => {
    apply();
    changed();
  });
  return {
    now,
    set(theme) {
      own = theme;
      remember({ theme });
      apply();
      changed();
    },
  };
}

let probe: HTMLElement | null = null;

/** A colour of style.css as the canvas wants it: resolved for the theme in force. */
export function themeColour(name: string): string {
  if (probe === null) {
    probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}
