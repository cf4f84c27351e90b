import { create } from "zustand";

export type Theme = "light" | "dark";
type Choice = Theme | "system";

const KEY = "studio.theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");

interface ThemeState {
  choice: Choice;
  theme: Theme;
  choose(choice: Choice): void;
}

export const useTheme = create<ThemeState>((set) => ({
  choice: stored(),
  theme: themeFor(stored()),
  choose: (choice) => {
    keep(choice);
    show(themeFor(choice));
    set({ choice, theme: themeFor(choice) });
  },
}));

system.addEventListener("change", () => {
  const { choice, choose } = useTheme.getState();
  if (choice === "system") choose("system");
});

function themeFor(choice: Choice): Theme {
  if (choice !== "system") return choice;
  return system.matches ? "dark" : "light";
}

function show(theme: Theme): void {
  document.documentElement.classList.toggle("dark", theme === "dark");
}

function stored(): Choice {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system"; // storage is blocked
  }
}

function keep(choice: Choice): void {
  try {
    if (choice === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice);
  } catch {
    // Storage is blocked: the choice holds until the page is closed.
  }
}
