import { VaultError } from "../../errors.ts";

/** Resolves to null where the vault cannot provide what it was asked for, or it cannot be parsed. */
export async function nullIfUnavailable<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof VaultError) return null;
    throw error;
  }
}
