import type { ReactNode } from "react";

import { cn } from "@/ui/cn";

export function Kbd({ children, className }: { children: ReactNode; className?: string }) {
  return (
    <kbd
      className={cn(
        "inline-flex h-4.5 min-w-4.5 items-center justify-center rounded border bg-subtle px-1 font-sans text-2xs text-ink-2",
        className,
      )}
    >
      {children}
    </kbd>
  );
}
