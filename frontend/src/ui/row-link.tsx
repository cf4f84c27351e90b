import type { ReactNode } from "react";
import { Link } from "react-router";

/** A link that covers the row it stands in. */
export function RowLink({ to, children }: { to: string; children: ReactNode }) {
  return (
    <Link
      to={to}
      className="font-medium after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-brand-ink"
    >
      {children}
    </Link>
  );
}
