import { addRooms } from "../support/suite.ts";

await addRooms("vault", "store");
