import { useMutation, useQuery } from "@tanstack/react-query";
import { KeyRound, Plus } from "lucide-react";
import { useId, useState } from "react";

import { call } from "@/api/client";
import { listQuery } from "@/api/operation-queries";
import type { ApiKey, NewApiKey } from "@/api/operations";
import { meQuery, refresh } from "@/api/queries";
import type { Role } from "@/api/types";
import { useMay } from "@/api/use-may";
import { t } from "@/i18n";
import { expiryAfter, keyState, type KeyState, rolesUpTo } from "@/model/keys";
import type { Tone } from "@/model/status";
import { SettingsTabs } from "@/settings/settings-tabs";
import { Ask } from "@/ui/ask";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import type { Column } from "@/ui/data-table";
import { Dialog, DialogActions, DialogBody } from "@/ui/dialog";
import { Empty } from "@/ui/empty";
import { Field, Input, Select } from "@/ui/field";
import { Page } from "@/ui/page";
import { PagedTable } from "@/ui/paged-table";
import { RelativeTime } from "@/ui/time";

const TONES: Record<KeyState, Tone> = { active: "success", expired: "muted", revoked: "danger" };

const COLUMNS: Column<ApiKey>[] = [
  { key: "name", title: t("keys.name"), className: "w-full", cell: (key) => <span className="font-medium">{key.name}</span> },
  { key: "role", title: t("keys.role"), cell: (key) => <Badge>{t(`role.${key.role}`)}</Badge> },
  { key: "state", title: t("keys.state"), cell: (key) => <StateBadge state={keyState(key, Date.now())} /> },
  { key: "used", title: t("keys.used"), cell: (key) => (key.last_used_at ? <RelativeTime at={key.last_used_at} /> : t("credentials.never")) },
  { key: "expires", title: t("keys.expires"), wide: true, cell: (key) => (key.expires_at ? <RelativeTime at={key.expires_at} /> : t("keys.expires_never")) },
  { key: "act", title: "", cell: (key) => <Revoke apiKey={key} /> },
];

function StateBadge({ state }: { state: KeyState }) {
  return <Badge tone={TONES[state]}>{t(`keys.${state}`)}</Badge>;
}

export function Component() {
  const may = useMay("api_key.manage");
  const [creating, setCreating] = useState(false);
  const create = (
    <Button variant="primary" onClick={() => setCreating(true)}>
      <Plus aria-hidden />
      {t("keys.new")}
    </Button>
  );
  return (
    <Page title={t("nav.settings")} actions={may && create} filters={<SettingsTabs />}>
      <PagedTable
        label={t("nav.api_keys")}
        loading={t("keys.loading")}
        query={listQuery("GET /api/v1/api-keys")}
        columns={COLUMNS}
        rowKey={(key) => key.id}
        empty={<Empty icon={KeyRound} title={t("keys.none")} detail={t("keys.none_detail")} />}
      />
      {creating && <NewKey onClose={() => setCreating(false)} />}
    </Page>
  );
}

function NewKey({ onClose }: { onClose(): void }) {
  const nameId = useId();
  const roleId = useId();
  const expiresId = useId();
  const { data: me } = useQuery(meQuery);
  const create = useMutation({
    mutationFn: (body: NewApiKey) => call("POST /api/v1/api-keys", { body }),
    onSuccess: () => refresh(["api-keys"]),
  });
  const made = create.data?.data;
  if (made?.key) return <ShownOnce secret={made.key} onClose={onClose} />;
  const submit = (form: FormData) =>
    create.mutate({
      name: String(form.get("name")).trim(),
      role: String(form.get("role")) as Role,
      expires_at: expiryAfter(Number(form.get("expires")), Date.now()),
    });
  return (
    <Ask
      title={t("keys.new")}
      description={t("keys.new_detail")}
      action={t("keys.create")}
      busy={create.isPending}
      error={create.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <Field id={nameId} label={t("keys.name")} required>
        <Input id={nameId} name="name" required maxLength={200} autoFocus placeholder={t("keys.name_example")} />
      </Field>
      <div className="grid grid-cols-2 gap-4">
        <Field id={roleId} label={t("keys.role")}>
          <Select id={roleId} name="role" defaultValue="editor">
            {rolesUpTo(me?.role ?? "viewer").map((role) => (
              <option key={role} value={role}>
                {t(`role.${role}`)}
              </option>
            ))}
          </Select>
        </Field>
        <Field id={expiresId} label={t("keys.expires")}>
          <Select id={expiresId} name="expires" defaultValue="90">
            <option value="30">{t("keys.expires_days", { count: 30 })}</option>
            <option value="90">{t("keys.expires_days", { count: 90 })}</option>
            <option value="365">{t("keys.expires_days", { count: 365 })}</option>
            <option value="0">{t("keys.expires_never")}</option>
          </Select>
        </Field>
      </div>
    </Ask>
  );
}

function ShownOnce({ secret, onClose }: { secret: string; onClose(): void }) {
  return (
    <Dialog open onOpenChange={onClose} title={t("keys.created")} description={t("keys.created_detail")}>
      <DialogBody>
        <p className="flex items-center gap-2 rounded-lg border bg-subtle px-3 py-2">
          <code data-testid="new-key" className="min-w-0 flex-1 font-mono text-xs break-all">
            {secret}
          </code>
          <CopyButton text={secret} label={t("action.copy")} />
        </p>
      </DialogBody>
      <DialogActions>
        <Button variant="primary" onClick={onClose}>
          {t("keys.done")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function Revoke({ apiKey }: { apiKey: ApiKey }) {
  const { id, name } = apiKey;
  const may = useMay("api_key.manage");
  const [asking, setAsking] = useState(false);
  const revoke = useMutation({
    mutationFn: () => call("DELETE /api/v1/api-keys/{id}", { path: { id } }),
    onSuccess: () => {
      refresh(["api-keys"]);
      setAsking(false);
    },
  });
  if (!may || apiKey.revoked_at) return null;
  return (
    <>
      <Button size="sm" variant="danger" onClick={() => setAsking(true)}>
        {t("keys.revoke")}
      </Button>
      {asking && (
        <Ask
          title={t("keys.revoke_title", { name })}
          description={t("keys.revoke_detail")}
          action={t("keys.revoke")}
          danger
          busy={revoke.isPending}
          error={revoke.error}
          onSubmit={() => revoke.mutate()}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
