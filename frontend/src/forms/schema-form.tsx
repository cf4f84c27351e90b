import { Plus, Trash2 } from "lucide-react";
import { useId, useState } from "react";

import type { Json, JsonObject, ParamsSchema } from "@/api/types";
import { useFormScope } from "@/forms/context";
import { CredentialControl, WorkflowControl } from "@/forms/choice-control";
import { BooleanControl, EnumControl, NumberControl } from "@/forms/controls";
import { InsertMenu } from "@/forms/insert-menu";
import { JsonField } from "@/forms/json-field";
import { KeyValueControl } from "@/forms/key-value-control";
import { LazyCodeEditor } from "@/forms/lazy-code-editor";
import { insertInto, TextControl } from "@/forms/text-control";
import { ValueControl } from "@/forms/value-control";
import { t } from "@/i18n";
import { problemsAt } from "@/model/problems";
import { type Control as ControlName, fieldOf, type FieldSpec, fieldsOf, hasExpression, withKey } from "@/model/schema";
import { Button, IconButton } from "@/ui/button";
import { cn } from "@/ui/cn";
import { Field } from "@/ui/field";

interface SchemaFormProps {
  schema: ParamsSchema;
  root: ParamsSchema;
  value: JsonObject;
  /** Where the object stands in the node, such as `/params`. */
  pointer: string;
  onChange(value: JsonObject, field: string): void;
}

/** A form for an object schema; the same for every node kind there is or will be. */
export function SchemaForm({ schema, root, value, pointer, onChange }: SchemaFormProps) {
  const { problems, disabled } = useFormScope();
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const fields = fieldsOf(schema, root);
  const shown = (field: FieldSpec) =>
    !folds(field, fields) ||
    opened.has(field.name) ||
    value[field.name] !== undefined ||
    problemsAt(problems, `${pointer}/${field.name}`).length > 0;
  const folded = fields.filter((field) => !shown(field));
  return (
    <div className="flex flex-col gap-4.5">
      {fields.filter(shown).map((field) => (
        <SchemaField
          key={field.name}
          field={field}
          root={root}
          pointer={`${pointer}/${field.name}`}
          value={value[field.name]}
          onChange={(next) => onChange(withKey(value, field.name, next), `${pointer}/${field.name}`)}
        />
      ))}
      {folded.length > 0 && !disabled && (
        <FoldedFields fields={folded} onOpen={(name) => setOpened(new Set([...opened, name]))} />
      )}
    </div>
  );
}

const FOLD_FROM = 5;
const BULKY: ReadonlySet<ControlName> = new Set(["array", "code", "credential", "json", "keyvalue", "object", "textarea"]);

/** In a long form, optional fields that take much room wait until they are asked for. */
function folds(field: FieldSpec, fields: FieldSpec[]): boolean {
  const optional = fields.filter(({ required }) => !required).length;
  return !field.required && optional >= FOLD_FROM && BULKY.has(field.control);
}

function FoldedFields({ fields, onOpen }: { fields: FieldSpec[]; onOpen(name: string): void }) {
  return (
    <div className="flex flex-wrap gap-1.5 border-t pt-3.5">
      {fields.map(({ name, label }) => (
        <button
          key={name}
          type="button"
          onClick={() => onOpen(name)}
          className="flex h-6 items-center gap-1 rounded-full border border-dashed border-line-strong px-2 text-xs text-ink-2 transition-colors hover:border-control hover:bg-subtle hover:text-ink"
        >
          <Plus aria-hidden className="size-3" />
          {label}
        </button>
      ))}
    </div>
  );
}

interface SchemaFieldProps {
  field: FieldSpec;
  root: ParamsSchema;
  pointer: string;
  value: Json | undefined;
  onChange(value: Json | undefined): void;
}

/** Controls whose own text may be an expression; the others switch between a fixed value and one. */
const TEXT_CONTROLS = new Set(["text", "textarea", "code", "json", "expression"]);
const INSERTABLE = new Set(["text", "textarea", "expression"]);

function SchemaField({ field, root, pointer, value, onChange }: SchemaFieldProps) {
  const id = useId();
  const { problems } = useFormScope();
  const [asked, setAsked] = useState(false);
  const switchable = field.template && !TEXT_CONTROLS.has(field.control);
  const expression = switchable && (asked || hasExpression(value));
  const error = problemsAt(problems, pointer)[0]?.detail;
  const insertable = field.template && (expression || INSERTABLE.has(field.control));
  const text = typeof value === "string" ? value : undefined;
  const aside = (
    <span className="flex items-center gap-0.5">
      {insertable && <InsertMenu label={field.label} onInsert={(added) => onChange(insertInto(id, text, added))} />}
      {switchable && (
        <ModeToggle
          label={field.label}
          on={expression}
          onToggle={() => {
            setAsked(!expression);
            onChange(undefined);
          }}
        />
      )}
    </span>
  );
  return (
    <Field id={id} label={field.label} help={field.help} error={error} required={field.required} aside={aside}>
      <Control id={id} {...{ field, root, pointer, value, onChange, expression, error }} />
    </Field>
  );
}

function ModeToggle({ label, on, onToggle }: { label: string; on: boolean; onToggle(): void }) {
  return (
    <button
      type="button"
      aria-pressed={on}
      aria-label={t("form.expression_for", { field: label })}
      title={t("form.expression")}
      onClick={onToggle}
      className={cn(
        "h-5 rounded px-1.5 font-mono text-2xs font-medium text-ink-3 hover:bg-subtle hover:text-ink",
        on && "bg-brand-soft text-brand-ink",
      )}
    >
      fx
    </button>
  );
}

