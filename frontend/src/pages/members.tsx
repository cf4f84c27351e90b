import { Users } from "lucide-react";

import { listQuery } from "@/api/operation-queries";
import type { Member } from "@/api/operations";
import { t } from "@/i18n";
import { SettingsTabs } from "@/settings/settings-tabs";
import { Badge } from "@/ui/badge";
import type { Column } from "@/ui/data-table";
import { Empty } from "@/ui/empty";
import { Page } from "@/ui/page";
import { PagedTable } from "@/ui/paged-table";
import { RelativeTime } from "@/ui/time";

const COLUMNS: Column<Member>[] = [
  { key: "name", title: t("members.name"), className: "w-full", cell: (member) => <span className="font-medium">{member.name || member.email}</span> },
  { key: "email", title: t("members.email"), cell: (member) => member.email },
  { key: "role", title: t("members.role"), cell: (member) => <Badge>{t(`role.${member.role}`)}</Badge> },
  { key: "since", title: t("members.since"), cell: (member) => <RelativeTime at={member.created_at} /> },
];

export function Component() {
  return (
    <Page title={t("nav.settings")} filters={<SettingsTabs />}>
      <PagedTable
        label={t("nav.members")}
        loading={t("members.loading")}
        query={listQuery("GET /api/v1/members")}
        columns={COLUMNS}
        rowKey={(member) => member.id}
        empty={<Empty icon={Users} title={t("members.none")} detail={t("members.none_detail")} />}
      />
    </Page>
  );
}
