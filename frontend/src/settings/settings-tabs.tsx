import { useMay } from "@/api/use-may";
import { t } from "@/i18n";
import { PageTabs } from "@/ui/page-tabs";

export function SettingsTabs() {
  const keys = useMay("api_key.manage");
  return (
    <PageTabs
      label={t("settings.label")}
      tabs={[
        { to: "/settings/credentials", label: t("nav.credentials") },
        ...(keys ? [{ to: "/settings/api-keys", label: t("nav.api_keys") }] : []),
        { to: "/settings/members", label: t("nav.members") },
      ]}
    />
  );
}
