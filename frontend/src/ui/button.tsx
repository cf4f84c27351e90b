import { cva, type VariantProps } from "class-variance-authority";
import { Slot } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";

import { cn } from "@/ui/cn";
import { Spinner } from "@/ui/spinner";
import { Tooltip } from "@/ui/tooltip";

const button = cva(
  "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap transition-colors select-none disabled:pointer-events-none disabled:opacity-55 [&_svg]:size-3.5 [&_svg]:shrink-0",
  {
    variants: {
      variant: {
        primary: "bg-brand text-on-brand shadow-xs hover:bg-brand-hover",
        secondary: "border border-line-strong bg-raised text-ink shadow-xs hover:bg-subtle",
        ghost: "text-ink-2 hover:bg-subtle hover:text-ink",
        danger: "border border-line-strong bg-raised text-danger shadow-xs hover:bg-danger-soft",
      },
      size: { sm: "h-7 px-2.5 text-xs", md: "h-8 px-3 text-[0.8125rem]", lg: "h-9 px-4 text-sm" },
      shape: { normal: "", icon: "aspect-square px-0 [&_svg]:size-4" },
    },
    defaultVariants: { variant: "secondary", size: "md", shape: "normal" },
  },
);

type ButtonProps = ComponentProps<"button"> &
  Omit<VariantProps<typeof button>, "shape"> & { asChild?: boolean; busy?: boolean };

export function Button({ variant, size, asChild, busy = false, className, children, ...props }: ButtonProps) {
  const classes = cn(button({ variant, size }), className);
  if (asChild) {
    return (
      <Slot.Root className={classes} {...props}>
        {children}
      </Slot.Root>
    );
  }
  return (
    <button type="button" className={classes} aria-busy={busy} {...props} disabled={busy || props.disabled}>
      {busy && <Spinner />}
      {children}
    </button>
  );
}

type IconButtonProps = Omit<ButtonProps, "asChild" | "busy"> & { label: string; keys?: string; children: ReactNode };

/** A button that shows only an icon: its label is spoken, and shown on hover and focus. */
export function IconButton({ label, keys, variant = "ghost", size, className, ...props }: IconButtonProps) {
  return (
    <Tooltip text={label} keys={keys}>
      <button
        type="button"
        aria-label={label}
        className={cn(button({ variant, size, shape: "icon" }), className)}
        {...props}
      />
    </Tooltip>
  );
}
