import { useMutation, useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";

import { call } from "@/api/client";
import { credentialKindsQuery } from "@/api/operation-queries";
import type { Credential, CredentialKind } from "@/api/operations";
import { ApiError } from "@/api/problem";
import { refresh } from "@/api/queries";
import { t } from "@/i18n";
import { Ask } from "@/ui/ask";
import { Field, Input, Select } from "@/ui/field";

interface CredentialFormProps {
  /** The one whose fields are replaced; left out for a new one. */
  existing?: Credential;
  onClose(): void;
}

/** A form drawn from what the kind says it holds. What is secret goes in and never comes out. */
export function CredentialForm({ existing, onClose }: CredentialFormProps) {
  const nameId = useId();
  const kindId = useId();
  const { data: kinds = [], error } = useQuery(credentialKindsQuery);
  const [chosen, setChosen] = useState(existing?.kind ?? "");
  const kind = kinds.find((candidate) => candidate.kind === chosen) ?? kinds[0];
  const save = useMutation({
    mutationFn: (form: FormData) => store(existing, kind, form),
    onSuccess: () => {
      refresh(["credentials"]);
      onClose();
    },
  });
  return (
    <Ask
      title={existing ? t("credentials.replace_title", { name: existing.name }) : t("credentials.new")}
      description={existing ? t("credentials.replace_detail") : t("credentials.none_detail")}
      action={t("credentials.create")}
      busy={save.isPending}
      disabled={!kind}
      error={save.error ?? error}
      onSubmit={(form) => save.mutate(form)}
      onClose={onClose}
    >
      <Field id={nameId} label={t("credentials.name")} required>
        <Input
          id={nameId}
          name="name"
          required
          maxLength={200}
          autoFocus
          defaultValue={existing?.name}
          placeholder={t("credentials.name_example")}
        />
      </Field>
      {!existing && (
        <Field id={kindId} label={t("credentials.kind")}>
          <Select id={kindId} value={kind?.kind ?? ""} onChange={({ target }) => setChosen(target.value)}>
            {kinds.map((option) => (
              <option key={option.kind} value={option.kind}>
                {option.label}
              </option>
            ))}
          </Select>
        </Field>
      )}
      {kind?.fields.map((field) => (
        <KindField key={`${kind.kind} ${field.name}`} field={field} />
      ))}
    </Ask>
  );
}

function KindField({ field: { name, label, secret, required, choices } }: { field: CredentialKind["fields"][number] }) {
  const id = useId();
  return (
    <Field id={id} label={label} required={required} help={secret ? t("credentials.secret_help") : undefined}>
      {choices.length > 0 ? (
        <Select id={id} name={`field.${name}`} required={required}>
          {!required && <option value="">{t("form.choose")}</option>}
          {choices.map((option) => (
            <option key={option}>{option}</option>
          ))}
        </Select>
      ) : (
        <Input id={id} name={`field.${name}`} type={secret ? "password" : "text"} required={required} autoComplete="off" spellCheck={false} />
      )}
    </Field>
  );
}

async function store(existing: Credential | undefined, kind: CredentialKind | undefined, form: FormData): Promise<void> {
  const name = String(form.get("name")).trim();
  const given = (kind?.fields ?? []).map((field) => [field.name, String(form.get(`field.${field.name}`) ?? "")]);
  const fields = Object.fromEntries(given.filter(([, value]) => value !== "")) as Record<string, string>;
  if (!existing) {
    await call("POST /api/v1/credentials", { body: { name, kind: kind?.kind ?? "", fields } });
    return;
  }
  const path = { id: existing.id };
  const { etag } = await call("GET /api/v1/credentials/{id}", { path });
  if (!etag) throw new ApiError(412, {});
  await call("PATCH /api/v1/credentials/{id}", { path, body: { name, fields }, headers: { "If-Match": etag } });
}
