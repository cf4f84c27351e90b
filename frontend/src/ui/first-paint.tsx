import { t } from "@/i18n";
import { Logo } from "@/ui/logo";

/** What stands on the screen until the first route is known. */
export function FirstPaint() {
  return (
    <div role="status" aria-label={t("app.loading")} className="grid h-full place-items-center">
      <Logo className="size-9 animate-pulse" />
    </div>
  );
}
