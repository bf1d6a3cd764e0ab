/**
 * The path below which browsers see this server, such as `/auth` where PUBLIC_URL is `https://app.example.com/auth`;
 * empty where it has a host of its own. Links and scripts on our pages begin with it.
 */
export function basePathOf(publicUrl: string): string {
  return new URL(publicUrl).pathname.replace(/\/+$/, "");
}

/**
 * The path and query of a request as the routes know them. Some proxies remove the prefix that they route by and some
 * pass it on, so both forms mean the same.
 */
export function withoutBasePath(url: string, basePath: string): string {
  if (basePath === "" || !url.startsWith(basePath)) return url;
  const rest = url.slice(basePath.length);
  if (rest === "" || rest.startsWith("?")) return `/${rest}`;
  return rest.startsWith("/") ? rest : url;
}
