import { addRooms } from "../support/suite.ts";

await addRooms("e2e");
