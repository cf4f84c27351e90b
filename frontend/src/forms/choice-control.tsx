import { useQuery } from "@tanstack/react-query";

import { credentialChoicesQuery, workflowChoicesQuery } from "@/api/operation-queries";
import type { ControlProps } from "@/forms/text-control";
import { t } from "@/i18n";
import { shortId } from "@/model/executions";
import { describedBy, Select } from "@/ui/field";

interface Option {
  value: string;
  label: string;
}

/** One of the things the workspace has; what is chosen but gone stays chosen, and says so. */
function ChoiceControl(props: ControlProps<string> & { options: Option[]; loading: boolean; none: string }) {
  const { id, value, onChange, disabled, help, error, options, loading, none } = props;
  const missing = value !== undefined && !loading && !options.some((option) => option.value === value);
  return (
    <Select
      id={id}
      disabled={disabled}
      value={value ?? ""}
      aria-invalid={error ? true : undefined}
      aria-describedby={describedBy(id, help, error)}
      onChange={({ target }) => onChange(target.value === "" ? undefined : target.value)}
    >
      <option value="">{none}</option>
      {(missing || loading) && value !== undefined && (
        <option value={value}>{loading ? value : t("credentials.unknown", { id: nameOf(value) })}</option>
      )}
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </Select>
  );
}

function nameOf(value: string): string {
  return /^[0-9a-f-]{36}$/.test(value) ? shortId(value) : value;
}

/** `family` is what the kind of node takes, such as `http`; a credential's kind begins with it. */
export function CredentialControl({ family, ...rest }: ControlProps<string> & { family: string }) {
  const { data = [], isPending } = useQuery(credentialChoicesQuery);
  const fitting = data.filter(({ kind }) => kind === family || kind.startsWith(`${family}.`));
  const options = fitting.map(({ id, name }) => ({ value: id, label: name }));
  const none = isPending || options.length > 0 ? t("credentials.choose") : t("credentials.no_choice");
  return <ChoiceControl {...rest} options={options} loading={isPending} none={none} />;
}

export function WorkflowControl(props: ControlProps<string>) {
  const { data = [], isPending } = useQuery(workflowChoicesQuery);
  const options = data.map(({ slug, name, published_version: published }) => ({
    value: slug,
    label: published === null ? t("workflow_choice.unpublished", { name }) : name,
  }));
  return <ChoiceControl {...props} options={options} loading={isPending} none={t("workflow_choice.choose")} />;
}
