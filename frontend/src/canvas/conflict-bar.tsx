import { useMutation } from "@tanstack/react-query";
import { GitMerge } from "lucide-react";

import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { toastError } from "@/ui/toast-error";

interface ConflictBarProps {
  onReload(): Promise<unknown>;
  onOverwrite(): Promise<unknown>;
}

/** Somebody else saved first: nothing is lost until one of the two versions is chosen. */
export function ConflictBar({ onReload, onOverwrite }: ConflictBarProps) {
  const reload = useMutation({ mutationFn: onReload, onError: toastError });
  const overwrite = useMutation({ mutationFn: onOverwrite, onError: toastError });
  return (
    <div
      role="alert"
      className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-2 border-b border-warning/30 bg-warning-soft px-4 py-2"
    >
      <GitMerge aria-hidden className="size-4 shrink-0 text-warning" />
      <p className="min-w-0 flex-1">
        <span className="font-medium">{t("conflict.title")}</span>{" "}
        <span className="text-ink-2">{t("conflict.detail")}</span>
      </p>
      <Button size="sm" busy={reload.isPending} onClick={() => reload.mutate()}>
        {t("conflict.reload")}
      </Button>
      <Button size="sm" busy={overwrite.isPending} onClick={() => overwrite.mutate()}>
        {t("conflict.overwrite")}
      </Button>
    </div>
  );
}
