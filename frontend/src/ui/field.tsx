import { ChevronDown } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";

import { t } from "@/i18n";
import { cn } from "@/ui/cn";

const control =
  "w-full rounded-md border border-control/60 bg-surface px-2.5 text-[0.8125rem] text-ink shadow-xs transition-colors placeholder:text-ink-3 hover:border-control focus-visible:border-brand-ink focus-visible:outline-1 focus-visible:outline-offset-0 disabled:cursor-not-allowed disabled:bg-subtle disabled:text-ink-3 aria-invalid:border-danger";

export function Input({ className, ...props }: ComponentProps<"input">) {
  return <input className={cn(control, "h-8", className)} {...props} />;
}

export function Textarea({ className, ...props }: ComponentProps<"textarea">) {
  return <textarea className={cn(control, "min-h-16 resize-y py-1.5", className)} {...props} />;
}

/** The browser's own list: it is accessible everywhere and needs no script. */
export function Select({ className, ...props }: ComponentProps<"select">) {
  return (
    <span className={cn("relative block", className)}>
      <select className={cn(control, "h-8 appearance-none truncate pr-7")} {...props} />
      <ChevronDown aria-hidden className="pointer-events-none absolute top-2.25 right-2.25 size-3.5 text-ink-3" />
    </span>
  );
}

interface FieldProps {
  id: string;
  label: string;
  help?: string | null | undefined;
  error?: string | undefined;
  required?: boolean;
  aside?: ReactNode;
  children: ReactNode;
}

/** Label, control, help and error; the control points at the last two by `describedBy(id)`. */
export function Field({ id, label, help, error, required = false, aside, children }: FieldProps) {
  return (
    <div className="flex flex-col gap-1.5">
      <div className="flex min-h-5 items-center justify-between gap-2">
        <label htmlFor={id} className="font-medium text-ink">
          {label}
          {required && (
            <span className="ml-0.5 text-danger" title={t("form.required")} aria-hidden>
              *
            </span>
          )}
        </label>
        {aside}
      </div>
      {children}
      {error && (
        <p id={`${id}-error`} role="alert" className="text-xs text-danger">
          {error}
        </p>
      )}
      {help && (
        <p id={`${id}-help`} className="text-xs text-ink-3">
          {help}
        </p>
      )}
    </div>
  );
}

export function describedBy(id: string, help: unknown, error: unknown): string | undefined {
  const ids = [error ? `${id}-error` : "", help ? `${id}-help` : ""].filter(Boolean);
  return ids.length > 0 ? ids.join(" ") : undefined;
}
