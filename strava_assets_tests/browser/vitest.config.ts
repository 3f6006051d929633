// The unit tests lie here, the modules that they test in the dashboard: its tools must not need ours.
import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["unit/*.test.ts"], watch: false } });
