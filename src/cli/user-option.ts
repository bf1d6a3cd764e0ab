import { InvalidArgumentError } from "commander";
import { isUserId, userIdRule } from "../callers/user-id.ts";

/** Reads a user's id, the `sub` of the user's tokens. @throws InvalidArgumentError */
export function parseUser(value: string): string {
  if (!isUserId(value)) throw new InvalidArgumentError(`A user id is ${userIdRule}.`);
  return value;
}
