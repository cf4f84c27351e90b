import { Check, CloudOff, GitMerge, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

import type { SaveState } from "@/canvas/use-draft";
import { t } from "@/i18n";
import { cn } from "@/ui/cn";
import { errorTitle } from "@/ui/error-panel";
import { Spinner } from "@/ui/spinner";

const ICONS: Record<SaveState, ReactNode> = {
  saved: <Check aria-hidden className="size-3.5 text-success" />,
  dirty: <span aria-hidden className="mx-1 size-1.5 rounded-full bg-warning" />,
  saving: <Spinner />,
  conflict: <GitMerge aria-hidden className="size-3.5" />,
  refused: <TriangleAlert aria-hidden className="size-3.5" />,
  offline: <CloudOff aria-hidden className="size-3.5" />,
};

interface SaveMarkProps {
  state: SaveState;
  error: unknown;
  onRetry(): void;
}

/** Whether the server has what is on the canvas; pressing it saves at once. */
export function SaveMark({ state, error, onRetry }: SaveMarkProps) {
  const trouble = state === "refused" || state === "offline" || state === "conflict";
  return (
    <button
      type="button"
      data-testid="save-state"
      data-state={state}
      title={trouble && error ? errorTitle(error) : t("save.hint")}
      onClick={onRetry}
      className={cn(
        "flex h-7 items-center gap-1.5 rounded-md px-2 text-xs whitespace-nowrap text-ink-3 transition-colors hover:bg-subtle",
        trouble && "text-warning",
      )}
    >
      {ICONS[state]}
      <span role="status" className="max-md:sr-only">
        {t(`save.${state}`)}
      </span>
    </button>
  );
}
