const KEY = "studio.reloaded_at";
const PAUSE_MS = 60_000;

/**
 * After an upgrade an open page names parts that are gone. It loads itself anew then, though not
 * again and again: a part that stays missing is shown as an error.
 */
export function reloadOnNewBuild(): void {
  window.addEventListener("vite:preloadError", (event) => {
    if (Date.now() - reloadedAt() < PAUSE_MS) return;
    event.preventDefault();
    remember();
    window.location.reload();
  });
}

function reloadedAt(): number {
  try {
    return Number(sessionStorage.getItem(KEY) ?? 0);
  } catch {
    return Date.now(); // storage is blocked: better an error than a page that reloads for ever
  }
}

function remember(): void {
  try {
    sessionStorage.setItem(KEY, String(Date.now()));
  } catch {
    // Not reached: reading would have failed before.
  }
}
