import { LoaderCircle } from "lucide-react";

import { cn } from "@/ui/cn";

export function Spinner({ className }: { className?: string }) {
  return <LoaderCircle aria-hidden className={cn("size-3.5 animate-spin", className)} />;
}

/** A whole area that waits for its first data. */
export function Loading({ label }: { label: string }) {
  return (
    <div role="status" className="flex h-full min-h-40 items-center justify-center gap-2 text-ink-3">
      <Spinner />
      <span>{label}</span>
    </div>
  );
}

export function SkeletonRows({ count, label }: { count: number; label: string }) {
  return (
    <div role="status" aria-label={label} className="divide-y divide-line">
      {Array.from({ length: count }, (_, row) => (
        <div key={row} className="flex h-12 items-center gap-4 px-4">
          <div className="h-3 w-1/4 animate-pulse rounded bg-subtle" />
          <div className="h-3 w-16 animate-pulse rounded bg-subtle" />
          <div className="ml-auto h-3 w-24 animate-pulse rounded bg-subtle" />
        </div>
      ))}
    </div>
  );
}
