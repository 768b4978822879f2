import { addRoomsBut } from "../support/suite.ts";

await addRoomsBut("backends", "faults", "stalls", "vault", "store");
