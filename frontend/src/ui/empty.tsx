import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

interface EmptyProps {
  icon: LucideIcon;
  title: string;
  detail: string;
  children?: ReactNode;
}

/** Nothing here yet: say why, and offer the next step. */
export function Empty({ icon: Icon, title, detail, children }: EmptyProps) {
  return (
    <div className="flex flex-col items-center justify-center gap-1 px-6 py-16 text-center">
      <div className="mb-3 grid size-11 place-items-center rounded-xl border border-line-strong bg-raised text-ink-3 shadow-card">
        <Icon aria-hidden className="size-5" />
      </div>
      <p className="text-sm font-semibold">{title}</p>
      <p className="max-w-sm text-ink-2">{detail}</p>
      {children && <div className="mt-4 flex gap-2">{children}</div>}
    </div>
  );
}
