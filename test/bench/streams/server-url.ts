/** The PostgreSQL server that the benches of event streams need. @throws Error where none is named */
export function serverUrl(): string {
  const url = process.env["BENCH_DATABASE_URL"] || process.env["TEST_DATABASE_URL"];
  if (!url) throw new Error("This bench needs a PostgreSQL: set BENCH_DATABASE_URL or TEST_DATABASE_URL.");
  return url;
}
