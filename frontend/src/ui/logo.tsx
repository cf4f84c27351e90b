import { cn } from "@/ui/cn";

export function Logo({ className }: { className?: string }) {
  return (
    <svg aria-hidden viewBox="0 0 32 32" className={cn("size-6 shrink-0", className)}>
      <rect width="32" height="32" rx="8" fill="var(--brand)" />
      <path
        d="M9 10.5h6.5a3 3 0 0 1 3 3v5a3 3 0 0 0 3 3H23"
        fill="none"
        stroke="var(--on-brand)"
        strokeWidth="2.4"
        strokeLinecap="round"
      />
      <circle cx="9" cy="10.5" r="3" fill="var(--on-brand)" />
      <circle cx="23" cy="21.5" r="3" fill="var(--on-brand)" />
    </svg>
  );
}
