// The tabs Chart, Table and Calendar.
// What belongs here: the row of tabs by the pattern that screen readers know. What does not: what is in them.
import { byId, el } from "./dom";
import { type Tab, TABS } from "./state";

const LABELS: Readonly<Record<Tab, string>> = { chart: "Chart", table: "Table", calendar: "Calendar" };

export function createTabs(list: HTMLElement, choose: (tab: Tab) => void): { show(tab: Tab): void } {
  const buttons = TABS.map((tab) => {
    const button = el("button", { type: "button", role: "tab", id: `tab-${tab}`, "aria-controls": `panel-${tab}`, "data-tab": tab }, LABELS[tab]);
    button.addEventListener("click", () => choose(tab));
    return button;
  });
  list.replaceChildren(...buttons);
  list.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const here = buttons.indexOf(document.activeElement as HTMLButtonElement);
    if (step === 0 || here < 0) return;
    const next = (here + step + TABS.length) % TABS.length;
    choose(TABS[next]!);
    buttons[next]!.focus();
    event.preventDefault();
  });
  return {
    show(tab) {
      TABS.forEach((each, i) => {
        buttons[i]!.setAttribute("aria-selected", String(each === tab));
        buttons[i]!.tabIndex = each === tab ? 0 : -1;
        byId(`panel-${each}`).hidden = each !== tab;
      });
    },
  };
}
