/** The workspace somebody chose last in this browser; a session may be a member of several. */

const KEY = "studio.workspace";

export function chosenWorkspace(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage is blocked: the first workspace it is
  }
}

export function chooseWorkspace(slug: string | null): void {
  try {
    if (slug === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, slug);
  } catch {
    // Storage is blocked: the choice holds until the page is closed.
  }
}
