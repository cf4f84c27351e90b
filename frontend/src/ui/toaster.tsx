import { CircleCheck, CircleX, Info, X } from "lucide-react";
import { Toast as Radix } from "radix-ui";

import { t } from "@/i18n";
import { type Toast, useToasts } from "@/stores/toasts";
import { IconButton } from "@/ui/button";

const ICONS = { success: CircleCheck, danger: CircleX, info: Info };
const COLOURS = { success: "text-success", danger: "text-danger", info: "text-info" };

export function Toaster() {
  const toasts = useToasts((state) => state.toasts);
  return (
    <Radix.Provider label={t("toast.region")} swipeDirection="right">
      {toasts.map((toast) => (
        <ToastCard key={toast.id} toast={toast} />
      ))}
      <Radix.Viewport className="fixed right-4 bottom-4 z-50 flex w-88 max-w-[calc(100vw-2rem)] flex-col gap-2 outline-none" />
    </Radix.Provider>
  );
}

function ToastCard({ toast }: { toast: Toast }) {
  const dismiss = useToasts((state) => state.dismiss);
  const Icon = ICONS[toast.tone];
  return (
    <Radix.Root
      type={toast.tone === "danger" ? "foreground" : "background"}
      duration={toast.tone === "danger" ? 12_000 : 4000}
      onOpenChange={(open) => !open && dismiss(toast.id)}
      className="flex animate-rise items-start gap-2.5 rounded-lg border border-line-strong bg-raised p-3 shadow-float"
    >
      <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${COLOURS[toast.tone]}`} />
      <div className="min-w-0 flex-1">
        <Radix.Title className="font-medium">{toast.title}</Radix.Title>
        {toast.detail && <Radix.Description className="text-ink-2">{toast.detail}</Radix.Description>}
        {toast.requestId && (
          <p className="mt-0.5 text-xs text-ink-3">
            {t("error.request_id")} <code className="font-mono">{toast.requestId}</code>
          </p>
        )}
      </div>
      <Radix.Close asChild>
        <IconButton label={t("action.dismiss")} size="sm" className="-m-1">
          <X aria-hidden />
        </IconButton>
      </Radix.Close>
    </Radix.Root>
  );
}
