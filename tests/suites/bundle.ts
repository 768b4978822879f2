import { addRooms } from "../support/suite.ts";

await addRooms("archive", "bundle");
