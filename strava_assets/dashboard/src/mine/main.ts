// The owner's page: the whole history, uncut, with what only its owner may see and do.
// What belongs here: nothing but that. What does not: the page itself (app), what is added to it (owner).
import { run } from "../app";
import { sourceAt } from "../source";
import { createOwner } from "./owner";
import { FOR_ITS_OWNER } from "./words";
import "./mine.css";

run(sourceAt(""), 60_000, FOR_ITS_OWNER, createOwner);
