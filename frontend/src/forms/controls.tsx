import type { Json } from "@/api/types";
import type { ControlProps } from "@/forms/text-control";
import { t } from "@/i18n";
import type { FieldSpec } from "@/model/schema";
import { describedBy, Input, Select } from "@/ui/field";
import { Switch } from "@/ui/switch";

type Typed<Value> = ControlProps<Value> & { field: FieldSpec };

export function NumberControl({ field, id, value, onChange, help, error, ...rest }: Typed<number>) {
  const { minimum, maximum, type } = field.schema;
  return (
    <Input
      id={id}
      type="number"
      step={type === "integer" ? 1 : "any"}
      min={minimum}
      max={maximum}
      value={value ?? ""}
      aria-invalid={error ? true : undefined}
      aria-describedby={describedBy(id, help, error)}
      onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.valueAsNumber)}
      {...rest}
    />
  );
}

export function BooleanControl({ field, id, value, onChange, disabled }: Typed<boolean>) {
  const on = value ?? field.fallback === true;
  return (
    <div className="flex items-center gap-2">
      <Switch id={id} checked={on} disabled={disabled} onCheckedChange={onChange} />
      <span className="text-ink-2">{on ? t("form.on") : t("form.off")}</span>
    </div>
  );
}

/** Options may be of any type; the list carries their place, not their text. */
export function EnumControl({ field, id, value, onChange, help, error, disabled }: Typed<Json>) {
  const chosen = field.options.findIndex((option) => option === (value ?? field.fallback));
  const optional = !field.required || chosen === -1;
  return (
    <Select
      id={id}
      disabled={disabled}
      value={value === undefined && optional ? "" : String(chosen)}
      aria-invalid={error ? true : undefined}
      aria-describedby={describedBy(id, help, error)}
      onChange={(event) => onChange(event.target.value === "" ? undefined : field.options[Number(event.target.value)])}
    >
      {optional && <option value="">{emptyOption(field)}</option>}
      {field.options.map((option, index) => (
        <option key={String(option)} value={index}>
          {String(option)}
        </option>
      ))}
    </Select>
  );
}

function emptyOption(field: FieldSpec): string {
  const { fallback } = field;
  return fallback === undefined || fallback === null
    ? t("form.choose")
    : t("form.default", { value: String(fallback) });
}
