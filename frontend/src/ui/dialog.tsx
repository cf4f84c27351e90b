import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";

import { t } from "@/i18n";
import { IconButton } from "@/ui/button";
import { cn } from "@/ui/cn";

interface DialogProps {
  open: boolean;
  onOpenChange?: (open: boolean) => void;
  title: string;
  description?: string;
  /** Off for a dialog that must be answered. */
  closable?: boolean;
  className?: string;
  children: ReactNode;
}

export function Dialog({ open, onOpenChange, title, description, closable = true, className, children }: DialogProps) {
  return (
    <Radix.Root open={open} {...(onOpenChange ? { onOpenChange } : {})}>
      <Radix.Portal>
        {/* Radix's own overlay adds a style element to the page, which the content security policy refuses. */}
        <div aria-hidden className="fixed inset-0 z-40 animate-appear bg-black/35 backdrop-blur-[1px] dark:bg-black/60" />
        <Radix.Content
          className={cn(
            "fixed top-[14vh] left-1/2 z-50 flex max-h-[78vh] w-[min(30rem,calc(100vw-2rem))] -translate-x-1/2 animate-appear flex-col rounded-xl border border-line-strong bg-raised shadow-float focus:outline-none",
            className,
          )}
          onOpenAutoFocus={focusInside}
          {...(description ? {} : { "aria-describedby": undefined })}
        >
          <div className="flex items-start justify-between gap-4 px-5 pt-4 pb-1">
            <div>
              <Radix.Title className="text-[0.9375rem] font-semibold">{title}</Radix.Title>
              {description && <Radix.Description className="mt-0.5 text-ink-2">{description}</Radix.Description>}
            </div>
            {closable && (
              <Radix.Close asChild>
                <IconButton label={t("action.close")} size="sm" className="-mr-1.5">
                  <X aria-hidden />
                </IconButton>
              </Radix.Close>
            )}
          </div>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** What asked for the focus keeps it; otherwise the dialog has it, not its button for closing. */
function focusInside(event: Event): void {
  event.preventDefault();
  const content = event.currentTarget as HTMLElement;
  if (!content.contains(document.activeElement)) content.focus();
}

export function DialogBody({ children, className }: { children: ReactNode; className?: string }) {
  return <div className={cn("flex min-h-0 flex-col gap-4 overflow-y-auto px-5 py-3", className)}>{children}</div>;
}

export function DialogActions({ children }: { children: ReactNode }) {
  return <div className="flex items-center justify-end gap-2 border-t px-5 py-3">{children}</div>;
}
