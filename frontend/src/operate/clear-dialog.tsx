import { useMutation, useQuery } from "@tanstack/react-query";

import { call } from "@/api/client";
import type { CacheScope } from "@/api/operations";
import { refresh } from "@/api/queries";
import { t } from "@/i18n";
import { scopeText } from "@/model/operate";
import { formatBytes } from "@/model/time";
import { useToasts } from "@/stores/toasts";
import { Ask } from "@/ui/ask";
import { Spinner } from "@/ui/spinner";

/** How much would be forgotten, before it is. */
export function ClearDialog({ scope, onClose }: { scope: CacheScope; onClose(): void }) {
  const ahead = useQuery({
    queryKey: ["cache/ahead", scope],
    queryFn: async ({ signal }) =>
      (await call("POST /api/v1/cache/invalidate", { body: { ...scope, dry_run: true }, signal })).data,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const clear = useMutation({
    mutationFn: async () => (await call("POST /api/v1/cache/invalidate", { body: scope })).data,
    onSuccess: ({ entries }) => {
      useToasts.getState().show({ tone: "success", title: t("cache.cleared", { count: entries }) });
      refresh(["cache/stats"], ["cache/entries"]);
      onClose();
    },
  });
  return (
    <Ask
      title={t("cache.clear_title", { what: scopeText(scope) ?? t("cache.clear_everything") })}
      description={t("cache.clear_detail")}
      action={t("cache.clear_do")}
      danger
      busy={clear.isPending}
      disabled={!ahead.data}
      error={clear.error ?? ahead.error}
      onSubmit={() => clear.mutate()}
      onClose={onClose}
    >
      <p aria-live="polite" data-testid="clear-count" className="flex min-h-5 items-center gap-2 font-medium">
        {ahead.isPending && <Spinner />}
        {ahead.data && t("cache.clear_count", { count: ahead.data.entries, size: formatBytes(ahead.data.bytes) })}
      </p>
    </Ask>
  );
}
