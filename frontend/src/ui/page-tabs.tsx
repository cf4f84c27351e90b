import { NavLink } from "react-router";

import { cn } from "@/ui/cn";

/** The views of one page, each with an address of its own. */
export function PageTabs({ label, tabs }: { label: string; tabs: { to: string; label: string }[] }) {
  return (
    <nav aria-label={label} className="-mb-4 flex w-full gap-5">
      {tabs.map((tab) => (
        <NavLink
          key={tab.to}
          to={tab.to}
          end
          className={({ isActive }) =>
            cn(
              "flex h-9 items-center border-b-2 border-transparent font-medium text-ink-3 transition-colors hover:text-ink",
              isActive && "border-brand-ink text-ink",
            )
          }
        >
          {tab.label}
        </NavLink>
      ))}
    </nav>
  );
}
