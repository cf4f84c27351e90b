import type { ReactNode } from "react";

import type { Tone } from "@/model/status";
import { cn } from "@/ui/cn";

interface StatProps {
  name: string;
  value: ReactNode;
  detail?: string | undefined;
  tone?: Tone;
}

/** One figure with its name; several stand side by side in `Stats`. */
export function Stat({ name, value, detail, tone = "neutral" }: StatProps) {
  return (
    <div className="flex min-w-36 flex-1 flex-col gap-0.5 rounded-xl border bg-raised px-4 py-3 shadow-card">
      <dt className="text-xs text-ink-3">{name}</dt>
      <dd className={cn("text-xl font-semibold tracking-tight tabular-nums", tone === "danger" && "text-danger", tone === "warning" && "text-warning", tone === "success" && "text-success")}>
        {value}
        {detail && <span className="ml-1.5 text-xs font-normal tracking-normal text-ink-3">{detail}</span>}
      </dd>
    </div>
  );
}

export function Stats({ children }: { children: ReactNode }) {
  return <dl className="flex flex-wrap gap-3 px-6 py-5">{children}</dl>;
}

export function SectionTitle({ children }: { children: ReactNode }) {
  return <h2 className="px-6 pt-4 pb-2 text-sm font-semibold">{children}</h2>;
}
