import { VaultError } from "../../errors.ts";

/** What the vault has been asked for, or null where it cannot be had, or makes no sense. */
export async function ifHad<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof VaultError) return null;
    throw error;
  }
}
