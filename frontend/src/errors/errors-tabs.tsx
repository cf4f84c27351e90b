import { t } from "@/i18n";
import { PageTabs } from "@/ui/page-tabs";

export function ErrorsTabs() {
  return (
    <PageTabs
      label={t("nav.errors")}
      tabs={[
        { to: "/errors", label: t("nav.groups") },
        { to: "/errors/dead-letters", label: t("nav.dead_letters") },
      ]}
    />
  );
}
