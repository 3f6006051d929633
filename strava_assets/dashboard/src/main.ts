// The page that everybody sees: the public root, which it lies in.
// What belongs here: nothing but that. What does not: the page itself (app).
import { FOR_ALL } from "./about";
import { run } from "./app";
import { PUBLIC } from "./source";

run(PUBLIC, 10_000, FOR_ALL);
