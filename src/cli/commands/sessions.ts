import { Command, Option } from "commander";
import { type Session, type SessionStatus, sessionStatus, sessionStatuses } from "../../sessions/session.ts";
import { listCommand, type ListingOptions, nextHint, readPage, requireWhose } from "../listing.ts";
import { openForCommand } from "../operation.ts";
import { operator } from "../operator.ts";
import { actOnEach, targetCommand } from "../target.ts";
import { Output, type OutputOptions } from "../terminal/output.ts";
import { table } from "../terminal/table.ts";

interface ListOptions extends ListingOptions {
  readonly status?: SessionStatus;
}

function describe(session: Session, now: Date) {
  const { id, userId, label = null, activeProvider = null, createdAt, lastActivityAt, expiresAt } = session;
  const status = sessionStatus(session, now);
  return { id, user: userId, label, status, activeProvider, createdAt, lastActivityAt, expiresAt };
}

function toRow({ user, label, status, activeProvider, lastActivityAt, id }: ReturnType<typeof describe>) {
  return [user, label, status, activeProvider, lastActivityAt.toISOString(), id];
}

const headings = ["USER", "LABEL", "STATUS", "PROVIDER", "LAST ACTIVITY", "ID"];

async function list(options: ListOptions, command: Command): Promise<void> {
  requireWhose(options, command);
  await using parts = await openForCommand();
  const { sessions, clock } = parts.services;
  const status = options.status ?? null;
  const { page, next } = await readPage(options, {
    ofUser: (userId, page) => sessions.list(userId, status, page),
    ofAll: (page) => sessions.listOfAll(status, page),
  });
  const rows = page.map((session) => describe(session, clock.now()));
  const text = rows.length === 0 ? "No sessions found." : table(headings, rows.map(toRow));
  new Output(options).result({ sessions: rows, next }, `${text}${nextHint(next)}`);
}

async function end(ids: readonly string[], options: OutputOptions & { readonly user: string }): Promise<void> {
  await using parts = await openForCommand();
  const { sessions, clock } = parts.services;
  await actOnEach(ids, new Output(options), {
    key: "ended",
    act: async (id) => describe(await sessions.end(operator(options.user), id), clock.now()),
    tell: ({ id, status }) => (status === "ended" ? `Ended ${id}.` : `${id} had already expired.`),
  });
}

/** `maestro-auth sessions` */
export function sessionsCommand(): Command {
  const listOfSessions = listCommand("sessions: user, active provider and last use")
    .summary("list the sessions of one user or all users")
    .addOption(new Option("--status <status>", "only in one status").choices(sessionStatuses))
    .addHelpText("after", "\nExample:\n  maestro-auth sessions list --user alice --status active")
    .action(list);
  const endSessions = targetCommand("end")
    .summary("end sessions of a user")
    .description("End sessions of a user. The user's devices get the event SessionEnded; credentials stay.")
    .addHelpText("after", "\nExample:\n  maestro-auth sessions end --user alice 0b7c1c9e-5a52-4f5f-9d0c-6f1f0a7f3f11")
    .action(end);
  return new Command("sessions")
    .summary("list or end users' sessions")
    .description("List or end users' sessions.")
    .addCommand(listOfSessions)
    .addCommand(endSessions);
}
