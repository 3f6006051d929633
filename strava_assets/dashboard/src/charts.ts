// Chart.js, and only the parts of it that are used; fetched when the first chart is wanted.
// What belongs here: how bars and lines look. What does not: figures, table twins, words around them (chartTab).
import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartDataset,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
} from "chart.js";
import { themeColour } from "./theme";

Chart.register(BarController, BarElement, CategoryScale, LinearScale, LineController, LineElement, PointElement, Tooltip);
Chart.defaults.animation = false;
Chart.defaults.font.family = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Open Sans', sans-serif";
Chart.defaults.font.size = 12;

export interface Series {
  readonly label: string;
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

export interface Picture {
  readonly kind: "bar" | "line";
  readonly labels: readonly string[];
  readonly series: readonly Series[];
  readonly stacked: boolean;
  /** A value in words, for the tooltip. */
  words(value: number): string;
  /** A tick of the axis. */
  tick(value: number): string;
  /** Whoever clicks a bar means this one. */
  picked?(index: number): void;
}

export interface Drawn {
  show(picture: Picture): void;
}

export function createChart(canvas: HTMLCanvasElement): Drawn {
  let chart: Chart | null = null;
  let kind = "";
  return {
    show(picture) {
      const [ink, rule] = [themeColour("--quiet"), themeColour("--rule")];
      const datasets = picture.series.map(({ label, colour, values }): ChartDataset<"bar" | "line", (number | null)[]> =>
        picture.kind === "bar"
          ? {
              type: "bar",
              label,
              data: [...values],
              backgroundColor: colour,
              borderRadius: 2,
              categoryPercentage: 0.86,
              barPercentage: 0.94,
              maxBarThickness: 46,
            }
          : {
              type: "line",
              label,
              data: [...values],
              borderColor: colour,
              backgroundColor: colour,
              borderWidth: 2,
              pointRadius: 2,
              pointHitRadius: 8,
              spanGaps: true,
              tension: 0,
            },
      );
      const options = {
        responsive: true,
        maintainAspectRatio: false,
        interaction: { mode: "index" as const, intersect: false },
        onClick: (_: unknown, hits: readonly { index: number }[]) => {
          if (hits[0] !== undefined) picture.picked?.(hits[0].index);
        },
        scales: {
          x: {
            stacked: picture.stacked,
            grid: { display: false },
            border: { color: rule },
            ticks: { color: ink, maxRotation: 0, autoSkipPadding: 14 },
          },
          y: {
            stacked: picture.stacked,
            beginAtZero: picture.kind === "bar",
            border: { display: false },
            grid: { color: rule },
            ticks: { color: ink, maxTicksLimit: 6, callback: (value: number | string) => picture.tick(Number(value)) },
          },
        },
        plugins: {
          tooltip: {
            filter: (item: { raw: unknown }) => typeof item.raw === "number" && item.raw > 0,
            callbacks: {
              label: (item: { dataset: { label?: string | undefined }; raw: unknown }) =>
                ` ${item.dataset.label ?? ""}: ${picture.words(item.raw as number)}`,
            },
            boxPadding: 4,
            padding: 10,
            cornerRadius: 8,
          },
        },
      };
      if (chart !== null && kind !== picture.kind) {
        chart.destroy();
        chart = null;
      }
      kind = picture.kind;
      const data = { labels: [...picture.labels], datasets };
      if (chart === null) chart = new Chart(canvas, { type: picture.kind, data, options });
      else {
        chart.data = data;
        chart.options = options;
        chart.update("none");
      }
    },
  };
}
