import type { ReactNode } from "react";

interface PageProps {
  title: string;
  actions?: ReactNode;
  filters?: ReactNode;
  children: ReactNode;
}

/** A list view: heading and actions above, filters below them, then the list on its own scroll. */
export function Page({ title, actions, filters, children }: PageProps) {
  return (
    <main className="flex min-h-0 flex-1 flex-col bg-surface">
      <title>{`${title} · Studio`}</title>
      <header className="flex shrink-0 flex-wrap items-center justify-between gap-3 px-6 pt-5 pb-3">
        <h1 className="text-lg font-semibold tracking-tight">{title}</h1>
        <div className="flex min-h-8 items-center gap-2">{actions}</div>
      </header>
      {filters && <div className="flex shrink-0 flex-wrap items-center gap-2 px-6 pb-4">{filters}</div>}
      <div className="min-h-0 flex-1 overflow-y-auto border-t">{children}</div>
    </main>
  );
}
