import { addRoomsBut } from "../support/suite.ts";

const ofOtherSuites = ["backends", "faults", "stalls", "vault", "store", "archive", "bundle", "deploy", "monitoring"];
await addRoomsBut(...ofOtherSuites);
