import { useMutation, useQuery } from "@tanstack/react-query";
import { Ellipsis, LockKeyhole, Plus } from "lucide-react";
import { useState } from "react";

import { call } from "@/api/client";
import { credentialKindsQuery, listQuery } from "@/api/operation-queries";
import type { Credential } from "@/api/operations";
import { refresh } from "@/api/queries";
import { useMay } from "@/api/use-may";
import { t } from "@/i18n";
import { CredentialForm } from "@/settings/credential-form";
import { SettingsTabs } from "@/settings/settings-tabs";
import { Ask } from "@/ui/ask";
import { Button, IconButton } from "@/ui/button";
import type { Column } from "@/ui/data-table";
import { Empty } from "@/ui/empty";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/ui/menu";
import { Page } from "@/ui/page";
import { PagedTable } from "@/ui/paged-table";
import { RelativeTime } from "@/ui/time";

const COLUMNS: Column<Credential>[] = [
  { key: "name", title: t("credentials.name"), className: "w-full", cell: (credential) => <span className="font-medium">{credential.name}</span> },
  { key: "kind", title: t("credentials.kind"), cell: (credential) => <KindLabel kind={credential.kind} /> },
  { key: "holds", title: t("credentials.holds"), wide: true, cell: (credential) => <code className="font-mono text-xs text-ink-3">{credential.field_names.join(", ")}</code> },
  { key: "used", title: t("credentials.used"), cell: ({ last_used_at: at }) => (at ? <RelativeTime at={at} /> : t("credentials.never")) },
  { key: "updated", title: t("column.updated"), wide: true, cell: (credential) => <RelativeTime at={credential.updated_at} /> },
  { key: "act", title: "", cell: (credential) => <CredentialMenu credential={credential} /> },
];

function KindLabel({ kind }: { kind: string }) {
  const { data: kinds = [] } = useQuery(credentialKindsQuery);
  return <span className="whitespace-nowrap">{kinds.find((known) => known.kind === kind)?.label ?? kind}</span>;
}

export function Component() {
  const may = useMay("credential.edit");
  const [creating, setCreating] = useState(false);
  const create = (
    <Button variant="primary" onClick={() => setCreating(true)}>
      <Plus aria-hidden />
      {t("credentials.new")}
    </Button>
  );
  return (
    <Page title={t("nav.settings")} actions={may && create} filters={<SettingsTabs />}>
      <PagedTable
        label={t("nav.credentials")}
        loading={t("credentials.loading")}
        query={listQuery("GET /api/v1/credentials")}
        columns={COLUMNS}
        rowKey={(credential) => credential.id}
        empty={<Empty icon={LockKeyhole} title={t("credentials.none")} detail={t("credentials.none_detail")} />}
      />
      {creating && <CredentialForm onClose={() => setCreating(false)} />}
    </Page>
  );
}

function CredentialMenu({ credential }: { credential: Credential }) {
  const may = useMay("credential.edit");
  const [asking, setAsking] = useState<"replace" | "delete" | null>(null);
  if (!may) return null;
  const close = () => setAsking(null);
  return (
    <span className="flex justify-end">
      <Menu>
        <MenuTrigger asChild>
          <IconButton size="sm" label={t("credentials.menu", { name: credential.name })}>
            <Ellipsis aria-hidden />
          </IconButton>
        </MenuTrigger>
        <MenuContent align="end">
          <MenuItem onSelect={() => setAsking("replace")}>{t("credentials.replace")}</MenuItem>
          <MenuItem onSelect={() => setAsking("delete")}>{t("credentials.delete")}</MenuItem>
        </MenuContent>
      </Menu>
      {asking === "replace" && <CredentialForm existing={credential} onClose={close} />}
      {asking === "delete" && <DeleteCredential credential={credential} onClose={close} />}
    </span>
  );
}

function DeleteCredential({ credential: { id, name }, onClose }: { credential: Credential; onClose(): void }) {
  const remove = useMutation({
    mutationFn: () => call("DELETE /api/v1/credentials/{id}", { path: { id } }),
    onSuccess: () => {
      refresh(["credentials"]);
      onClose();
    },
  });
  return (
    <Ask
      title={t("credentials.delete_title", { name })}
      description={t("credentials.delete_detail")}
      action={t("credentials.delete")}
      danger
      busy={remove.isPending}
      error={remove.error}
      onSubmit={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
