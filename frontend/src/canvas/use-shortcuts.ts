import { useEffect, useRef } from "react";

/** Keys written as `mod+s`, `shift+mod+z` or `a`; `mod` is Ctrl, or Cmd on a Mac. */
export type Shortcuts = Record<string, () => void>;

/** Page-wide keys. Single keys hold only while nobody types and no dialog is open. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => {
    const handle = (event: KeyboardEvent) => {
      const name = nameOf(event);
      const action = latest.current[name];
      const plain = !name.includes("mod+");
      if (!action || event.defaultPrevented || document.querySelector("[role=dialog]")) return;
      if (isTyping(event) && (plain || name.endsWith("+z") || name.endsWith("+y"))) return;
      event.preventDefault();
      action();
    };
    window.addEventListener("keydown", handle);
    return () => window.removeEventListener("keydown", handle);
  }, []);
}

function nameOf(event: KeyboardEvent): string {
  const mod = event.ctrlKey || event.metaKey;
  const shift = event.shiftKey && mod;
  return `${shift ? "shift+" : ""}${mod ? "mod+" : ""}${event.key.toLowerCase()}`;
}

function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}