interface InnerProps extends SchemaFieldProps {
  id: string;
  expression: boolean;
  error: string | undefined;
}

function Control({ id, field, root, pointer, value, onChange, expression, error }: InnerProps) {
  const { disabled } = useFormScope();
  const shared = { id, onChange, disabled, help: field.help, error };
  const text = typeof value === "string" ? value : undefined;
  if (expression) return <TextControl {...shared} value={text} placeholder="{{ input }}" />;
  if (field.widget === "value") return <ValueControl {...shared} value={value} />;
  switch (field.control) {
    case "number":
      return (
        <NumberControl
          {...shared}
          field={field}
          value={typeof value === "number" ? value : undefined}
          placeholder={placeholderOf(field)}
        />
      );
    case "boolean":
      return <BooleanControl {...shared} field={field} value={typeof value === "boolean" ? value : undefined} />;
    case "enum":
      return <EnumControl {...shared} field={field} value={value} />;
    case "keyvalue":
      return <KeyValueControl {...shared} value={asObject(value)} textOnly={isTextOnly(field.schema)} />;
    case "expression":
      return <TextControl {...shared} mono value={expressionText(value)} placeholder={expressionPlaceholder(field)} />;
    case "object":
      return <ObjectControl {...{ field, root, pointer, value, onChange }} />;
    case "array":
      return <ListControl {...{ field, root, pointer, value, onChange }} />;
    case "code":
      return <CodeControl {...shared} field={field} value={text} />;
    case "credential":
      return <CredentialControl {...shared} family={field.detail} value={text} />;
    case "workflow":
      return <WorkflowControl {...shared} value={text} />;
    case "json":
      return (
        <JsonField value={value} onChange={onChange} label={field.label} disabled={disabled} template={field.template} />
      );
    default:
      return (
        <TextControl
          {...shared}
          value={text}
          multiline={field.control === "textarea"}
          placeholder={placeholderOf(field)}
        />
      );
  }
}

function placeholderOf(field: FieldSpec): string | undefined {
  const { fallback } = field;
  const example = field.schema.examples?.[0];
  if (fallback !== undefined && fallback !== null && fallback !== "") return String(fallback);
  return example === undefined || example === null ? undefined : String(example);
}

function isTextOnly({ additionalProperties: values }: ParamsSchema): boolean {
  return typeof values === "object" && values.type === "string";
}

function expressionText(value: Json | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A template holds its expression in braces; a param that is an expression by nature needs none. */
function expressionPlaceholder(field: FieldSpec): string {
  return field.template ? "{{ input.total > 100 }}" : "item.total > 100";
}

function asObject(value: Json | undefined): JsonObject | undefined {
  return value && typeof value === "object" && !Array.isArray(value) ? value : undefined;
}

interface CodeControlProps {
  field: FieldSpec;
  value: string | undefined;
  onChange(value: string | undefined): void;
  disabled: boolean;
  error: string | undefined;
}

function CodeControl({ field, value, onChange, disabled, error }: CodeControlProps) {
  return (
    <LazyCodeEditor
      tall
      label={field.label}
      language={field.language}
      value={value ?? ""}
      onChange={(text) => onChange(text === "" ? undefined : text)}
      disabled={disabled}
      invalid={error !== undefined}
    />
  );
}

function ObjectControl({ field, root, pointer, value, onChange }: SchemaFieldProps) {
  return (
    <div role="group" aria-label={field.label} className="rounded-md border bg-subtle/40 p-3">
      <SchemaForm
        schema={field.schema}
        root={root}
        value={asObject(value) ?? {}}
        pointer={pointer}
        onChange={(next) => onChange(Object.keys(next).length > 0 ? next : undefined)}
      />
    </div>
  );
}

function ListControl({ field, root, pointer, value, onChange }: SchemaFieldProps) {
  const { disabled } = useFormScope();
  const items = Array.isArray(value) ? value : [];
  const itemSchema = typeof field.schema.items === "object" ? field.schema.items : {};
  const inherited = inheritedSchema(itemSchema, field.template);
  const change = (next: Json[]) => onChange(next.length > 0 || field.required ? next : undefined);
  return (
    <div role="group" aria-label={field.label} className="flex flex-col gap-2">
      {items.map((item, index) => (
        <div key={index} className="flex items-start gap-1.5 rounded-md border bg-subtle/40 p-2">
          <div className="min-w-0 flex-1">
            <SchemaField
              field={{ ...fieldOf("item", inherited, false, root), label: t("form.item", { number: index + 1 }) }}
              root={root}
              pointer={`${pointer}/${index}`}
              value={item}
              onChange={(next) => change(items.with(index, next ?? null))}
            />
          </div>
          <IconButton size="sm" label={t("form.remove_item", { number: index + 1 })} disabled={disabled} onClick={() => change(items.toSpliced(index, 1))}>
            <Trash2 aria-hidden />
          </IconButton>
        </div>
      ))}
      <Button size="sm" variant="ghost" className="self-start" disabled={disabled} onClick={() => change([...items, firstItem(itemSchema)])}>
        <Plus aria-hidden />
        {t("form.add_item")}
      </Button>
    </div>
  );
}

/** What an item's field is drawn from: a template as its list is one, any small value when untyped. */
function inheritedSchema(items: ParamsSchema, template: boolean): ParamsSchema {
  const untyped: ParamsSchema = Object.keys(items).length === 0 ? { "x-widget": "value" } : {};
  return { ...(template ? { "x-template": true } : {}), ...untyped, ...items };
}

function firstItem(schema: ParamsSchema): Json {
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0] ?? null;
  if (schema.type === "string") return "";
  return schema.type === "object" || schema.properties ? {} : null;
}
