/**
 * @typedef {{ type: string, [name: string]: string | undefined }} Message what the opener is told
 */

/** @type {{ message: Message | null, origins: string[] }} */
const { message, origins } = JSON.parse(document.getElementById("data")?.textContent ?? "");
if (window.opener && message) for (const origin of origins) window.opener.postMessage(message, origin);

const copy = document.getElementById("copy");
// The code leaves the address, unless the user has to copy it.
if (copy === null && message) history.replaceState(null, "", location.pathname);
else if (copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", () => {
    void navigator.clipboard.writeText(location.href).then(() => (copy.textContent = "Copied"));
  });
}
